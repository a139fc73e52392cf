"""Training itself: it learns, stops, resumes exactly, and says what is wrong."""

import dataclasses
import json
import shutil
import signal
import threading

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("matplotlib")

import tensorflow as tf
from colorlab import image_io
from colorlab.errors import OperationCancelled, TrainingError
from colorlab.model import verification
from colorlab.session import GeneratorSession
from colorlab.training import checkpoint, config, encoder, export, files, loop, report

from .conftest import write_photos

TINY = config.from_dict(
    {
        "seed": 4,
        "checkpoint_every": 2,
        "sample_every": 4,
        "validate_every": 4,
        "validation_photos": 3,
        "data": {"crop": 32, "batch": 4},
        "augment": {"response": 1.0, "grain": 0.05, "jpeg": 0.5},
        "model": {"decoder": [16, 16, 8]},
        "stages": {"pixel_steps": 4},
        "optim": {"fit_bins_from": 8, "warmup_steps": 1, "freeze_encoder": 0.0, "ema": 0.5},
    }
)

# Where the network does not matter: a fifth of the time.
NANO = dataclasses.replace(TINY, model=dataclasses.replace(TINY.model, architecture="unet-nano"))


@pytest.fixture(scope="module", autouse=True)
def nothing_pretrained():
    """What is pre-trained is frozen like it, but random: its package need not be there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder, "load_pretrained", lambda *_: None)
        yield


@pytest.fixture(scope="module")
def straight(photos, tmp_path_factory):
    """A run of four steps without a stop."""
    tf.config.experimental.enable_op_determinism()
    run = tmp_path_factory.mktemp("straight") / "run"
    told = []
    loop.train([photos], run, TINY, validate=photos, narrate=lambda *row: told.append(row))
    return run, told


def test_a_run_leaves_what_it_promises(straight):
    run, told = straight
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == 4
    assert rows[-1]["loss"] > rows[-1]["cross_entropy"] > 0
    assert [row[0] for row in told] == [4, 4]
    assert told[1][2]["validation"]["psnr"] > 5
    assert image_io.read(run / "samples" / "000004.png").shape == (192, 576, 3)
    page = (run / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 2
    assert "ΔE00" in page
    assert 'src="http' not in page
    assert checkpoint.load_run(run, best=True).step == 4
    assert checkpoint.read_config(run) == TINY


def test_tensorboard_shows_figures_and_samples(straight):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(straight[0] / "tensorboard"), size_guidance={"tensors": 0})
    events.Reload()
    tags = set(events.Tags()["tensors"])
    assert {"train/loss", "train/ab_error", "validation/delta_e00"} <= tags
    assert "grey, truth, colorized" in tags
    (point,) = events.Tensors("train/loss")
    assert point.step == 4
    rows = [json.loads(line) for line in (straight[0] / "metrics.jsonl").read_text().splitlines()]
    assert tf.make_ndarray(point.tensor_proto) == pytest.approx(rows[-1]["loss"], rel=1e-6)


def test_a_killed_run_resumes_exactly(straight, photos, tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    whole_save = checkpoint.save

    def save_then_die(run, groups, state, **options):
        whole_save(run, groups, state, **options)
        raise Killed

    monkeypatch.setattr(checkpoint, "save", save_then_die)
    with pytest.raises(Killed):
        loop.train([photos], tmp_path / "run", TINY)
    monkeypatch.undo()
    assert checkpoint.load(tmp_path / "run")[1]["step"] == 2
    loop.train([photos], tmp_path / "run", TINY)
    expected, state = checkpoint.load(straight[0])
    found, again = checkpoint.load(tmp_path / "run")
    assert again["step"] == state["step"] == 4
    assert set(found) == set(expected)
    for group, arrays in expected.items():
        for number, array in enumerate(arrays):
            np.testing.assert_array_equal(found[group][number], array, err_msg=f"{group} {number}")


def test_killed_after_its_last_checkpoint_a_run_still_gets_its_report(
    photos, tmp_path, monkeypatch
):
    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    settings = dataclasses.replace(NANO, stages=config.StageConfig(pixel_steps=1))
    monkeypatch.setattr(report, "write_triptychs", die)
    with pytest.raises(Killed):
        loop.train([photos], tmp_path / "run", settings)
    monkeypatch.undo()
    loop.train([photos], tmp_path / "run", settings, validate=photos)
    assert report.sheet_path(tmp_path / "run", 1).exists()
    assert "ΔE00" in (tmp_path / "run/report.html").read_text()


def test_a_complete_run_stays_as_it_is(straight, photos):
    before = (straight[0] / checkpoint.FILE).read_bytes()
    loop.train([photos], straight[0], TINY)
    assert (straight[0] / checkpoint.FILE).read_bytes() == before


def test_another_configuration_or_other_photos_are_refused(straight, photos, tmp_path):
    other = dataclasses.replace(TINY, optim=dataclasses.replace(TINY.optim, learning_rate=1.0))
    with pytest.raises(TrainingError, match=r"another optim\.learning_rate"):
        loop.train([photos], straight[0], other)
    with pytest.raises(TrainingError, match="other photos"):
        loop.train([write_photos(tmp_path, 2)], straight[0], TINY)


def test_no_photos_and_no_folder(tmp_path):
    with pytest.raises(TrainingError, match="no photos found"):
        loop.train([tmp_path], tmp_path / "run", TINY)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("head", config.HEADS)
def test_all_stages_change_what_they_should(photos, tmp_path, head):
    stages = config.StageConfig(pixel_steps=1, discriminator_steps=1, joint_steps=1)
    base = TINY if head == "classification" else NANO
    settings = dataclasses.replace(
        base,
        model=dataclasses.replace(base.model, head=head),
        stages=stages,
        checkpoint_every=1,
        optim=dataclasses.replace(TINY.optim, freeze_encoder=0.5),
    )
    saved = {}
    original = checkpoint.save

    def keep(run, groups, state, **options):
        saved[state["step"]] = {n: [np.copy(a) for a in arrays] for n, arrays in groups.items()}
        original(run, groups, state, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "save", keep)
        patch.setattr(loop, "LOG_EVERY", 1)
        loop.train([photos], tmp_path / "run", settings)

    def changed(group, one, other):
        return [
            not np.array_equal(a, b)
            for a, b in zip(saved[one][group], saved[other][group], strict=True)
        ]

    assert not any(changed("generator", 1, 2))
    assert any(changed("discriminator", 1, 2))
    assert any(changed("generator", 2, 3))
    assert any(changed("discriminator", 2, 3))
    rows = [json.loads(r) for r in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert [row["stage"] for row in rows] == ["decoder", "discriminator", "joint"]
    assert {"adversarial", "feature_matching", "discriminator_accuracy"} <= set(rows[-1])
    scores = files.read_rows(tmp_path / "run" / report.SCORES)[-1]
    assert scores["step"] == 3
    assert len(scores["truth"]) == len(scores["colorized"]) == min(loop.SAMPLES, TINY.data.batch)
    assert all(0 < score < 1 for score in scores["truth"] + scores["colorized"])
    assert scores["truth"] != scores["colorized"]
    assert "Taken for a true photograph" in (tmp_path / "run/report.html").read_text()


def test_broken_weights_are_never_saved(photos, tmp_path):
    settings = dataclasses.replace(
        NANO, optim=dataclasses.replace(NANO.optim, learning_rate=1e38, warmup_steps=0)
    )
    with pytest.raises(TrainingError, match="generator is not finite at step") as caught:
        loop.train([photos], tmp_path / "run", settings)
    assert caught.value.code == "not_finite"
    assert not (tmp_path / "run" / checkpoint.FILE).exists()


def test_a_broken_discriminator_is_never_saved(photos, tmp_path):
    settings = dataclasses.replace(
        NANO,
        checkpoint_every=1,
        stages=config.StageConfig(pixel_steps=1, discriminator_steps=9),
        optim=dataclasses.replace(NANO.optim, discriminator_learning_rate=3e38),
    )
    with pytest.raises(TrainingError, match="discriminator is not finite at step"):
        loop.train([photos], tmp_path / "run", settings)
    saved = checkpoint.load(tmp_path / "run")[0]["discriminator"]
    assert all(np.isfinite(array).all() for array in saved)


def test_a_full_disk_is_told(photos, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "metrics.jsonl")

    monkeypatch.setattr(report.MetricsLog, "append", full)
    with pytest.raises(TrainingError, match=r"metrics\.jsonl: cannot be written: No space left"):
        loop.train([photos], tmp_path / "run", NANO)


def test_a_signal_while_samples_are_drawn_waits_for_the_next_checkpoint(
    photos, tmp_path, monkeypatch
):
    """The step that the message names is in the checkpoint."""
    left = tmp_path / "run" / f".{checkpoint.FILE}.123"  # by a process that was killed as it saved
    left.parent.mkdir()
    left.touch()

    def interrupted(*_):
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(report, "write_triptychs", interrupted)
    settings = dataclasses.replace(NANO, checkpoint_every=100, sample_every=1)
    with pytest.raises(OperationCancelled, match="SIGTERM at step 2 of 4") as caught:
        loop.train([photos], tmp_path / "run", settings)
    assert caught.value.code == "terminated"
    assert checkpoint.load(tmp_path / "run")[1]["step"] == 2
    assert not left.exists()


def test_a_signal_leaves_a_resumable_run(photos, tmp_path, monkeypatch):
    assert threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(loop, "LOG_EVERY", 1)
    with pytest.raises(OperationCancelled, match="SIGTERM at step 1 of 4") as caught:
        loop.train(
            [photos], tmp_path / "run", NANO, narrate=lambda *_: signal.raise_signal(signal.SIGTERM)
        )
    assert caught.value.code == "terminated"
    assert checkpoint.load(tmp_path / "run")[1]["step"] == 1
    assert signal.getsignal(signal.SIGTERM) == before


def test_export_and_start_again_from_it(straight, photos, tmp_path):
    """The exported file, and a new run that starts from it, hold the run's averaged weights."""
    run = straight[0]
    path = tmp_path / "x.onnx"
    options = export.Options(name="tiny", calibrate=[photos], validate=[photos], limit=2)
    written = export.export(run, path, options)
    assert written.largest_difference <= 1e-4
    assert written.bytes == path.stat().st_size
    with pytest.raises(Exception, match="exists already"):
        export.export(run, path, options)

    import onnx
    from colorlab.model import card

    properties = {p.key: p.value for p in onnx.load(path).metadata_props}
    read = card.ModelCard.from_properties(properties)
    assert (read.name, read.stride, read.ab_scale) == ("tiny", 32, 110.0)
    assert read.training["steps"] == 4
    assert read.training["model"]["gain"] == written.gain
    assert read.metrics[photos.name]["protocol"]["photos"] == 2

    averaged = checkpoint.load(run)[0]["ema"]
    for source in (path, run):
        generator = checkpoint.load_run(run).generator
        for weight in generator.weights:
            weight.assign(weight * 0)
        loop.initial.load_into(generator, source)
        for weight, value in zip(generator.weights, averaged, strict=True):
            np.testing.assert_array_equal(weight.numpy(), value)
    with pytest.raises(TrainingError, match="neither a run nor a file"):
        loop.initial.load_into(generator, tmp_path / "none.onnx")


def test_broken_photos_and_lists_of_photos_do_for_an_export(straight, photos, tmp_path):
    folder = shutil.copytree(photos, tmp_path / "photos")
    (folder / "00.png").write_text("Dear diary")
    (folder / "some.txt").write_text("01.png\n02.png\n")
    (folder / "two").mkdir()
    for name in ("01.png", "02.png"):
        shutil.copy(folder / name, folder / "two")
    options = export.Options(
        photos=[folder], calibrate=[folder], validate=[folder / "some.txt", folder / "two"]
    )
    told = []
    written = export.export(straight[0], tmp_path / "x.onnx", options, narrate=told.append)
    assert written.photos == 11
    assert any(line.startswith("left out: ") and "00.png" in line for line in told)
    # The same photos by a list and as a folder: figures that may be compared.
    by_list, by_folder = (row["protocol"]["hash"] for row in written.metrics.values())
    assert by_list == by_folder
    both = dataclasses.replace(options, gain=1.2)
    with pytest.raises(TrainingError, match="finds the gain"):
        export.export(straight[0], tmp_path / "y.onnx", both)


def test_several_runs_become_their_mean(photos, tmp_path):
    """The mean ships, and another run can start from it."""
    short = dataclasses.replace(NANO, stages=config.StageConfig(pixel_steps=1))
    runs = [tmp_path / "one", tmp_path / "other"]
    loop.train([photos], runs[0], short)
    loop.train([photos], runs[1], dataclasses.replace(short, seed=9), init=runs[0])
    path = tmp_path / "mean.onnx"
    assert export.export(runs, path, export.Options()).largest_difference <= 1e-4
    generator = checkpoint.load_run(runs[0]).generator
    loop.initial.load_into(generator, path)
    pairs = zip(*(checkpoint.load(run)[0]["ema"] for run in runs), strict=True)
    for weight, (a, b) in zip(generator.weights, pairs, strict=True):
        np.testing.assert_allclose(weight.numpy(), (a + b) / 2, rtol=1e-5, atol=1e-7)

    for key, value in (("decoder", (16, 16, 16)), ("head", "regression")):
        odd = dataclasses.replace(NANO, model=dataclasses.replace(NANO.model, **{key: value}))
        (tmp_path / key).mkdir()
        checkpoint.write_config(tmp_path / key, odd)
        with pytest.raises(TrainingError, match=rf"{key}.*another model\.{key}"):
            export.export([*runs, tmp_path / key], tmp_path / "no.onnx", export.Options())
    with pytest.raises(TrainingError, match=r"best\.npz: there is no checkpoint.*--validate"):
        export.export(runs, tmp_path / "no.onnx", export.Options(best=True))


def test_int8_is_smaller_and_close(straight, photos, tmp_path):
    written = export.export(straight[0], tmp_path / "x.onnx", export.Options(storage="int8"))
    whole = export.export(straight[0], tmp_path / "y.onnx", export.Options())
    assert written.bytes < 0.4 * whole.bytes
    assert written.delta_e00_change <= export.INT8_TOLERANCE

    # Both tell what they believe, and their colour is its annealed mean (and a small residual).
    lightness = np.random.default_rng(1).uniform(-1, 1, (1, 1, 64, 96)).astype(np.float32)
    for path in (written.path, whole.path):
        session = GeneratorSession(verification.load(path))
        ab, logits = session.run_with_classes(lightness)
        classes = session.card.classes
        sharp = np.exp(logits[0].astype(np.float64) / classes.temperature)
        mean = np.einsum("qhw,qc->chw", sharp / sharp.sum(0), np.array(classes.centres))
        np.testing.assert_allclose(ab[0], classes.gain * mean, atol=1.5)


def test_rates_and_stages():
    settings = config.from_dict(
        {
            "stages": {"pixel_steps": 100, "discriminator_steps": 10, "joint_steps": 10},
            "optim": {"warmup_steps": 10, "freeze_encoder": 0.1, "learning_rate": 1.0},
        }
    )
    stages = [loop.stage_of(step, settings) for step in range(120)]
    assert [stages.count(s) for s in ("decoder", "pixel", "discriminator", "joint")] == [
        10, 90, 10, 10,
    ]  # fmt: skip
    assert loop.learning_rates(0, settings)[0] == pytest.approx(0.1)
    assert loop.learning_rates(50, settings) == (pytest.approx(0.51), pytest.approx(0.1275))
    assert loop.learning_rates(99, settings)[0] < 0.03
    assert loop.learning_rates(110, settings)[0] == settings.optim.joint_learning_rate
