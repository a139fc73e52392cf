"""An ONNX graph while it is written, channels first, from Keras layers that are channels last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from keras import layers
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

_HALF_SUFFIX = "/float32"  # what a weight stored in half precision is called once widened
_MIN_HALF = 8192  # values; smaller weights stay single: 3 % of the file for a tenth of the error

Array = NDArray[np.float32]


# Kernels are (height, width, in, out) in Keras and (out, in, height, width) in ONNX; depthwise ones
# (height, width, channels, 1) and (channels, 1, height, width).
def to_onnx(layer: Any, value: Array) -> Array:
    if value.ndim != 4:
        return value
    return value.transpose(_TO_DEPTHWISE if _is_depthwise(layer) else _TO_FULL)


def from_onnx(layer: Any, value: Array) -> Array:
    if value.ndim != 4:
        return value
    return value.transpose(np.argsort(_TO_DEPTHWISE if _is_depthwise(layer) else _TO_FULL))


_TO_FULL, _TO_DEPTHWISE = (3, 2, 0, 1), (2, 3, 0, 1)


def _is_depthwise(layer: Any) -> bool:
    return isinstance(layer, layers.DepthwiseConv2D)


class Graph:
    """The ONNX graph being written, and what each Keras tensor is called in it."""

    def __init__(self, half: bool) -> None:
        self.half = half
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.names: dict[int, str] = {}
        self.pads: dict[int, list[int]] = {}  # of a tensor that is still to be padded

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def layer_node(
        self, kind: str, layer: Any, extra: Sequence[str] = (), **attributes: Any
    ) -> None:
        """A node named after the layer, from the layer's inputs and `extra` to its output."""
        tensors = layer.input if isinstance(layer.input, list) else [layer.input]
        inputs = [self.name_of(t, padded=kind != "Conv") for t in tensors]
        output = f"{layer.name}/output"
        self.names[id(layer.output)] = self.node(kind, [*inputs, *extra], output, **attributes)

    def name_of(self, tensor: Any, *, padded: bool = True) -> str:
        """What a Keras tensor is called; a padding that still waits for a convolution is made a
        node, where it is none that asks."""
        pads = self.pads.get(id(tensor)) if padded else None
        name = self.names[id(tensor)]
        if pads is None:
            return name
        top, left, bottom, right = pads
        sides = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
        self.initializers.append(numpy_helper.from_array(sides, f"{name}/pads"))
        return self.node("Pad", [name, f"{name}/pads"], f"{name}/padded")

    def constant(self, name: str, value: float | Sequence[float]) -> str:
        self.initializers.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name

    def weight(self, layer: Any, variable: Any) -> str:
        """Stores a layer's weight under its Keras path; gives the name of its float32 values."""
        value = to_onnx(layer, np.asarray(variable.value, np.float32))
        value = np.ascontiguousarray(value)
        if not self.half or value.size < _MIN_HALF:
            self.initializers.append(numpy_helper.from_array(value, variable.path))
            return str(variable.path)
        self.initializers.append(numpy_helper.from_array(value.astype(np.float16), variable.path))
        wide = f"{variable.path}{_HALF_SUFFIX}"
        return self.node("Cast", [variable.path], wide, to=TensorProto.FLOAT)
