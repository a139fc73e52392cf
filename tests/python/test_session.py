"""Generators in ONNX Runtime: the contract, errors, devices, silence, forks."""

import os
import subprocess
import sys
import textwrap
import threading

import generators
import numpy as np
import pytest
from colorlab import errors, session
from colorlab.model import verification
from colorlab.session import GeneratorSession
from onnx import TensorProto, helper


def opened(made, **options):
    return GeneratorSession(verification.load_bytes(made.SerializeToString()), **options)


def grey(*shape):
    return np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)


# Running


def test_output_is_scaled_to_ab():
    ab = opened(generators.constant(0.3, -0.2)).run(grey(2, 1, 16, 24))
    assert ab.shape == (2, 2, 4, 6)
    assert ab.dtype == np.float32
    np.testing.assert_allclose(ab[:, 0], 30, atol=1e-4)
    np.testing.assert_allclose(ab[:, 1], -20, atol=1e-4)


def test_a_batch_gives_what_its_photos_give_alone():
    running = opened(generators.by_lightness())
    batch = grey(3, 1, 8, 16)
    alone = np.concatenate([running.run(batch[n : n + 1]) for n in range(3)])
    np.testing.assert_array_equal(running.run(batch), alone)
    np.testing.assert_allclose(alone[:, 0], 50 * batch[:, 0], atol=1e-4)


def test_many_threads_may_run_at_once():
    running = opened(generators.by_lightness(), threads=1)
    inputs = [grey(1, 1, 8, 8 * width) for width in range(1, 9)]
    expected = [running.run(each) for each in inputs]
    results = [[] for _ in inputs]
    threads = [
        threading.Thread(
            target=lambda n=n: results[n].extend(running.run(inputs[n]) for _ in range(20))
        )
        for n in range(len(inputs))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for given, wanted in zip(results, expected, strict=True):
        assert len(given) == 20
        for each in given:
            np.testing.assert_array_equal(each, wanted)


@pytest.mark.parametrize(
    "shape", [(1, 1, 8), (1, 2, 8, 8), (1, 1, 12, 8), (1, 1, 8, 9), (0, 1, 8, 8)]
)
def test_other_shapes_are_refused(shape):
    with pytest.raises(errors.ShapeError, match="multiples of 8"):
        opened(generators.constant()).run(np.zeros(shape, np.float32))


def test_other_types_are_refused():
    with pytest.raises(errors.DTypeError, match="float64"):
        opened(generators.constant()).run(np.zeros((1, 1, 8, 8)))


def test_too_little_memory_to_load_is_told_as_that(monkeypatch):
    def load(*_, **__):
        raise MemoryError("std::bad_alloc")

    monkeypatch.setattr("onnxruntime.InferenceSession", load)
    with pytest.raises(errors.OutOfMemoryError, match="fewer threads"):
        opened(generators.constant(), threads=2, device="cpu")


# The contract


def renamed(made, old, new):
    for node in made.graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]
    for info in (*made.graph.input, *made.graph.output):
        info.name = new if info.name == old else info.name
    return made


def cast_output(to):
    made = renamed(generators.constant(), "ab", "float_ab")
    made.graph.node.append(helper.make_node("Cast", ["float_ab"], ["ab"], to=to))
    del made.graph.output[:]
    made.graph.output.append(helper.make_tensor_value_info("ab", to, ["n", 2, "h2", "w2"]))
    return made


def with_second_output():
    made = generators.constant()
    shape = ["n", 2, "h3", "w3"]
    made.graph.output.append(helper.make_tensor_value_info("two", TensorProto.FLOAT, shape))
    return made


def three_channels(declared):
    nodes = [helper.make_node("Concat", ["lightness"] * 3, ["ab"], axis=1)]
    return generators.model(nodes, output=("ab", TensorProto.FLOAT, ["n", declared, "h", "w"]))


FLOAT = TensorProto.FLOAT
BREACHES = {
    "another input": (renamed(generators.constant(), "lightness", "image"), 'input "lightness"'),
    "another output": (renamed(generators.constant(), "ab", "rgb"), 'output "ab"'),
    "two outputs": (with_second_output(), "two: tensor"),
    "half precision": (cast_output(TensorProto.FLOAT16), "float32"),
    "three channels": (three_channels(3), "3 channels"),
    "fixed size": (
        generators.constant(input=("lightness", FLOAT, ["n", 1, 256, 256])),
        "must be free",
    ),
    "fixed batch": (
        generators.constant(input=("lightness", FLOAT, [1, 1, "h", "w"])),
        "must be free",
    ),
    "colour input": (
        generators.by_lightness(
            input=("lightness", FLOAT, ["n", 3, "h", "w"]), output=("ab", FLOAT, ["n", 6, "h", "w"])
        ),
        "3 channels",
    ),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_breaches_of_the_signature_are_refused_on_opening(breach):
    made, says = BREACHES[breach]
    with pytest.raises(errors.ModelIncompatibleError, match=says):
        opened(made)


def test_a_graph_that_cannot_be_loaded_is_refused():
    made = generators.constant()
    made.graph.node[0].op_type = "NoSuchOperator"
    with pytest.raises(errors.ModelIncompatibleError, match="cannot load"):
        opened(made)


def values(number):
    return generators.constant(number, 0.0)


@pytest.mark.parametrize("number", [np.nan, np.inf, 55.0, -2.5])
def test_values_of_another_scale_are_refused_on_running(number):
    with pytest.raises(errors.ModelIncompatibleError, match=r"the contract says -1\.\.1"):
        opened(values(number)).run(grey(1, 1, 8, 8))


def test_a_small_overshoot_is_clipped():
    ab = opened(values(1.3)).run(grey(1, 1, 8, 8))
    np.testing.assert_array_equal(ab[:, 0], 100)


def test_a_shape_that_only_running_shows_is_refused():
    nodes = [
        helper.make_node("ReduceMax", ["lightness"], ["largest"], keepdims=0),
        helper.make_node("Mul", ["largest", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "three"], ["counts"]),
        helper.make_node("Cast", ["counts"], ["repeats"], to=TensorProto.INT64),
        helper.make_node("Tile", ["lightness", "repeats"], ["ab"]),
    ]
    three = np.array([1, 3, 1, 1], np.float32)
    running = opened(generators.model(nodes, generators.constants(zero=np.float32(0), three=three)))
    with pytest.raises(errors.ModelIncompatibleError, match=r"\(1, 3, 8, 8\)"):
        running.run(grey(1, 1, 8, 8))


def test_a_graph_that_fails_on_running_says_so():
    nodes = [
        helper.make_node("Reshape", ["lightness", "shape"], ["one"]),
        helper.make_node("Concat", ["one", "one"], ["ab"], axis=1),
    ]
    made = generators.model(nodes, generators.constants(shape=np.array([1, 1, 3, 3])))
    with pytest.raises(errors.ModelIncompatibleError, match="failed on an input"):
        opened(made).run(grey(1, 1, 8, 8))


def test_too_little_memory_is_its_own_error():
    running = opened(generators.hungry(good_batch=2))
    assert running.run(grey(2, 1, 8, 8)).shape == (2, 2, 8, 8)
    with pytest.raises(errors.OutOfMemoryError, match="batch of 3") as caught:
        running.run(grey(3, 1, 8, 8))
    assert isinstance(caught.value, MemoryError)


# Devices and arguments


@pytest.mark.parametrize(
    "options", [{"device": "tpu"}, {"threads": 0}, {"threads": 1.5}, {"precision": "int4"}]
)
def test_arguments_are_checked(options):
    with pytest.raises(errors.InvalidArgumentError):
        opened(generators.constant(), **options)


@pytest.mark.skipif(session.count_gpus() > 0, reason="there is a GPU")
def test_without_a_gpu_auto_is_the_cpu_and_cuda_an_error():
    assert opened(generators.constant(), device="auto").device == "cpu"
    with pytest.raises(errors.InvalidArgumentError, match="cannot be used") as caught:
        opened(generators.constant(), device="cuda")
    assert caught.value.code == "device_unavailable"


def test_cores_are_those_this_process_may_use():
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("no affinity here")
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from colorlab import session; print(session.available_cores())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


RUN = """
    import sys
    sys.path.insert(0, {tests!r})
    import generators, numpy as np
    from colorlab.model import verification
    from colorlab.session import GeneratorSession
    session = GeneratorSession(verification.load_bytes(generators.constant().SerializeToString()))
    def run(): return session.run(np.zeros((1, 1, 64, 64), np.float32))
    run()
"""


def in_process(code, **options):
    script = textwrap.dedent(RUN.format(tests=os.path.dirname(__file__)) + code)  # noqa: PTH120
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


def test_opening_and_running_print_nothing():
    done = in_process("")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_failures_print_nothing_either():
    done = in_process(
        """
    from colorlab import errors
    made = generators.hungry(good_batch=0)
    session = GeneratorSession(verification.load_bytes(made.SerializeToString()))
    try:
        run()
    except errors.OutOfMemoryError:
        print("caught")
    """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "caught\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_session_works_after_a_fork_in_both_processes():
    done = in_process(
        """
    import os
    child = os.fork()
    result = float(run()[0, 0, 0, 0])
    if child == 0:
        os._exit(0 if abs(result - 30) < 1e-3 else 1)
    _, status = os.waitpid(child, 0)
    print(status, round(result))
    """
    )
    assert (done.stdout, done.stderr, done.returncode) == ("0 30\n", "", 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_worker_runs_drops_the_session_and_ends_by_itself():
    """The parent's session must not be destroyed in the child: it would wait for ever."""
    done = in_process(
        """
    import multiprocessing, sys
    def work():
        run()
        global session
        del session
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join(30)
    print(child.exitcode, float(run()[0, 0, 0, 0]) > 29)
    child.kill()
    """
    )
    assert (done.stdout, done.stderr, done.returncode) == ("0 True\n", "", 0)


@pytest.mark.gpu
@pytest.mark.skipif(session.count_gpus() == 0, reason="no NVIDIA device here")
def test_cuda_gives_what_the_cpu_gives():
    made = generators.by_lightness()
    on_gpu = opened(made, device="cuda", precision="float32")
    assert on_gpu.device == "cuda"
    batch = grey(4, 1, 64, 96)
    np.testing.assert_allclose(on_gpu.run(batch), opened(made, device="cpu").run(batch), atol=1e-3)
