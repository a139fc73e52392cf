"""Small ONNX generators for tests: good ones, and one for each way to break the contract."""

import dataclasses

import numpy as np
from colorlab.model import card
from colorlab.model.card import ModelCard
from colorlab.model.classes import ColorClasses
from onnx import TensorProto, helper, numpy_helper

CARD = ModelCard("test", "1", ab_scale=100.0, stride=8, default_size=64, licence="MIT")


def constants(**values):
    return [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()]


def model(
    nodes,
    initializers=(),
    *,
    about=CARD,
    input=("lightness", TensorProto.FLOAT, ["n", 1, "h", "w"]),
    output=("ab", TensorProto.FLOAT, ["n", 2, "h2", "w2"]),
    also=(),
    domains=(),
    **graph,
):
    """A ModelProto with a card (None: without)."""
    made = helper.make_model(
        helper.make_graph(
            nodes,
            "generator",
            [helper.make_tensor_value_info(*input)],
            [helper.make_tensor_value_info(*each) for each in (output, *also)],
            initializer=list(initializers),
            **graph,
        ),
        opset_imports=[
            helper.make_opsetid("", 17),
            *(helper.make_opsetid(domain, 1) for domain in domains),
        ],
        ir_version=8,
    )
    if about is not None:
        card.attach(made, about)
    return made


def constant(a=0.3, b=-0.2, *, shrink=4, **options):
    """Paints every photo in one colour: a* = 100 a, b* = 100 b; its output is `shrink` smaller."""
    nodes = [
        helper.make_node(
            "AveragePool", ["lightness"], ["small"], kernel_shape=[shrink] * 2, strides=[shrink] * 2
        ),
        helper.make_node("Mul", ["small", "zero"], ["nothing"]),
        helper.make_node("Concat", ["nothing", "nothing"], ["two"], axis=1),
        helper.make_node("Add", ["two", "color"], ["ab"]),
    ]
    color = np.array([a, b], np.float32).reshape(1, 2, 1, 1)
    return model(nodes, constants(zero=np.float32(0), color=color), **options)


def by_lightness(**options):
    """a* is 50 times the network's input (-1..1), b* is -50 times: dark and light differ."""
    nodes = [
        helper.make_node("Mul", ["lightness", "half"], ["a"]),
        helper.make_node("Neg", ["a"], ["b"]),
        helper.make_node("Concat", ["a", "b"], ["ab"], axis=1),
    ]
    return model(nodes, constants(half=np.float32(0.5)), **options)


CENTRES = ((0.0, 0.0), (60.0, 40.0), (-10.0, -50.0), (-40.0, 40.0))


def classifying(logits=(0.0, 2.0, 2.0, -2.0), *, temperature=0.5, gain=1.5, also=None, **options):
    """Believes the same of every pixel: `logits` over CENTRES; its output is 4 times smaller."""
    about = dataclasses.replace(CARD, classes=ColorClasses(CENTRES, temperature, gain))
    count = len(logits)
    nodes = [
        helper.make_node(
            "AveragePool", ["lightness"], ["small"], kernel_shape=[4, 4], strides=[4, 4]
        ),
        helper.make_node("Mul", ["small", "zero"], ["nothing"]),
        helper.make_node("Concat", ["nothing"] * count, ["many"], axis=1),
        helper.make_node("Add", ["many", "belief"], ["logits"]),
        helper.make_node("Mul", ["logits", "sharpness"], ["sharp"]),
        helper.make_node("Softmax", ["sharp"], ["probability"], axis=1),
        helper.make_node("Conv", ["probability", "centres"], ["ab"]),
    ]
    centres = np.array(CENTRES, np.float32).T * gain / CARD.ab_scale
    initializers = constants(
        zero=np.float32(0),
        belief=np.array(logits, np.float32).reshape(1, count, 1, 1),
        sharpness=np.float32(1 / temperature),
        centres=np.ascontiguousarray(centres.reshape(2, count, 1, 1)),
    )
    if also is None:
        also = [("logits", TensorProto.FLOAT, ["n", count, "h2", "w2"])]
    return model(nodes, initializers, about=about, also=also, **options)


def hungry(good_batch, **options):
    """Takes more memory than any machine has for batches above `good_batch`."""
    nodes = [
        helper.make_node("Shape", ["lightness"], ["count"], start=0, end=1),
        helper.make_node("Sub", ["count", "good"], ["over"]),
        helper.make_node("Max", ["over", "none"], ["excess"]),
        helper.make_node("Mul", ["excess", "much"], ["bytes"]),
        helper.make_node("Add", ["bytes", "one"], ["length"]),
        helper.make_node("ConstantOfShape", ["length"], ["zeros"]),
        helper.make_node("ReduceMax", ["zeros"], ["zero"], keepdims=0),
        helper.make_node("Mul", ["lightness", "zero"], ["nothing"]),
        helper.make_node("Concat", ["nothing", "nothing"], ["two"], axis=1),
        helper.make_node("Add", ["two", "color"], ["ab"]),
    ]
    return model(
        nodes,
        constants(
            good=np.array([good_batch], np.int64),
            none=np.array([0], np.int64),
            much=np.array([10**14], np.int64),
            one=np.array([1], np.int64),
            color=np.float32(0.25),
        ),
        **options,
    )


def save(made, path):
    path.write_bytes(made.SerializeToString())
    return path
