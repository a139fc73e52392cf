"""Keras layers as ONNX nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from colorlab.errors import ModelIncompatibleError
from keras import layers

from .onnx_graph import Graph


def _padding(graph: Graph, layer: layers.ZeroPadding2D) -> None:
    (top, bottom), (left, right) = layer.padding
    before = graph.pads.get(id(layer.input), [0, 0, 0, 0])
    pads = [p + q for p, q in zip(before, (top, left, bottom, right), strict=True)]
    graph.names[id(layer.output)] = graph.names[id(layer.input)]
    graph.pads[id(layer.output)] = pads


def _conv(graph: Graph, layer: layers.Conv2D) -> None:
    _any_conv(graph, layer, group=layer.groups, weights=[layer.kernel])


def _depthwise(graph: Graph, layer: layers.DepthwiseConv2D) -> None:
    if layer.depth_multiplier != 1:
        raise ModelIncompatibleError(f'the layer "{layer.name}" multiplies its depth')
    _any_conv(graph, layer, group=int(layer.kernel.shape[2]), weights=[layer.kernel])


def _any_conv(graph: Graph, layer: Any, group: int, weights: list[Any]) -> None:
    pads = list(graph.pads.get(id(layer.input), [0, 0, 0, 0]))
    if layer.padding == "same":
        pads = [p + q for p, q in zip(pads, _same_pads(layer), strict=True)]
    if layer.use_bias:
        weights = [*weights, layer.bias]
    _activated(
        graph,
        layer,
        "Conv",
        [graph.weight(layer, w) for w in weights],
        kernel_shape=list(layer.kernel_size),
        strides=list(layer.strides),
        dilations=list(layer.dilation_rate),
        group=group,
        pads=pads,
    )


def _same_pads(layer: Any) -> list[int]:
    """Top, left, bottom, right of TensorFlow's "same", for sides that the strides divide."""
    if any(k % 2 == 0 for k in layer.kernel_size) or any(s not in (1, 2) for s in layer.strides):
        raise ModelIncompatibleError(
            f'the layer "{layer.name}" pads "same" with an even kernel or a stride above 2',
            hint="Use ZeroPadding2D and padding='valid'.",
        )
    before = [(k - s) // 2 for k, s in zip(layer.kernel_size, layer.strides, strict=True)]
    after = [(k - s + 1) // 2 for k, s in zip(layer.kernel_size, layer.strides, strict=True)]
    return [*before, *after]


def _activated(
    graph: Graph, layer: Any, kind: str, extra: Sequence[str] = (), **attributes: Any
) -> None:
    """A node, and its layer's activation after it."""
    graph.layer_node(kind, layer, extra, **attributes)
    name = keras.activations.serialize(layer.activation)
    if name != "linear":
        linear = graph.names[id(layer.output)]
        graph.names[id(layer.output)] = _activation(graph, layer, name, linear)


def _activation(graph: Graph, layer: Any, name: Any, x: str) -> str:
    output = f"{layer.name}/activated"
    if name in _ACTIVATIONS:
        return graph.node(_ACTIVATIONS[name], [x], output)
    if name == "silu":
        gate = graph.node("Sigmoid", [x], f"{layer.name}/gate")
        return graph.node("Mul", [x, gate], output)
    raise ModelIncompatibleError(
        f'the activation of the layer "{layer.name}", {name}, cannot be exported',
        hint=f"Exportable are: linear, silu, {', '.join(sorted(_ACTIVATIONS))}.",
    )


_ACTIVATIONS = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh"}


def _activation_layer(graph: Graph, layer: layers.Activation) -> None:
    name = keras.activations.serialize(layer.activation)
    graph.names[id(layer.output)] = _activation(graph, layer, name, graph.name_of(layer.input))


def _norm(graph: Graph, layer: layers.BatchNormalization) -> None:
    weights = (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
    names = [graph.weight(layer, w) for w in weights]
    graph.layer_node("BatchNormalization", layer, names, epsilon=float(layer.epsilon))


def _relu(graph: Graph, layer: layers.ReLU) -> None:
    if layer.max_value is None:
        graph.layer_node("Relu", layer)
        return
    bounds = (f"{layer.name}/low", 0.0), (f"{layer.name}/high", float(layer.max_value))
    graph.layer_node("Clip", layer, [graph.constant(name, value) for name, value in bounds])


def _transposed(graph: Graph, layer: layers.Conv2DTranspose) -> None:
    if layer.padding != "same" or tuple(layer.strides) != (2, 2) or layer.kernel_size != (3, 3):
        raise ModelIncompatibleError(
            f'the layer "{layer.name}" is no transposed 3x3 convolution of stride 2, "same"'
        )
    _activated(
        graph,
        layer,
        "ConvTranspose",
        [graph.weight(layer, layer.kernel), graph.weight(layer, layer.bias)],
        kernel_shape=[3, 3],
        strides=[2, 2],
        pads=[0, 0, 1, 1],
    )


def _upsample(graph: Graph, layer: layers.UpSampling2D) -> None:
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


def _rescale(graph: Graph, layer: layers.Rescaling) -> None:
    scale = np.asarray(layer.scale, np.float32).reshape(-1, 1, 1)
    offset = np.asarray(layer.offset, np.float32).reshape(-1, 1, 1)
    _affine(graph, layer, scale, offset)


def _normalize(graph: Graph, layer: layers.Normalization) -> None:
    mean, variance = (np.asarray(each, np.float32) for each in (layer.mean, layer.variance))
    scale = 1 / np.maximum(np.sqrt(variance), np.float32(keras.backend.epsilon()))
    if layer.invert:
        raise ModelIncompatibleError(f'the layer "{layer.name}" takes a normalisation back')
    _affine(graph, layer, scale.reshape(-1, 1, 1), (-mean * scale).reshape(-1, 1, 1))


def _affine(graph: Graph, layer: Any, scale: Any, offset: Any) -> None:
    graph.layer_node("Mul", layer, [graph.constant(f"{layer.name}/scale", scale)])
    if np.any(offset):
        terms = [graph.names[id(layer.output)], graph.constant(f"{layer.name}/offset", offset)]
        graph.names[id(layer.output)] = graph.node("Add", terms, f"{layer.name}/shifted")


def _pool(kind: str) -> Callable[[Graph, Any], None]:
    def translate(graph: Graph, layer: Any) -> None:
        if layer.padding != "valid":
            raise ModelIncompatibleError(f'the layer "{layer.name}" pads its pools')
        graph.layer_node(
            kind, layer, kernel_shape=list(layer.pool_size), strides=list(layer.strides)
        )

    return translate


def _global_average(graph: Graph, layer: layers.GlobalAveragePooling2D) -> None:
    # Height and width stay, as 1; without `keepdims` a Reshape to (1, 1, C) follows.
    graph.layer_node("GlobalAveragePool", layer)


def _reshape(graph: Graph, layer: layers.Reshape) -> None:
    channels = int(layer.input.shape[-1])
    if len(layer.input.shape) != 2 or tuple(layer.target_shape) != (1, 1, channels):
        raise ModelIncompatibleError(f'the layer "{layer.name}" reshapes to other than (1, 1, C)')
    _same(graph, layer)


def _same(graph: Graph, layer: Any) -> None:
    """Nothing at inference."""
    graph.names[id(layer.output)] = graph.name_of(layer.input)


TRANSLATIONS: dict[type, Callable[[Graph, Any], None]] = {
    layers.ZeroPadding2D: _padding,
    layers.Conv2D: _conv,
    layers.DepthwiseConv2D: _depthwise,
    layers.BatchNormalization: _norm,
    layers.ReLU: _relu,
    layers.Activation: _activation_layer,
    layers.Conv2DTranspose: _transposed,
    layers.UpSampling2D: _upsample,
    layers.Rescaling: _rescale,
    layers.Normalization: _normalize,
    layers.MaxPooling2D: _pool("MaxPool"),
    layers.AveragePooling2D: _pool("AveragePool"),
    layers.GlobalAveragePooling2D: _global_average,
    layers.Reshape: _reshape,
    layers.Dropout: _same,
    layers.Multiply: lambda graph, layer: graph.layer_node("Mul", layer),
    layers.Concatenate: lambda graph, layer: graph.layer_node("Concat", layer, axis=1),
    layers.Add: lambda graph, layer: graph.layer_node("Add", layer),
    layers.Softmax: lambda graph, layer: graph.layer_node("Softmax", layer, axis=1),
}
