"""Checkpoints: whole or not there, of one format, the latest few; and kill -9."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("matplotlib")

from colorlab.errors import TrainingError
from colorlab.training import checkpoint

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
    (tmp_path / checkpoint.FILE).write_bytes(b"PK\x03\x04 something")
    with pytest.raises(TrainingError, match="not a readable checkpoint"):
        checkpoint.load(tmp_path)


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


def test_a_full_disk_leaves_the_last_one(tmp_path, monkeypatch):
    checkpoint.save(tmp_path, {"some": [np.array(1)]}, {"step": 1})

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(TrainingError, match="No space left on device"):
        checkpoint.save(tmp_path, {"some": [np.array(2)]}, {"step": 2})
    assert checkpoint.load(tmp_path)[1]["step"] == 1
    assert [path.name for path in tmp_path.iterdir()] == [checkpoint.FILE]


def test_what_a_run_is_made_with_is_told():
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
    process = start(straight)
    told = process.communicate(timeout=240)[1]
    assert process.returncode == 0, told
    process = start(killed)
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
    expected, found = checkpoint.load(straight)[0], checkpoint.load(killed)[0]
    assert set(found) == set(expected)
    for group, arrays in expected.items():
        for number, array in enumerate(arrays):
            np.testing.assert_array_equal(found[group][number], array, err_msg=f"{group} {number}")
