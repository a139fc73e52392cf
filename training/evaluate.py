"""A generator measured on validation photos, while it trains and before it ships.

The same protocol as `colorlab evaluate` (colorlab.evaluation): photos area-reduced to a short side
of 256, the grey made of their L*, the predicted ab joined with the grey's own lightness.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
from colorlab import _core, evaluation
from colorlab.model.card import INPUT_NAME, OUTPUT_NAME
from colorlab.render import render_size
from numpy.typing import NDArray

from . import backends, models

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Predict = Callable[[Floats], Floats]  # lightness [1,1,H,W] -> a*b* [h,w,2]


def network_input(grey: Bytes, size: int) -> Floats:
    """Network input float32 [1,1,H,W] of a grey photo [h,w], its short side at most `size`."""
    height, width = render_size(*grey.shape[:2], size=size, stride=models.STRIDE)
    tensor: Floats = _core.preprocess(grey, height, width)
    return tensor


def colorize(grey: Bytes, predict: Predict, size: int) -> Bytes:
    """uint8 RGB [h,w,3] of a grey photo [h,w], as the shipped pipeline makes it."""
    return join(grey, predict(network_input(grey, size)))


def join(grey: Bytes, ab: Floats) -> Bytes:
    """The grey photo [H,W] with colours a*b* [h,w,2], brought to its size along its edges."""
    rgb, _ = _core.recolor(grey, np.ascontiguousarray(ab, np.float32))
    pixels: Bytes = rgb
    return pixels


def keras_predictor(inference: keras.Model, ab_scale: float) -> Predict:
    """Of a model from `models.inference_model`."""

    forward = backends.compiled(lambda lightness: inference(lightness, training=False), inference)

    def predict(tensor: Floats) -> Floats:
        ab = np.asarray(forward(tensor.transpose(0, 2, 3, 1)))[0]
        scaled: Floats = np.clip(ab, -1, 1) * np.float32(ab_scale)
        return scaled

    return predict


def onnx_predictor(exported: bytes, ab_scale: float) -> Predict:
    """Of a serialized ONNX generator of format 1."""
    session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])

    def predict(tensor: Floats) -> Floats:
        (ab,) = session.run([OUTPUT_NAME], {INPUT_NAME: tensor})
        scaled: Floats = ab[0].transpose(1, 2, 0) * np.float32(ab_scale)
        return scaled

    return predict


def measure(predict: Predict, photos: Sequence[Path], *, root: Path, size: int) -> dict[str, Any]:
    """PSNR, dE00, CF, AuC and more over the photos, with those of all-grey and the gains over it.

    Args:
        root: the photos' names are relative to it.
        size: short side of the network's input, pixels.

    Returns:
        protocol, summary, all_grey, over_all_grey and failed of `colorlab.evaluation.Evaluation`.
    """
    found = evaluation.evaluate(
        photos, lambda _path, _truth, grey: colorize(grey, predict, size), root=root
    )
    return {key: value for key, value in found.as_dict().items() if key != "photos"}
