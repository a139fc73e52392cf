"""The command line's streams, and signals that stop it."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import command_line
import pytest
from colorlab.cli.main import main
from command_line import colorize, files, is_colored, photo, run


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The current folder: a generator, a tree of photos, and nothing else."""
    command_line.furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_progress_is_for_terminals_only(place):
    plain = run("colorize", "in", "-o", "out", "--model", "m.onnx")
    assert plain.returncode == 0, plain.stderr
    assert b"\x1b" not in plain.stderr
    own, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "colorlab", "colorize", "in", "-o", "out2", "--model", "m.onnx"],
        stderr=theirs,
        stdout=subprocess.PIPE,
        env=os.environ | {"TERM": "xterm"},
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(own, 4096)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            shown += part
        assert process.stdout.read() == b""
    os.close(own)
    assert process.returncode == 0
    assert b"\x1b" in shown
    assert b"colouring" in shown
    assert b"4 photos coloured" in shown


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_stop_cleanly_and_the_run_can_be_resumed(place, number, code):
    Path("many").mkdir()
    for count in range(60):
        Path(f"many/{count:03}.png").write_bytes(photo(count, (300, 200), "PNG"))
    command = ["colorize", "many", "-o", "out", "--model", "m.onnx", "--json", "--workers", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "colorlab", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    first = [process.stdout.readline() for _ in range(5)]
    process.send_signal(number)
    began = time.monotonic()
    rest, said = process.communicate(timeout=30)
    assert process.returncode == code, said
    assert time.monotonic() - began < 5  # 1 s on a machine that is not busy
    assert b"Traceback" not in said
    done = [json.loads(line)["output"] for line in [*first, *rest.splitlines()]]
    assert len(done) < 60
    assert not [name for name in files("out") if not name.endswith(".png")]
    for name in files("out"):
        assert is_colored(Path("out") / name)
    stamps = {name: Path(name).stat().st_mtime_ns for name in done}
    resumed = run(*command, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    status = [json.loads(line)["status"] for line in resumed.stdout.splitlines()]
    assert status.count("skipped") >= len(done)
    assert len(files("out")) == 60
    assert {name: Path(name).stat().st_mtime_ns for name in done} == stamps


def test_a_reader_that_goes_away_ends_the_run_quietly(place):
    command = f"{sys.executable} -m colorlab colorize in -o out --model m.onnx --json | head -c 1"
    done = subprocess.run(command, shell=True, capture_output=True, timeout=60)
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full here")
@pytest.mark.parametrize(
    "arguments",
    [
        "models",
        "--version",
        "inspect in/a.jpg --json",
        "colorize in -o out --model m.onnx --json",
        "completion bash",
    ],
)
def test_a_full_disk_under_stdout_is_an_error_and_no_traceback(place, arguments):
    done = run_in_shell(f"{arguments} > /dev/full")
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == "colorlab: stdout cannot be written: " + os.strerror(28)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_streams_that_were_closed_before_the_start_are_done_without(place, closed):
    done = run_in_shell(f"colorize in/a.jpg -o out.jpg --model m.onnx --json {closed}")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert is_colored("out.jpg")
    missing = run_in_shell(f"colorize gone.jpg -o gone.png --model m.onnx {closed}")
    assert missing.returncode == 3


def test_a_full_disk_under_stderr_loses_narration_only(place):
    if Path("/dev/full").exists():
        done = run_in_shell("colorize in/a.jpg -o out.jpg --model m.onnx 2> /dev/full")
        assert done.returncode == 0
    assert is_colored("out.jpg")


def run_in_shell(arguments):
    return subprocess.run(
        f"{sys.executable} -m colorlab {arguments}",
        shell=True,
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_names_cannot_move_a_terminals_cursor(place, capsys):
    name = "in/\x1b[31mred\r\x07\x9b.jpg"
    Path(name).write_bytes(b"")
    assert colorize(name, "-o", "out") == 3
    assert "in/\\x1b[31mred\\x0d\\x07\\x9b.jpg: " in capsys.readouterr().err
    assert main(["inspect", name]) == 3
    assert "\x1b" not in capsys.readouterr().err
