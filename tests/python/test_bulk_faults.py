"""Runs over many photos when things go wrong: kills, damage, full disks, files that go away."""

import contextlib
import json
import multiprocessing
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import colorlab
import generators
import numpy as np
import pytest
from colorlab.bulk import bulk
from trees import tree

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    generators.save(generators.by_lightness(), tmp_path / "m.onnx")
    return tmp_path


def make_photos(count):
    for number in range(count):
        path = Path(f"in/{number % 7}/{number:04}.{'png' if number % 2 else 'jpg'}")
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (40, 48 + number % 9), np.uint8)
        colorlab.write(path, pixels)


def command(*options):
    words = [sys.executable, "-m", "colorlab", "colorize", "in", "-o", "out", "--model", "m.onnx"]
    return [*words, "--threads", "1", "--json", *options]


@pytest.fixture(scope="module")
def processes():
    """Makes processes that have imported what a run needs, so that many can be killed soon."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["colorlab.bulk", "onnxruntime", "pytest"])
    return context


def test_killed_at_fifty_random_moments_the_tree_is_that_of_one_run(place, processes):
    make_photos(300)
    bulk("in", "expected", model="m.onnx", threads=1)
    expected = tree("expected")
    run = {"model": str(place / "m.onnx"), "threads": 1, "resume": True}
    draw = random.Random(9)
    kills = 0
    for _ in range(50):
        outcomes, sender = processes.Pipe(duplex=False)
        process = processes.Process(
            target=bulk,
            args=(place / "in", place / "out"),
            kwargs=run | {"on_outcome": sender.send},
        )
        process.start()
        sender.close()
        new = draw.randrange(6)  # results to wait for
        with outcomes, contextlib.suppress(EOFError):
            while new > 0:
                new -= outcomes.recv().status == "ok"
            time.sleep(draw.random() * 0.01)
            process.kill()
        process.join()
        kills += process.exitcode == -signal.SIGKILL
        for name, digest in tree("out").items() if Path("out").exists() else ():
            if not name.endswith(".tmp"):
                assert digest == expected[name]
    assert kills >= 45
    assert bulk(place / "in", place / "out", **run).exit_code == 0
    assert tree("out") == expected


def damaged(data, kind, rng):
    if kind == "empty":
        return b""
    if kind == "text":
        return b"this is no photo"
    if kind == "cut":
        return data[: len(data) // 2]
    if kind == "headless":
        return b"\x00" * 16 + data[16:]
    return data[:40] + rng.bytes(len(data) // 2)  # "noise" after a good header


def test_of_many_photos_with_damaged_among_them_exactly_the_good_are_done(place):
    count = 250
    make_photos(count)
    rng = np.random.default_rng(5)
    photos = sorted(Path("in").rglob("*.*"))
    kinds = ("empty", "text", "cut", "headless", "noise")
    bad = {str(photos[i]): kinds[i // 10 % 5] for i in range(0, count, 10)}
    for name, kind in bad.items():
        Path(name).write_bytes(damaged(Path(name).read_bytes(), kind, rng))
    done = subprocess.run(command(), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == count
    failed = {row["path"]: row["code"] for row in rows if row["status"] == "error"}
    assert failed.keys() == bad.keys()
    codes = {"unsupported_format", "corrupt_image", "truncated_image"}
    assert set(failed.values()) <= codes
    assert len(tree("out")) == count - len(bad)
    assert all(name in done.stderr for name in bad)


def test_what_does_not_fit_on_the_disk_fails_alone_and_leaves_nothing(place):
    import resource

    make_photos(12)
    large = np.random.default_rng(0).integers(0, 256, (300, 400), np.uint8)
    colorlab.write("in/large.png", large)  # over 100 KB, where files may have 50

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    done = subprocess.run(command(), capture_output=True, text=True, check=False, preexec_fn=limit)
    assert done.returncode == 1, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    failed = [row for row in rows if row["status"] == "error"]
    assert [(row["path"], row["code"]) for row in failed] == [("in/large.png", "output_unwritable")]
    found = tree("out")
    assert len(found) == 12
    assert not any(".tmp" in name or "large" in name for name in found)
    # With room it is done, and nothing else again.
    again = subprocess.run(command("--resume"), capture_output=True, text=True, check=False)
    rows = [json.loads(line) for line in again.stdout.splitlines()]
    assert [row["path"] for row in rows if row["status"] == "ok"] == ["in/large.png"]


def test_photos_that_vanish_during_the_run_are_reported(place):
    make_photos(40)
    gone = sorted(Path("in").rglob("*.*"))[20:]

    def vanish(_outcome):
        for path in gone:
            path.unlink(missing_ok=True)

    report = bulk("in", "out", model="m.onnx", threads=1, workers=1, on_outcome=vanish)
    assert report.done + report.failed == 40
    assert report.failed >= 10  # some were read before
    assert {each.error.code for each in report.failures} == {"file_not_found"}
    assert len(tree("out")) == report.done
