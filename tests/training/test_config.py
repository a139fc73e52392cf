"""Configurations: presets, files, and what is said about wrong ones."""

import dataclasses
import json

import pytest
from colorlab.errors import TrainingError
from colorlab.training import config


@pytest.mark.parametrize("name", config.presets())
def test_presets_are_valid_and_survive_json(name):
    preset = config.load(name)
    assert preset.total_steps >= 1
    assert config.from_dict(json.loads(json.dumps(preset.as_dict()))) == preset


def test_the_presets_that_the_guide_names_are_there():
    assert {"tiny-cpu", "seed-256", "seed-32"} <= set(config.presets())


def test_a_file_overrides_defaults(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("seed = 7\n[data]\ncrop = 64\n[optim]\nlearning_rate = 1\n")
    loaded = config.load(path)
    assert (loaded.seed, loaded.data.crop, loaded.optim.learning_rate) == (7, 64, 1.0)
    assert loaded.data.batch == config.Config().data.batch


@pytest.mark.parametrize(
    ("values", "reason", "hint"),
    [
        ({"sed": 1}, 'unknown key "sed"', 'Did you mean "seed"?'),
        ({"data": {"crops": 64}}, 'unknown key "data.crops"', 'Did you mean "data.crop"?'),
        ({"zzz": 1}, 'unknown key "zzz"', "Known: "),
        ({"data": {"batch": "8"}}, "data.batch must be a whole number, not '8'", None),
        ({"data": {"flip": 1}}, "data.flip must be true or false, not 1", None),
        ({"seed": 1.5}, "seed must be a whole number, not 1.5", None),
        ({"data": 3}, "[data] must be a table", None),
        ({"data": {"crop": 100}}, "data.crop: a multiple of 32", None),
        ({"data": {"crop": 8192}}, "data.crop: a multiple of 32, at most 4096", None),
        ({"model": {"architecture": "unet"}}, '"unet" is not one of unet-lite0', None),
        ({"model": {"architecture": "seed-256"}}, "seed-256 takes crops of 256", None),
        ({"augment": {"grain": 0.7}}, "augment.grain: 0 to 0.5", None),
        ({"augment": {"jpg": 1.0}}, 'unknown key "augment.jpg"', 'Did you mean "augment.jpeg"?'),
        ({"optim": {"rebalance": 1.5}}, "optim.rebalance: 0 to 1", None),
        ({"model": {"decoder": [64, 32]}}, "model.decoder: 3 widths", None),
        ({"stages": {"pixel_steps": 0}}, "stages: at least one step", None),
        ({"checkpoint_every": 0}, "checkpoint_every: at least 1", None),
        ({"seed": -1}, "seed: 0 to 4294967295", None),
        ({"model": {"decoder": ["160", 96, 64]}}, "must be a list of whole numbers", None),
        ({"model": {"decoder": [160.5, 96.0, 64.0]}}, "must be a list of whole numbers", None),
        ({"optim": {"discriminator_betas": ["x", 0.9]}}, "must be a list of numbers", None),
        ({"data": {"source_weights": {"a": "much"}}}, "must be a table of numbers", None),
        ({"optim": {"learning_rate": float("inf")}}, "learning_rate must be a number", None),
        ({"optim": {"joint_learning_rate": 0}}, "optim.joint_learning_rate: above 0", None),
        ({"optim": {"discriminator_learning_rate": -1}}, "above 0", None),
        ({"optim": {"weight_decay": -0.1}}, "optim.weight_decay: not negative", None),
        ({"optim": {"encoder_rate": -0.1}}, "optim.encoder_rate: not negative", None),
        ({"optim": {"warmup_steps": -1}}, "optim.warmup_steps: not negative", None),
        ({"optim": {"huber_weight": -1}}, "optim.huber_weight: not negative", None),
        ({"optim": {"adversarial_weight": -1}}, "optim.adversarial_weight: not negative", None),
        ({"optim": {"feature_weight": -1}}, "optim.feature_weight: not negative", None),
        ({"optim": {"fit_bins_from": -1}}, "optim.fit_bins_from: not negative", None),
        (
            {"model": {"architecture": "unet-nano", "frozen_blocks": 2}},
            "model.frozen_blocks: of the architectures unet-lite0",
            None,
        ),
    ],
)
def test_wrong_values_are_named(values, reason, hint):
    with pytest.raises(TrainingError) as caught:
        config.from_dict(values, "mine.toml")
    assert caught.value.path == "mine.toml"
    assert reason in caught.value.reason
    assert hint is None or hint in caught.value.hint


def test_missing_files_presets_and_broken_toml(tmp_path):
    with pytest.raises(TrainingError, match=r"no preset \"deflaut\".*tiny-cpu"):
        config.load("deflaut")
    with pytest.raises(TrainingError, match=r"none\.toml"):
        config.load(tmp_path / "none.toml")
    (tmp_path / "broken.toml").write_text("seed = ")
    with pytest.raises(TrainingError, match=r"broken\.toml"):
        config.load(tmp_path / "broken.toml")


def test_fewer_steps_keep_the_stages_shares():
    long = config.from_dict(
        {"stages": {"pixel_steps": 800, "discriminator_steps": 100, "joint_steps": 100}}
    )
    short = config.with_steps(long, 50)
    assert short.total_steps == 50
    assert (short.stages.discriminator_steps, short.stages.joint_steps) == (5, 5)
    with pytest.raises(TrainingError, match="at least one step"):
        config.with_steps(long, 0)


@pytest.mark.parametrize(
    "stages",
    [(300, 20, 30), (0, 500, 500), (0, 0, 30_000), (3, 3, 3), (100, 1, 1), (1, 1, 1000)],
)
def test_any_number_of_steps_is_a_valid_run(stages):
    long = config.Config(stages=config.StageConfig(*stages))
    total = sum(stages)
    for steps in range(1, 60):
        short = config.with_steps(long, steps)
        config.check(short)
        assert short.total_steps == steps
        scaled = dataclasses.astuple(short.stages)
        for length, scaled_length in zip(stages, scaled, strict=True):
            assert abs(scaled_length - length * steps / total) <= 1
            assert length or not scaled_length


def test_a_configuration_made_in_python_is_checked_before_training(tmp_path):
    pytest.importorskip("tensorflow")
    from colorlab.training import loop

    with pytest.raises(TrainingError, match="seed: 0 to"):
        loop.train([tmp_path], tmp_path / "run", config.Config(seed=-1))
