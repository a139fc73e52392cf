"""The ray engine: what the local one does, on a cluster whose processes may be killed."""

import json
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import colorlab
import generators
import numpy as np
import pytest
from colorlab import errors, image_io
from colorlab.bulk.engine import opened
from colorlab.bulk.journal import Journal, journal_path, print_of
from colorlab.bulk.plan import Job
from colorlab.bulk.ray_stages import Keeper, as_named, read
from colorlab.bulk.report import Outcome
from trees import tree

MODEL = generators.by_lightness().SerializeToString()


def make_photos(count, folder="in"):
    for number in range(count):
        path = Path(f"{folder}/{number % 5}/{number:04}.{'png' if number % 2 else 'jpg'}")
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (90, 120 + number % 9), np.uint8)
        colorlab.write(path, pixels)


# Without a cluster


def test_without_ray_it_says_what_to_install(tmp_path, monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *more: None if name == "ray" else find(name, *more),
    )
    with pytest.raises(errors.ColorlabError, match="not installed") as refused, opened("ray"):
        pass
    assert refused.value.code == "extra_missing"
    assert "ray" in refused.value.hint


@pytest.mark.parametrize(
    ("name", "actors"), [("dask", None), ("local", 2), ("ray", 0), ("ray", "many")]
)
def test_engines_and_actors_that_make_no_sense(name, actors):
    with pytest.raises(errors.InvalidArgumentError), opened(name, actors=actors):
        pass


def test_the_keeper_removes_what_killed_processes_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    keeper = Keeper(tmp_path / "journal", {}, False, tmp_path)
    killed, well, lost = (Job(f"{name}.png", f"out/{name}.png") for name in "abc")
    assert keeper.start([killed, lost], 999_999) == [False, False]
    assert keeper.start([killed, well], 999_998) == [True, False]
    Path("out/.colorlab-999999-1.tmp").write_bytes(b"half")
    Path("out/.colorlab-777777-1.tmp").write_bytes(b"another's")
    keeper.finish([(killed, None), (well, None)], 999_998)
    assert keeper.may_replace(killed)
    assert keeper.are_done([killed]) == [False]  # by this run, which is to tell of it
    keeper.close()
    assert [path.name for path in Path("out").iterdir()] == [".colorlab-777777-1.tmp"]
    # Who goes on knows that these processes wrote here.
    Path("out/.colorlab-999999-1.tmp").write_bytes(b"half")
    Journal(tmp_path / "journal", {}, resume=True).close()
    assert [path.name for path in Path("out").iterdir()] == [".colorlab-777777-1.tmp"]


def test_outcomes_have_the_names_of_the_plan():
    named, absolute = Job("in/a.png", "out/a.png"), Job("/x/in/a.png", "/x/out/a.png")
    for path, wanted in (("/x/in/a.png", "in/a.png"), ("/x/out/a.png", "out/a.png"), ("/y", "/y")):
        error = errors.OutputError("full", path=path, hint="Make room")
        found = as_named(
            Outcome(absolute.path, absolute.output, "error", None, error), named, absolute
        )
        assert (found.path, found.output) == ("in/a.png", "out/a.png")
        assert (type(found.error), found.error.path) == (errors.OutputError, wanted)
        assert found.error.hint == "Make room"


def test_a_photo_is_known_by_what_it_was_before_it_was_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.png").write_bytes(b"before")
    before, read_file = print_of("a.png"), image_io.read_file

    def late(path, **options):
        data = read_file(path, **options)
        Path(path).write_bytes(b"and after")
        return data

    monkeypatch.setattr(image_io, "read_file", late)
    jobs = [pickle.dumps((Job("a.png", "out.png"), Job("a.png", "out.png")))]
    found = read({"jobs": jobs}, None, None)
    assert found["content"] == [b"before"]
    assert pickle.loads(found["seen"][0]) == before != print_of("a.png")


# On a cluster of two nodes


@pytest.fixture(scope="module")
def cluster():
    """Two nodes of two CPUs each: two raylets, with a process for every task and actor."""
    ray = pytest.importorskip("ray", reason="Ray is not installed (extra ray)")
    pytest.importorskip("ray.data", reason="Ray Data is not installed (extra ray)")
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # What else runs on this machine is none of its business.
    os.environ["RAY_memory_monitor_refresh_ms"] = "0"  # noqa: SIM112 - as Ray spells it
    size = {"num_cpus": 2, "object_store_memory": 200 << 20}
    # A node that is gone is noticed within seconds: nobody answers for it any more.
    soon = {"health_check_initial_delay_ms": 1000, "health_check_period_ms": 500}
    made = Cluster(
        initialize_head=True,
        head_node_args=size | {"include_dashboard": False, "_system_config": soon},
    )
    made.add_node(**size)
    made.wait_for_nodes()
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    generators.save(generators.by_lightness(), tmp_path / "m.onnx")
    return tmp_path


@pytest.fixture
def connected(cluster):
    """This process as a driver of the cluster; it stays one, so that workers are there already."""
    import ray

    handler = signal.getsignal(signal.SIGTERM)
    if not ray.is_initialized():
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    yield cluster
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def alone():
    """This process without a cluster."""
    ray = pytest.importorskip("ray", reason="Ray is not installed (extra ray)")
    ray.shutdown()
    return ray


def on_cluster(test):
    """A test that takes seconds, and in which Ray may warn of what it likes."""
    return pytest.mark.slow(pytest.mark.filterwarnings("default")(test))


def on_ray(*arguments, **options):
    return colorlab.bulk(*arguments, **({"model": "m.onnx", "engine": "ray"} | options))


@on_cluster
def test_outputs_outcomes_and_journals_are_those_of_the_local_engine(place, connected):
    make_photos(40)
    Path("in/bad.jpg").write_text("text")
    Path("in/gone.jpg").symlink_to("nowhere")
    Path("in/0/0000.jpg").rename(os.fsdecode(b"in/0/\xff.jpg"))  # no UTF-8
    local, remote = [], []
    colorlab.bulk("in", "local", model="m.onnx", on_outcome=local.append)
    report = on_ray("in", "ray", on_outcome=remote.append)
    assert tree("ray") == tree("local")
    assert (report.done, report.failed, report.exit_code) == (40, 2, 1)

    def rows(outcomes):
        found = {each.path: each.as_dict() for each in outcomes}
        assert len(found) == len(outcomes)
        for row in found.values():
            assert row.pop("seconds") >= 0
            row["output"] = row["output"].split("/", 1)[1]
        return found

    assert rows(remote) == rows(local)
    # Either engine goes on from the other's journal.
    with Path("in/2/0002.jpg").open("ab") as file:
        file.write(b"changed")
    for number in (40, 41):
        colorlab.write(f"in/{number}.png", np.full((20, 30), number, np.uint8))
    for engine in ("local", "ray"):
        report = colorlab.bulk("in", "ray", model="m.onnx", engine=engine, resume=True)
        again = 3 if engine == "local" else 0  # the changed one and the new ones
        assert (report.done, report.skipped, report.failed) == (again, 42 - again, 2)


@on_cluster
def test_with_killed_workers_nothing_is_lost_or_doubled(place, connected):
    make_photos(96)
    colorlab.bulk("in", "expected", model="m.onnx")
    journal = journal_path("out")
    outcomes, killed = [], set()

    def kill(outcome):
        outcomes.append(outcome)
        if len(outcomes) in (5, 40):
            events = [json.loads(line) for line in journal.read_text().splitlines()[1:]]
            _, *workers = [each["process"] for each in events if "process" in each]
            victim = next(each for each in reversed(workers) if each not in killed)
            assert b"ColorActor" in Path(f"/proc/{victim}/cmdline").read_bytes()
            os.kill(victim, signal.SIGKILL)
            killed.add(victim)

    report = on_ray("in", "out", on_outcome=kill)
    assert len(killed) == 2
    assert (report.done, report.failed, report.skipped) == (96, 0, 0)
    assert len({each.path for each in outcomes}) == len(outcomes) == 96
    assert all(each.certificate is not None for each in outcomes)
    assert tree("out") == tree("expected")  # so nothing temporary is left either


@on_cluster
def test_memory_that_runs_out_is_told_as_such():
    exceptions = pytest.importorskip("ray.exceptions")
    from colorlab.bulk import ray_engine

    with pytest.raises(errors.OutOfMemoryError), ray_engine._explained():
        raise exceptions.OutOfMemoryError("6 workers were killed")
    with pytest.raises(errors.ColorlabError) as refused, ray_engine._explained():
        raise exceptions.RaySystemError("gone")
    assert refused.value.code == "cluster"
    with pytest.raises(ZeroDivisionError), ray_engine._explained():
        raise ZeroDivisionError


@on_cluster
def test_a_run_that_is_stopped_can_be_resumed(place, connected):
    make_photos(160)
    colorlab.bulk("in", "expected", model="m.onnx")

    def stop(outcome):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        on_ray("in", "out", on_outcome=stop)
    done = tree("out")
    assert len(done) < 160
    report = on_ray("in", "out", resume=True)
    assert report.done + report.skipped == 160
    assert report.skipped > 0
    assert tree("out") == tree("expected")


@on_cluster
def test_stopping_at_the_first_failure(place, connected):
    make_photos(50)
    for number in range(0, 50, 2):
        Path(f"in/{number % 5}/{number:04}.jpg").write_text("text")
    report = on_ray("in", "out", on_error="stop")
    assert report.stopped
    assert report.failed == 1


@on_cluster
def test_what_others_put_there_is_left_alone(place, connected):
    make_photos(6)
    Path("out/0").mkdir(parents=True)
    Path("out/0/0000.jpg").write_text("mine")
    report = on_ray("in", "out")
    assert (report.done, report.failed) == (5, 1)
    assert report.failures[0].error.code == "output_exists"
    assert report.failures[0].error.path == "out/0/0000.jpg"
    assert Path("out/0/0000.jpg").read_text() == "mine"
    assert on_ray("in", "out", overwrite=True).done == 6


@on_cluster
def test_shards(place, connected):
    make_photos(6)
    subprocess.run(["tar", "cf", "a.tar", "-C", "in", "."], check=True)
    assert on_ray("a.tar", "out").done == 6
    colorlab.bulk("a.tar", "local", model="m.onnx")
    assert tree("out") == tree("local")


@on_cluster
def test_a_generator_that_vanishes(place, connected):
    make_photos(2)
    Path("m.onnx").rename("moved.onnx")
    with colorlab.Colorizer("moved.onnx") as colorizer:
        Path("moved.onnx").unlink()
        with pytest.raises(errors.ColorlabError, match="no such model file") as refused:
            colorlab.bulk("in", "out", colorizer=colorizer, engine="ray")
        assert refused.value.code == "cluster"


@on_cluster
def test_folders_that_a_node_does_not_see(place, connected):
    make_photos(2)
    # The current folder, by a name that means another one in every process.
    with pytest.raises(errors.OutputError) as refused:
        on_ray("in", "/proc/self/cwd/out")
    assert refused.value.code == "output_not_shared"
    with pytest.raises(errors.InputError) as refused:
        on_ray("/proc/self/cwd/in", "out")
    assert refused.value.code == "input_not_shared"
    with pytest.raises(errors.InputError) as refused:
        on_ray("in", "out", model="/proc/self/cwd/m.onnx")
    assert (refused.value.code, refused.value.path) == ("input_not_shared", "/proc/self/cwd/m.onnx")
    assert not list(place.rglob("*.tmp"))


@on_cluster
def test_the_verb_finds_the_cluster_by_its_address(place, cluster):
    make_photos(8)
    command = [sys.executable, "-m", "colorlab", "colorize", "in", "-o", "out", "--json"]
    command += ["--model", "m.onnx", "--engine", "ray", "--actors", "1", "--report", "r.html"]
    environment = os.environ | {"RAY_ADDRESS": cluster.address}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row["path"] for row in rows if row["status"] == "ok"} == {
        str(path) for path in Path("in").rglob("*.*")
    }
    assert Path("r.html").is_file()
    assert "8 photos coloured" in done.stderr
    colorlab.bulk("in", "local", model="m.onnx")
    assert tree("out") == tree("local")


@on_cluster
def test_signals_stop_the_verb(place, cluster):
    make_photos(160)
    command = [sys.executable, "-m", "colorlab", "colorize", "in", "-o", "out", "--json"]
    command += ["--model", "m.onnx", "--engine", "ray"]
    environment = os.environ | {"RAY_ADDRESS": cluster.address}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143


@on_cluster
def test_with_a_lost_node_nothing_is_lost_or_doubled(place, connected):
    # The last on this cluster, which takes a while to notice that a node is gone.
    make_photos(96)
    colorlab.bulk("in", "expected", model="m.onnx")
    node = connected.add_node(num_cpus=3, object_store_memory=200 << 20)
    connected.wait_for_nodes()
    paths = []

    def lose(outcome):
        paths.append(outcome.path)
        if len(paths) == 20:
            connected.remove_node(node, allow_graceful=False)

    report = on_ray("in", "out", on_outcome=lose)
    assert (report.done, report.failed, report.skipped) == (96, 0, 0)
    assert len(set(paths)) == len(paths) == 96
    assert tree("out") == tree("expected")


# Without a connection


@on_cluster
def test_an_address_where_nobody_answers(place, alone, monkeypatch):
    make_photos(1)
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    with pytest.raises(errors.ColorlabError, match="no Ray cluster") as refused:
        on_ray("in", "out")
    assert refused.value.code == "cluster"


@on_cluster
def test_without_an_address_it_is_a_cluster_of_this_machine(place, alone, monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    make_photos(5)
    before = signal.getsignal(signal.SIGTERM)
    assert on_ray("in", "out").done == 5
    assert not alone.is_initialized()
    assert signal.getsignal(signal.SIGTERM) is before
    colorlab.bulk("in", "local", model="m.onnx")
    assert tree("out") == tree("local")
