"""The steps on every backend, on several devices, in every precision; what they are made of."""

import ast
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras
from colorlab.training import config, seed, spectral, steps, tensorboard
from colorlab.training.steps_tensorflow import TensorFlowTrainer

needs_jax = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="jax is not installed: pip install jax"
)


PRECISIONS = ("float32", "bfloat16", "float16")


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    """Runs probe_steps.py, each way once, always from the same weights."""
    weights = tmp_path_factory.mktemp("probe") / "weights.npz"
    told = {}

    def run(backend="tensorflow", devices=1):
        key = (backend, devices)
        if key not in told:
            program = [sys.executable, Path(__file__).with_name("probe_steps.py"), weights]
            finished = subprocess.run(
                [*program, str(devices), *(PRECISIONS if devices == 1 else PRECISIONS[:1])],
                env=os.environ | {"KERAS_BACKEND": backend},
                capture_output=True,
                text=True,
                timeout=900,
                check=False,
            )
            assert finished.returncode == 0, finished.stderr[-3000:]
            assert "retracing" not in finished.stderr  # TensorFlow's warning, at five compilations
            told[key] = json.loads(finished.stdout.splitlines()[-1])
        return told[key]

    return run


def assert_same(found, expected, tolerance):
    for row, other in zip(found["rows"], expected["rows"], strict=True):
        assert set(row) == set(other)
        for name, value in row.items():
            assert value == pytest.approx(other[name], rel=tolerance, abs=tolerance), name
    assert set(found["groups"]) == set(expected["groups"])
    for name, group in found["groups"].items():
        np.testing.assert_allclose(
            group, expected["groups"][name], rtol=20 * tolerance, atol=tolerance, err_msg=name
        )


def test_steps_report_and_move_what_they_should(probe):
    told = probe()["float32"]
    generator = {"loss", "cross_entropy", "ab_error"}
    discriminator = {"discriminator_loss", "discriminator_accuracy"}
    joint = generator | discriminator | {"adversarial", "feature_matching"}
    assert [set(row) for row in told["rows"]] == [
        generator, generator, generator, discriminator, joint, joint, joint,
    ]  # fmt: skip
    counts = [told["groups"][f"optimizer{i}"][0] for i in range(3)]
    assert counts == [6, 5, 4]  # steps of the head, the encoder and the discriminator


@needs_jax
def test_jax_takes_the_steps_that_tensorflow_takes(probe):
    assert_same(probe("jax")["float32"], probe()["float32"], 1e-4)


def test_two_mirrored_devices_take_the_steps_of_one(probe):
    assert_same(probe(devices=2)["float32"], probe()["float32"], 1e-4)


@needs_jax
def test_two_jax_devices_take_the_steps_of_one(probe):
    assert_same(probe("jax", devices=2)["float32"], probe("jax")["float32"], 1e-4)


@pytest.mark.parametrize("backend", ["tensorflow", pytest.param("jax", marks=needs_jax)])
@pytest.mark.parametrize(("precision", "tolerance"), [("bfloat16", 0.03), ("float16", 0.01)])
def test_lower_precision_comes_close(probe, backend, precision, tolerance):
    found, expected = probe(backend)[precision], probe(backend)["float32"]
    for row, other in zip(found["rows"], expected["rows"], strict=True):
        for name in row.keys() & {"loss", "cross_entropy", "ab_error", "discriminator_loss"}:
            assert row[name] == pytest.approx(other[name], rel=tolerance), name
    # Ten updates (a joint step makes two) without an overflow.
    assert found["groups"].get("scaling") == ([2.0**14, 10.0] if precision == "float16" else None)


def test_loss_scaling_skips_overflows_and_grows_again():
    gradients = [np.array([2.0, np.inf], np.float32), np.array([4.0], np.float32)]
    zeros, finite = steps.LossScaling.unscale(gradients, 4.0)
    assert not bool(finite)
    assert all(not np.asarray(g).any() for g in zeros)
    scaled, finite = steps.LossScaling.unscale([np.array([2.0, 8.0], np.float32)], 4.0)
    assert bool(finite)
    np.testing.assert_array_equal(scaled[0], [0.5, 2.0])
    following = steps.LossScaling.following
    assert [float(x) for x in following(1024.0, 5.0, False)] == [512.0, 0.0]
    assert [float(x) for x in following(1024.0, 5.0, True)] == [1024.0, 6.0]
    assert [float(x) for x in following(1024.0, 999.0, True)] == [2048.0, 0.0]


def test_spectral_normalisation_divides_by_the_largest_singular_value():
    layer = spectral.SpectralConv2D(5, 3, padding="same")
    plain = keras.layers.Conv2D(5, 3, padding="same")
    x = np.random.default_rng(1).normal(0, 1, (2, 8, 8, 4)).astype(np.float32)
    layer(x)
    plain(x)
    for _ in range(60):  # the power iteration converges
        layer(x, training=True)
    kernel = layer.kernel.numpy()
    largest = np.linalg.svd(kernel.reshape(-1, 5), compute_uv=False)[0]
    plain.set_weights([kernel / largest, layer.bias.numpy()])
    np.testing.assert_allclose(layer(x, training=False), plain(x), atol=1e-4)
    np.testing.assert_array_equal(layer.kernel.numpy(), kernel)
    assert layer.count_params() == plain.count_params() + 5


def trainer_of(optim):
    keras.utils.set_random_seed(1)
    settings = config.from_dict(
        {"data": {"crop": 32}, "model": {"architecture": "seed-32"}, "optim": optim}
    )
    generator, critic = seed.build_generator("seed-32"), seed.build_discriminator("seed-32")
    return TensorFlowTrainer(steps.networks_of(generator, critic), settings, np.ones(1))


def test_retraining_of_the_discriminator_is_bounded():
    """It never judges 100 % rightly here, however often it is asked to."""
    trainer = trainer_of({"retrain_below": 1.0, "retrain_until": 1.0, "retrain_steps": 3})
    lightness = np.zeros((4, 32, 32, 1), np.float32)
    ab = np.asarray(trainer.networks.generator(lightness, training=False))
    values = trainer.step("joint", 0, lightness, ab)  # true pictures that the generator made
    assert values["retrained"] == 3
    assert int(trainer.patch_optimizer.iterations.numpy()) == 4
    assert int(trainer.head_optimizer.iterations.numpy()) == 1
    assert "retrained" not in trainer.step("discriminator", 1, lightness, ab)


def test_noise_is_of_its_step_alone():
    trainer = trainer_of({"noise_every": 2})
    ab = np.zeros((3, 32, 32, 2), np.float32)
    first = trainer.noise(7, ab)
    assert first.shape == (3, 32, 32, 2)
    assert first.min() < -0.95
    assert first.max() > 0.95
    np.testing.assert_array_equal(trainer.noise(7, ab), first)
    assert not np.array_equal(trainer.noise(8, ab), first)


class Average(steps.Trainer):
    """Only the average of one weight, which is the number of steps so far."""

    def __init__(self, ema):
        self.config = config.Config(optim=config.OptimConfig(ema=ema))
        self.weight = self.average = 0.0

    def _run(self, *_):
        raise NotImplementedError

    def _blend(self, keep):
        self.average += (1 - keep) * (self.weight - self.average)


def test_the_average_of_every_fourth_step_stays_with_that_of_all():
    trainer, each = Average(0.98), 0.0
    for number in range(3000):
        trainer.weight = number + 1.0
        before = trainer.average
        trainer.update_ema(number)
        keep = min(0.98, (1 + number) / (10 + number))
        each += (1 - keep) * (trainer.weight - each)
        assert (trainer.average != before) == (number < 1000 or number % 4 == 3)
        if number < 1000:
            assert trainer.average == pytest.approx(each)
    # Of a weight that rises by 1 a step, the average of all steps lags by 49.
    assert trainer.weight - each == pytest.approx(49, abs=0.1)
    assert trainer.average == pytest.approx(each, abs=2)


def test_without_averaging_the_average_is_the_weight():
    trainer = Average(0.0)
    for number in range(1010):
        trainer.weight = number + 1.0
        trainer.update_ema(number)
        assert trainer.average == trainer.weight


def test_a_generator_s_dropout_goes_on_where_it_was():
    """The state of its random numbers is in the checkpoint, for an exact resume."""
    lightness = keras.Input((32, 32, 1))
    dropped = keras.layers.Dropout(0.5)(keras.layers.Conv2D(4, 3, padding="same")(lightness))
    generator = keras.Model(lightness, keras.layers.Conv2D(2, 3, padding="same")(dropped))
    settings = config.from_dict({"data": {"crop": 32}, "model": {"architecture": "seed-32"}})
    critic = seed.build_discriminator("seed-32")
    trainer = TensorFlowTrainer(steps.networks_of(generator, critic), settings, np.ones(1))

    def states():
        return [v.numpy().copy() for v in trainer.variables()["dropout"]]

    before = states()
    trainer.step(
        "pixel", 0, np.zeros((2, 32, 32, 1), "float32"), np.zeros((2, 32, 32, 2), "float32")
    )
    assert len(before) == 1
    assert not np.array_equal(before[0], states()[0])


def test_only_its_own_steps_need_tensorflow(tmp_path, monkeypatch):
    for path in Path(steps.__file__).parent.glob("*.py"):
        imported = {
            name.split(".")[0]
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert ("tensorflow" in imported) == (path.name == "steps_tensorflow.py"), path.name
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # an import fails then
    board = tensorboard.Board(tmp_path)
    board.scalars("train", 1, {"loss": 1.0})
    board.image("samples", 1, np.zeros((2, 2, 3), np.uint8))
    assert not list(tmp_path.iterdir())


WITHOUT_TENSORFLOW = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("tensorflow", "tensorboard"):
            raise ModuleNotFoundError(f"no {name} here", name=name)
sys.meta_path.insert(0, Blocked())
from pathlib import Path
from colorlab.training import config, export, loop
run = Path(sys.argv[1])
loop.train([], run, config.with_steps(config.load("seed-shapes"), 2))
export.export(run, run / "x.onnx", export.Options())
assert "tensorflow" not in sys.modules
"""


@needs_jax
def test_jax_trains_and_exports_where_there_is_no_tensorflow(tmp_path):
    finished = subprocess.run(
        [sys.executable, "-c", WITHOUT_TENSORFLOW, str(tmp_path / "run")],
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    assert {"report.html", "x.onnx"} <= {path.name for path in (tmp_path / "run").iterdir()}
