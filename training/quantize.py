"""Static int8: a float generator as QDQ ONNX, calibrated on photos, accepted only if still good."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from colorlab.model.card import INPUT_NAME
from numpy.typing import NDArray
from onnxruntime import quantization
from onnxruntime.quantization.shape_inference import quant_pre_process

# The annealed mean turns logits into a*b*: quantised, it would round colours to steps of several
# units for a thousandth of the work.
_KEPT_FLOAT = ("anneal/", "bins/", "bin_mean/", "gain/", "ab/", "limit/", "logits/", "residual/")


class _Photos(quantization.CalibrationDataReader):  # type: ignore[misc]
    """Feeds lightness tensors [1,1,H,W] to the calibration, one by one."""

    def __init__(self, tensors: Sequence[NDArray[np.float32]]) -> None:
        self._feeds: Iterator[dict[str, Any]] = iter([{INPUT_NAME: t} for t in tensors])

    def get_next(self) -> dict[str, Any] | None:
        return next(self._feeds, None)


def quantize(exported: onnx.ModelProto, tensors: Sequence[NDArray[np.float32]]) -> onnx.ModelProto:
    """An int8 twin of a float32 generator: convolutions by channel, activations by tensor.

    Args:
        exported: from `onnx_writer.write`, not in half precision.
        tensors: lightness float32 [1,1,H,W] of calibration photos, -1..1; a few dozen do.
    """
    with tempfile.TemporaryDirectory(prefix="colorlab-int8-") as folder, _quiet():
        plain, folded, result = (Path(folder, f"{n}.onnx") for n in ("plain", "folded", "int8"))
        onnx.save(exported, plain)
        # Folds the batch normalisations, so that ranges are measured where they will be rounded.
        quant_pre_process(plain, folded, skip_symbolic_shape=True)
        graph = onnx.load(folded).graph
        quantization.quantize_static(
            folded,
            result,
            _Photos(tensors),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            weight_type=quantization.QuantType.QInt8,
            activation_type=quantization.QuantType.QUInt8,
            calibrate_method=quantization.CalibrationMethod.MinMax,
            op_types_to_quantize=["Conv", "Add", "Concat", "Resize", "Clip", "Relu"],
            nodes_to_exclude=[n.name for n in graph.node if _stays_float(n)],
        )
        quantized = onnx.load(result)
    del quantized.metadata_props[:]
    return quantized


def _stays_float(node: onnx.NodeProto) -> bool:
    names = [node.name, *node.output]
    return any(name.startswith(_KEPT_FLOAT) or name == "ab" for name in names)


class _quiet:
    """Silences the advice that the quantiser logs about models that are no classifiers."""

    def __enter__(self) -> None:
        self._level = logging.root.level
        logging.root.setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        logging.root.setLevel(self._level)
