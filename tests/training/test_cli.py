"""The verbs train, export and evaluate, as a person calls them."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("matplotlib")

from colorlab.cli.main import main
from colorlab.training import checkpoint

SETTINGS = """
checkpoint_every = 1
[data]
crop = 32
batch = 2
[model]
architecture = "seed-32"
ab_scale = 127.5
[stages]
pixel_steps = {steps}
"""


def write_settings(folder, steps):
    path = folder / "mine.toml"
    path.write_text(SETTINGS.format(steps=steps))
    return str(path)


def test_train_export_evaluate(photos, tmp_path, capsys):
    settings, run, model = write_settings(tmp_path, 9), tmp_path / "run", tmp_path / "x.onnx"
    train = ["train", settings, "--data", str(photos), "--out", str(run), "--json", "--steps", "2"]
    assert main([*train, "--seed", "5"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out.splitlines()[-1])["step"] == 2
    assert "step 2/2" in told.err
    assert checkpoint.read_config(run).seed == 5
    assert main(train) == 3  # another seed is another run
    assert "another seed" in capsys.readouterr().err

    export = ["export", str(run), "-o", str(model), "--fp16", "--json"]
    assert main(export) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["bytes"] == model.stat().st_size
    assert "parity with Keras" in told.err
    assert main(export) == 3
    assert "exists already" in capsys.readouterr().err

    figures = []
    for source in (run, model):
        main(["evaluate", str(photos), "--model", str(source), "--limit", "2", "--json", "-"])
        figures.append(json.loads(capsys.readouterr().out)["summary"])
    for key in ("psnr", "delta_e00", "cf", "auc"):
        assert figures[0][key] == pytest.approx(figures[1][key], abs=0.05)


def test_what_is_wrong_is_said(photos, tmp_path, capsys):
    out = ["--data", str(photos), "--out", str(tmp_path / "run")]
    assert main(["train", "tiny-cpu"]) == 2
    assert "--data and --out" in capsys.readouterr().err
    assert main(["train", "tiny-gpu", *out]) == 3
    assert "tiny-cpu" in capsys.readouterr().err
    (tmp_path / "odd.toml").write_text("[optim]\nlearning_rat = 1")
    assert main(["train", str(tmp_path / "odd.toml"), *out]) == 3
    assert 'Did you mean "optim.learning_rate"?' in capsys.readouterr().err
    settings = write_settings(tmp_path, 1)
    assert main(["train", settings, *out, "--init", str(tmp_path / "none")]) == 3
    assert "neither a run nor a file" in capsys.readouterr().err
    assert main(["export", str(tmp_path), "-o", str(tmp_path / "x.onnx")]) == 3
    assert "not a training run" in capsys.readouterr().err
    assert not (tmp_path / "x.onnx").exists()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="no SIGTERM to be caught there")
def test_terminated_runs_go_on(photos, tmp_path, capsys):
    settings, run = write_settings(tmp_path, 100_000), tmp_path / "run"
    command = ["train", settings, "--data", str(photos), "--out", str(run)]
    process = subprocess.Popen(
        [sys.executable, "-m", "colorlab", *command], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 240
    while not (run / checkpoint.FILE).exists() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=240)
    assert process.returncode == 143, told
    assert "The same command goes on from there" in told
    step = checkpoint.load(run)[1]["step"]
    assert step >= 1
    assert main([*command, "--steps", str(step + 1)]) == 0
    assert checkpoint.load(run)[1]["step"] == step + 1
