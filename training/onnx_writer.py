"""A Keras functional model as ONNX, channels first, with every weight under its Keras name.

The graph has one ONNX node per layer (padding goes into the convolution after it) and no
transposes; ONNX Runtime folds the batch normalisations when it loads the file. Weights keep their
Keras paths as initializer names, so `read_weights` brings them back: an exported generator is also
a place to start training from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import onnx
from colorlab.errors import ModelIncompatibleError
from keras import layers
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 9  # read by every ONNX Runtime since 1.15
_HALF_SUFFIX = "/float32"  # what a weight stored in half precision is called once widened
_MIN_HALF = 8192  # values; smaller weights stay single: 3 % of the file for a tenth of the error

Array = NDArray[np.float32]


def write(
    model: keras.Model,
    *,
    input_name: str,
    output_name: str,
    limit: float,
    also: Mapping[str, str] | None = None,
    half: bool = False,
) -> onnx.ModelProto:
    """The model as ONNX: float32 [N,C,H,W] in and out, N, H, W free, output clipped to +-limit.

    Args:
        model: functional, channels last, one input and one output, each layer used once.
        also: further outputs: their names, each with the layer whose output it is.
        half: store large weights as float16, widened when the file is loaded.

    Raises:
        ModelIncompatibleError: the model holds a layer that has no translation, by name.
    """
    graph = _Graph(half)
    (source,), (result,) = model.inputs, model.outputs
    graph.names[id(source)] = input_name
    for operation in model.operations:
        if isinstance(operation, layers.InputLayer):
            continue
        translate = _TRANSLATIONS.get(type(operation))
        if translate is None:
            kind = type(operation).__name__
            raise ModelIncompatibleError(
                f'the layer "{operation.name}" ({kind}) cannot be exported',
                hint=f"Exportable are: {', '.join(sorted(t.__name__ for t in _TRANSLATIONS))}.",
            )
        translate(graph, operation)
    low, high = graph.constant("limit/low", -limit), graph.constant("limit/high", limit)
    graph.node("Clip", [graph.names[id(result)], low, high], output_name)
    outputs = [_value(output_name, result, "h", "w")]
    for name, layer in (also or {}).items():
        tensor = model.get_layer(layer).output
        graph.node("Identity", [graph.names[id(tensor)]], name)
        outputs.append(_value(name, tensor, "h", "w"))
    proto = helper.make_graph(
        graph.nodes, model.name, [_value(input_name, source, "H", "W")], outputs, graph.initializers
    )
    exported = helper.make_model(proto, opset_imports=[helper.make_opsetid("", OPSET)])
    exported.ir_version = IR_VERSION
    onnx.checker.check_model(exported, full_check=True)
    return exported


def _value(name: str, tensor: keras.KerasTensor, height: str, width: str) -> onnx.ValueInfoProto:
    shape = ["N", int(tensor.shape[-1]), height, width]
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def read_weights(exported: onnx.ModelProto, model: keras.Model) -> None:
    """Puts the weights of a file that `write` made into a model of the same architecture.

    Raises:
        ModelIncompatibleError: a weight of the model is not in the file, or has another shape;
            the model is as it was then.
    """
    stored = {tensor.name: tensor for tensor in exported.graph.initializer}
    values = []
    for layer in model.layers:
        for variable in layer.weights:
            if variable.path not in stored:
                raise ModelIncompatibleError(
                    f'the file holds no weight "{variable.path}"',
                    hint="Only files from `colorlab export`, not quantised, can be trained on.",
                )
            array = numpy_helper.to_array(stored[variable.path]).astype(np.float32)
            array = _from_onnx(layer, array)
            if array.shape != tuple(variable.shape):
                raise ModelIncompatibleError(
                    f'the weight "{variable.path}" is {array.shape} in the file, '
                    f"{tuple(variable.shape)} in the model",
                    hint="Use the architecture that the file was exported from.",
                )
            values.append((variable, array))
    for variable, array in values:
        variable.assign(array)


# Kernels are (height, width, in, out) in Keras and (out, in, height, width) in ONNX; depthwise ones
# (height, width, channels, 1) and (channels, 1, height, width).
def _to_onnx(layer: Any, value: Array) -> Array:
    if value.ndim != 4:
        return value
    return value.transpose(_TO_DEPTHWISE if _is_depthwise(layer) else _TO_FULL)


def _from_onnx(layer: Any, value: Array) -> Array:
    if value.ndim != 4:
        return value
    return value.transpose(np.argsort(_TO_DEPTHWISE if _is_depthwise(layer) else _TO_FULL))


_TO_FULL, _TO_DEPTHWISE = (3, 2, 0, 1), (2, 3, 0, 1)


def _is_depthwise(layer: Any) -> bool:
    return isinstance(layer, layers.DepthwiseConv2D)


class _Graph:
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
        inputs = [self.names[id(t)] for t in tensors]
        if kind != "Conv" and any(id(t) in self.pads for t in tensors):
            raise ModelIncompatibleError(
                f'the layer "{layer.name}" follows a padding, which only convolutions may'
            )
        output = f"{layer.name}/output"
        self.names[id(layer.output)] = self.node(kind, [*inputs, *extra], output, **attributes)

    def constant(self, name: str, value: float | Sequence[float]) -> str:
        self.initializers.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name

    def weight(self, layer: Any, variable: Any) -> str:
        """Stores a layer's weight under its Keras path; gives the name of its float32 values."""
        value = _to_onnx(layer, np.asarray(variable.value, np.float32))
        value = np.ascontiguousarray(value)
        if not self.half or value.size < _MIN_HALF:
            self.initializers.append(numpy_helper.from_array(value, variable.path))
            return str(variable.path)
        self.initializers.append(numpy_helper.from_array(value.astype(np.float16), variable.path))
        wide = f"{variable.path}{_HALF_SUFFIX}"
        return self.node("Cast", [variable.path], wide, to=TensorProto.FLOAT)


def _padding(graph: _Graph, layer: layers.ZeroPadding2D) -> None:
    (top, bottom), (left, right) = layer.padding
    graph.names[id(layer.output)] = graph.names[id(layer.input)]
    graph.pads[id(layer.output)] = [top, left, bottom, right]


def _conv(graph: _Graph, layer: layers.Conv2D) -> None:
    _any_conv(graph, layer, group=1, weights=[layer.kernel])


def _depthwise(graph: _Graph, layer: layers.DepthwiseConv2D) -> None:
    if layer.depth_multiplier != 1:
        raise ModelIncompatibleError(f'the layer "{layer.name}" multiplies its depth')
    _any_conv(graph, layer, group=int(layer.kernel.shape[2]), weights=[layer.kernel])


def _any_conv(graph: _Graph, layer: Any, group: int, weights: list[Any]) -> None:
    pads = list(graph.pads.get(id(layer.input), [0, 0, 0, 0]))
    if layer.padding == "same":
        if tuple(layer.strides) != (1, 1) or any(k % 2 == 0 for k in layer.kernel_size):
            raise ModelIncompatibleError(
                f'the layer "{layer.name}" pads "same" with strides or an even kernel',
                hint="Use ZeroPadding2D and padding='valid'.",
            )
        top, left = (k // 2 for k in layer.kernel_size)
        pads = [p + q for p, q in zip(pads, (top, left, top, left), strict=True)]
    if layer.use_bias:
        weights = [*weights, layer.bias]
    graph.layer_node(
        "Conv",
        layer,
        [graph.weight(layer, w) for w in weights],
        kernel_shape=list(layer.kernel_size),
        strides=list(layer.strides),
        dilations=list(layer.dilation_rate),
        group=group,
        pads=pads,
    )
    _activate(layer)


def _activate(layer: Any) -> None:
    name = keras.activations.serialize(layer.activation)
    if name != "linear":
        raise ModelIncompatibleError(f'the layer "{layer.name}" has an activation of its own')


def _norm(graph: _Graph, layer: layers.BatchNormalization) -> None:
    weights = (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
    names = [graph.weight(layer, w) for w in weights]
    graph.layer_node("BatchNormalization", layer, names, epsilon=float(layer.epsilon))


def _relu(graph: _Graph, layer: layers.ReLU) -> None:
    if layer.max_value is None:
        graph.layer_node("Relu", layer)
        return
    bounds = (f"{layer.name}/low", 0.0), (f"{layer.name}/high", float(layer.max_value))
    graph.layer_node("Clip", layer, [graph.constant(name, value) for name, value in bounds])


def _transposed(graph: _Graph, layer: layers.Conv2DTranspose) -> None:
    if layer.padding != "same" or tuple(layer.strides) != (2, 2) or layer.kernel_size != (3, 3):
        raise ModelIncompatibleError(
            f'the layer "{layer.name}" is no transposed 3x3 convolution of stride 2, "same"'
        )
    _activate(layer)
    graph.layer_node(
        "ConvTranspose",
        layer,
        [graph.weight(layer, layer.kernel), graph.weight(layer, layer.bias)],
        kernel_shape=[3, 3],
        strides=[2, 2],
        pads=[0, 0, 1, 1],
    )


def _tanh(graph: _Graph, layer: layers.Activation) -> None:
    if keras.activations.serialize(layer.activation) != "tanh":
        raise ModelIncompatibleError(f'the layer "{layer.name}" is no tanh')
    graph.layer_node("Tanh", layer)


def _upsample(graph: _Graph, layer: layers.UpSampling2D) -> None:
    if layer.interpolation != "nearest":
        raise ModelIncompatibleError(f'the layer "{layer.name}" does not repeat pixels')
    scales = graph.constant(f"{layer.name}/scales", [1.0, 1.0, *(float(s) for s in layer.size)])
    graph.layer_node(
        "Resize",
        layer,
        ["", scales],
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


def _rescale(graph: _Graph, layer: layers.Rescaling) -> None:
    if layer.offset:
        raise ModelIncompatibleError(f'the layer "{layer.name}" has an offset')
    graph.layer_node("Mul", layer, [graph.constant(f"{layer.name}/scale", float(layer.scale))])


_TRANSLATIONS: dict[type, Callable[[_Graph, Any], None]] = {
    layers.ZeroPadding2D: _padding,
    layers.Conv2D: _conv,
    layers.DepthwiseConv2D: _depthwise,
    layers.BatchNormalization: _norm,
    layers.ReLU: _relu,
    layers.Activation: _tanh,
    layers.Conv2DTranspose: _transposed,
    layers.UpSampling2D: _upsample,
    layers.Rescaling: _rescale,
    layers.Concatenate: lambda graph, layer: graph.layer_node("Concat", layer, axis=1),
    layers.Add: lambda graph, layer: graph.layer_node("Add", layer),
    layers.Softmax: lambda graph, layer: graph.layer_node("Softmax", layer, axis=1),
}
