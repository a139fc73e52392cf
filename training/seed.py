"""The networks that this project began with in 2018, for comparison: seed-256 and seed-32.

The discriminator sees only ab. Both networks are kept as they were, but for a single logit in place
of seed-32's pair of classes; how they were trained is in the presets.
Sides of 256 and 32 pixels are the discriminators'; the generators take any multiple of 8.
"""

from __future__ import annotations

from keras import KerasTensor, Model, layers

from .config import ARCHITECTURES

SIDES = {name: side for name, side in ARCHITECTURES.items() if name.startswith("seed-")}


def build_generator(architecture: str) -> Model:
    """[N,H,W,1] (L*/50-1) -> ab [N,H,W,2] over ab_scale, within -1..1 (tanh)."""
    source = layers.Input((None, None, 1), name="lightness")
    ab = _generator_256(source) if architecture == "seed-256" else _generator_32(source)
    return Model(source, ab, name="generator")


def build_discriminator(architecture: str) -> Model:
    """ab [N,S,S,2] -> one logit [N,1], S the side of the architecture."""
    side = SIDES[architecture]
    source = layers.Input((side, side, 2), name="ab")
    logit = _critic_256(source) if architecture == "seed-256" else _critic_32(source)
    return Model(source, logit, name="discriminator")


def _generator_256(x: KerasTensor) -> KerasTensor:
    x = _conv(x, 64, "down128a", stride=2)
    half = x = _conv(x, 128, "down128b")
    x = _conv(x, 128, "down64a", stride=2)
    quarter = x = _conv(x, 256, "down64b")
    x = _conv(x, 512, "down32", stride=2)
    for width, tap, name in ((256, quarter, "up64"), (128, half, "up128")):
        x = _conv(layers.UpSampling2D(2, name=f"{name}_up")(x), width, f"{name}a")
        x = _conv(layers.Concatenate(name=f"{name}_skip")([x, tap]), width, f"{name}b")
    x = _conv(layers.UpSampling2D(2, name="up256_up")(x), 64, "up256")
    x = layers.Conv2D(2, 3, padding="same", name="ab_conv")(x)
    return layers.Activation("tanh", name="ab")(x)


def _generator_32(x: KerasTensor) -> KerasTensor:
    x = _conv(x, 32, "full", norm=False)
    x = _conv(x, 64, "down16", stride=2)
    x = _conv(x, 128, "down8a", stride=2, norm=False)
    x = _conv(x, 128, "down8b")
    x = _conv(x, 256, "deep")
    for width, name in ((128, "up16"), (64, "up32")):
        x = layers.Conv2DTranspose(width, 3, strides=2, padding="same", name=f"{name}_conv")(x)
        x = layers.ReLU(name=f"{name}_act")(x)
        x = layers.BatchNormalization(name=f"{name}_bn")(x)
    x = _conv(x, 32, "last", norm=False)
    x = layers.Conv2D(2, 3, padding="same", name="ab_conv")(x)
    return layers.Activation("tanh", name="ab")(x)


def _conv(
    x: KerasTensor, width: int, name: str, *, stride: int = 1, norm: bool = True
) -> KerasTensor:
    if stride == 2:  # "same" of an even side, spelled out so that it exports at any size
        x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"{name}_pad")(x)
    padding = "valid" if stride == 2 else "same"
    x = layers.Conv2D(width, 3, strides=stride, padding=padding, name=f"{name}_conv")(x)
    if norm:
        x = layers.BatchNormalization(name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_act")(x)


def _critic_256(x: KerasTensor) -> KerasTensor:
    x = layers.Conv2D(32, 3, strides=2, padding="same")(x)
    x = layers.LeakyReLU(0.2)(x)
    for width, stride, rate in ((64, 1, 0.25), (128, 1, 0.25), (256, 2, 0.5)):
        if stride == 1:
            x = layers.AveragePooling2D(2)(x)
        x = layers.Conv2D(width, 3, strides=stride, padding="same")(x)
        x = layers.LeakyReLU(0.2)(layers.BatchNormalization()(x))
        x = layers.Dropout(rate)(x)
    return layers.Dense(1)(layers.Flatten()(x))


def _critic_32(x: KerasTensor) -> KerasTensor:
    for width in (32, 64):
        for _ in range(2):
            x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = layers.Dropout(0.25)(layers.MaxPooling2D(2)(x))
    x = layers.LeakyReLU(0.2)(layers.Dense(512)(layers.Flatten()(x)))
    return layers.Dense(1)(layers.Dropout(0.5)(x))
