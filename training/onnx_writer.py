"""A Keras functional model as ONNX, channels first, with every weight under its Keras name.

The graph has one ONNX node per layer (padding goes into the convolution after it) and no
transposes; ONNX Runtime folds the batch normalisations when it loads the file. Weights keep their
Keras paths as initializer names, so `read_weights` brings them back: an exported generator is also
a place to start training from.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np
import onnx
from colorlab.errors import ModelIncompatibleError
from keras import layers
from onnx import TensorProto, helper, numpy_helper

from .onnx_graph import Graph, from_onnx
from .onnx_layers import TRANSLATIONS

OPSET = 17
IR_VERSION = 9  # read by every ONNX Runtime since 1.15


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
    graph = Graph(half)
    (source,), (result,) = model.inputs, model.outputs
    graph.names[id(source)] = input_name
    check(model)
    for operation in model.operations:
        if not isinstance(operation, layers.InputLayer):
            TRANSLATIONS[type(operation)](graph, operation)
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


def check(model: keras.Model) -> None:
    """Raises ModelIncompatibleError for a model with a kind of layer that has no translation."""
    for operation in model.operations:
        if type(operation) not in TRANSLATIONS and not isinstance(operation, layers.InputLayer):
            kind = type(operation).__name__
            raise ModelIncompatibleError(
                f'the layer "{operation.name}" ({kind}) cannot be exported',
                hint=f"Exportable are: {', '.join(sorted(t.__name__ for t in TRANSLATIONS))}.",
            )


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
            array = from_onnx(layer, array)
            if array.shape != tuple(variable.shape):
                raise ModelIncompatibleError(
                    f'the weight "{variable.path}" is {array.shape} in the file, '
                    f"{tuple(variable.shape)} in the model",
                    hint="Use the architecture that the file was exported from.",
                )
            values.append((variable, array))
    for variable, array in values:
        variable.assign(array)
