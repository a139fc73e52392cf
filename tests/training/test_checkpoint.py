"""Checkpoints: whole or not there, of one format, the latest few; and kill -9."""

import contextlib
import json
import os
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("matplotlib")

from colorlab.errors import TrainingError
from colorlab.training import checkpoint, config

SETTINGS = """
seed = 3
checkpoint_every = 2
keep_checkpoints = 3
[data]
source = "shapes"
crop = 32
batch = 2
[model]
architecture = "seed-32"
[stages]
pixel_steps = 8
joint_steps = 8
[optim]
noise_every = 3
"""


def test_it_holds_what_was_saved(tmp_path):
    arrays = [np.arange(3), np.ones((2, 2), np.float32)]
    checkpoint.save(tmp_path, {"some": arrays}, {"step": 7})
    groups, state = checkpoint.load(tmp_path)
    assert state["step"] == 7
    for found, wanted in zip(groups["some"], arrays, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_another_format_and_no_format_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "FORMAT", 2)
    checkpoint.save(tmp_path, {}, {"step": 1})
    monkeypatch.undo()
    with pytest.raises(TrainingError, match="format 2, this colorlab reads 1"):
        checkpoint.load(tmp_path)
    for content in (b"PK\x03\x04 something", b"", b"Dear diary"):
        (tmp_path / checkpoint.FILE).write_bytes(content)
        with pytest.raises(TrainingError, match="not a readable checkpoint"):
            checkpoint.load(tmp_path)


def test_no_flipped_or_missing_byte_does_harm(tmp_path):
    """Damage is named, or does not matter."""
    checkpoint.save(tmp_path, {"some": [np.arange(50.0)]}, {"step": 7})
    whole = (tmp_path / checkpoint.FILE).read_bytes()
    rng = np.random.default_rng(1)
    for number in range(400):
        damaged = bytearray(whole)
        if number % 4 == 0:
            del damaged[int(rng.integers(len(whole))) :]
        else:
            damaged[int(rng.integers(len(whole)))] ^= int(rng.integers(1, 256))
        (tmp_path / checkpoint.FILE).write_bytes(damaged)
        try:
            groups, state = checkpoint.load(tmp_path)
        except TrainingError as error:
            assert "checkpoint" in error.reason  # noqa: PT017 - either way is right
        else:
            assert state["step"] == 7
            np.testing.assert_array_equal(groups.get("some", [np.arange(50.0)])[0], np.arange(50.0))


def test_the_latest_are_kept(tmp_path):
    for step in (2, 4, 6, 6, 8):
        checkpoint.save(tmp_path, {"some": [np.array(step)]}, {"step": step})
        checkpoint.keep(tmp_path, step, 3)
    kept = sorted((tmp_path / checkpoint.KEPT).iterdir())
    assert [path.name for path in kept] == ["00000004.npz", "00000006.npz", "00000008.npz"]
    for path, step in zip(kept, (4, 6, 8), strict=True):
        with np.load(path) as archive:
            assert archive["some/0000"] == step
            assert json.loads(archive["state"].tobytes())["step"] == step


def test_where_files_cannot_be_linked_they_are_copied(tmp_path, monkeypatch):
    def refuse(*_args):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    for step in (2, 4):
        checkpoint.save(tmp_path, {"some": [np.array(step)]}, {"step": step})
        checkpoint.keep(tmp_path, step, 2)
    kept = sorted((tmp_path / checkpoint.KEPT).iterdir())
    for path, step in zip(kept, (2, 4), strict=True):
        with np.load(path) as archive:
            assert archive["some/0000"] == step


def test_a_kill_while_small_files_are_written_leaves_whole_ones(tmp_path, monkeypatch):
    checkpoint.write_config(tmp_path, config.Config(seed=1))
    write = Path.write_text

    def half(self, text, **options):
        write(self, text[: len(text) // 2], **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", half)
    with contextlib.suppress(KeyboardInterrupt):
        checkpoint.write_config(tmp_path, config.Config(seed=2))
    assert checkpoint.read_config(tmp_path).seed in (1, 2)


def test_a_full_disk_leaves_the_last_one(tmp_path, monkeypatch):
    checkpoint.save(tmp_path, {"some": [np.array(1)]}, {"step": 1})

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(TrainingError, match="No space left on device"):
        checkpoint.save(tmp_path, {"some": [np.array(2)]}, {"step": 2})
    assert checkpoint.load(tmp_path)[1]["step"] == 1
    assert [path.name for path in tmp_path.iterdir()] == [checkpoint.FILE]


def test_what_a_run_is_made_with_is_told(monkeypatch):
    def unknown(name):  # as for tensorflow where the package tensorflow-cpu is installed
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", unknown)
    made = checkpoint.provenance()
    assert {"colorlab", "python", "keras", "tensorflow", "numpy"} <= set(made)
    assert "commit" not in made or len(made["commit"]) == 40


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_killed_outright_it_goes_on_to_the_same_weights(tmp_path):
    (tmp_path / "mine.toml").write_text(SETTINGS)
    environment = os.environ | {"TF_DETERMINISTIC_OPS": "1"}

    def start(run):
        command = [sys.executable, "-m", "colorlab", "train", str(tmp_path / "mine.toml")]
        return subprocess.Popen(
            [*command, "--out", str(run)], env=environment, stderr=subprocess.PIPE, text=True
        )

    straight, killed = tmp_path / "straight", tmp_path / "killed"
    whole, process = start(straight), start(killed)
    deadline = time.monotonic() + 240
    while not (killed / checkpoint.FILE).exists() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.communicate(timeout=60)
    assert 2 <= checkpoint.load(killed)[1]["step"] < 16
    process = start(killed)
    told = process.communicate(timeout=240)[1]
    assert process.returncode == 0, told
    told = whole.communicate(timeout=240)[1]
    assert whole.returncode == 0, told
    expected, found = checkpoint.load(straight)[0], checkpoint.load(killed)[0]
    assert set(found) == set(expected)
    for group, arrays in expected.items():
        for number, array in enumerate(arrays):
            np.testing.assert_array_equal(found[group][number], array, err_msg=f"{group} {number}")
