"""Generators (lightness in, ab out) and the discriminator, as Keras functional models."""

from __future__ import annotations

import numpy as np
from keras import KerasTensor, Model, initializers, layers

from . import backbones, onnx_writer
from . import bins as ab_bins
from . import encoder as lite
from .config import Config, ModelConfig
from .spectral import SpectralConv2D

STRIDE = 32  # sides of the input are multiples of this
# Encoders from scratch: widths at 1/2, 1/4, 1/8, 1/16 and 1/32 of the input.
PLAIN_ENCODERS = {
    "unet-nano": (16, 24, 40, 64, 96),
    "unet-tiny": (24, 48, 96, 160, 256),
    "unet-base": (48, 96, 192, 320, 512),
}
DOWNSCALE = 4  # the ab output is this much smaller than the input


def build_generator(config: ModelConfig, *, fresh: bool = True) -> Model:
    """U-Net [N,H,W,1] -> logits over the ab bins [N,H/4,W/4,Q] and residual ab [N,H/4,W/4,2].

    The residual is in units of ab_scale, added to the bins' annealed mean. With the regression head
    the only output is ab [N,H/4,W/4,2], in the same units.

    Args:
        fresh: an encoder of `config.pretrained` has its ImageNet weights; else those of all layers
            are still to be loaded, and the ImageNet ones need not be there.
    """
    encoder = _encoder(config, fresh=fresh)
    quarter, eighth, sixteenth, top = encoder.outputs[-4:]
    x = _conv(top, config.decoder[0], 1, "decoder32")
    for tap, width, name in zip(
        (sixteenth, eighth, quarter), config.decoder, ("16", "8", "4"), strict=True
    ):
        x = layers.UpSampling2D(2, interpolation="nearest", name=f"decoder{name}_up")(x)
        x = layers.Concatenate(name=f"decoder{name}_skip")([x, tap])
        x = _conv(x, width, 3, f"decoder{name}")
    if config.head == "regression":
        ab = layers.Conv2D(2, 1, kernel_initializer="zeros", name="regression")(x)
        return Model(encoder.inputs[0], ab, name="generator")
    count = len(ab_bins.ab_bins())
    logits = layers.Conv2D(count, 1, name="logits")(x)
    residual = layers.Conv2D(2, 1, kernel_initializer="zeros", name="residual")(x)
    return Model(encoder.inputs[0], [logits, residual], name="generator")


def _encoder(config: ModelConfig, *, fresh: bool) -> Model:
    pretrained = config.pretrained and fresh
    if config.architecture in PLAIN_ENCODERS:
        return _plain_encoder(PLAIN_ENCODERS[config.architecture])
    if config.architecture == "unet-keras":
        encoder = backbones.build_encoder(config.backbone, pretrained=pretrained)
        onnx_writer.check(encoder)  # rather now than after the training
    else:
        variant = lite.VARIANTS[config.architecture]
        encoder = lite.build_encoder(variant)
        if pretrained:
            lite.load_pretrained(encoder, variant)
    for layer in encoder.layers:
        if isinstance(layer, layers.BatchNormalization) and config.pretrained:
            layer.trainable = False  # ImageNet's statistics; also what small batches need
    frozen = lite.frozen_layer_names(encoder, config.frozen_blocks)
    for layer in encoder.layers:
        if layer.name in frozen:
            layer.trainable = False
    return encoder


def _plain_encoder(widths: tuple[int, ...]) -> Model:
    """From scratch, of full convolutions: taps of these widths at 1/2, 1/4, 1/8, 1/16 and 1/32.

    Its weights train like the decoder's, from the first step and at the same rate.
    """
    x = lightness = layers.Input((None, None, 1), name="lightness")
    taps = []
    for index, width in enumerate(widths):
        x = layers.ZeroPadding2D(1, name=f"down{index}_pad")(x)
        x = _conv(x, width, 3, f"down{index}", stride=2)
        if index > 1:
            y = _conv(x, width, 3, f"down{index}a")
            x = layers.Add(name=f"down{index}_add")([x, _conv(y, width, 3, f"down{index}b")])
        taps.append(x)
    return Model(lightness, taps, name="encoder")


def _conv(x: KerasTensor, width: int, kernel: int, name: str, *, stride: int = 1) -> KerasTensor:
    """Convolution, batch normalisation and ReLU; with a stride the input comes padded."""
    padding = "same" if stride == 1 else "valid"
    x = layers.Conv2D(
        width, kernel, strides=stride, padding=padding, use_bias=False, name=f"{name}_conv"
    )(x)
    x = layers.BatchNormalization(epsilon=1e-3, momentum=0.97, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_act")(x)


def ab_from(logits: KerasTensor, residual: KerasTensor, config: ModelConfig) -> KerasTensor:
    """Annealed mean of the bins (Zhang et al. 2016) plus the residual, in units of ab_scale."""
    centres = ab_bins.ab_bins() / config.ab_scale * config.gain
    sharp = layers.Rescaling(1.0 / config.temperature, name="anneal")(logits)
    mean = layers.Conv2D(
        2,
        1,
        use_bias=False,
        trainable=False,
        kernel_initializer=initializers.Constant(centres[None, None].astype(np.float32)),
        name="bin_mean",
    )(layers.Softmax(name="bins")(sharp))
    return layers.Add(name="ab")([mean, layers.Rescaling(config.gain, name="gain")(residual)])


def inference_model(generator: Model, config: Config) -> Model:
    """The generator as it ships: lightness [N,H,W,1] -> ab [N,h,w,2], times ab_scale = a*b*."""
    if len(generator.outputs) == 1:
        ab = layers.Rescaling(config.model.gain, name="gain")(generator.outputs[0])
    else:
        logits, residual = generator.outputs
        ab = ab_from(logits, residual, config.model)
    return Model(generator.inputs[0], ab, name="inference")


def build_discriminator(width: int = 48, *, spectral_norm: bool = False) -> Model:
    """Conditional PatchGAN (Isola et al. 2017) on L and ab at ab resolution.

    [N,h,w,1] and [N,h,w,2] -> three feature maps, for feature matching, and one logit per patch.
    Two stride-2 and two stride-1 4x4 convolutions see 34 pixels of the output, 136 of the photo.
    """
    convolution = SpectralConv2D if spectral_norm else layers.Conv2D
    lightness = layers.Input((None, None, 1), name="lightness")
    ab = layers.Input((None, None, 2), name="ab")
    x = layers.Concatenate()([lightness, ab])
    features = []
    for index, (channels, stride) in enumerate(((width, 2), (width * 2, 2), (width * 4, 1))):
        x = layers.ZeroPadding2D(1)(x)
        x = convolution(channels, 4, strides=stride, name=f"patch{index}_conv")(x)
        if index:
            x = layers.GroupNormalization(8, name=f"patch{index}_norm")(x)
        x = layers.LeakyReLU(0.2)(x)
        features.append(x)
    x = convolution(1, 4, padding="same", name="patch_logit")(x)
    return Model([lightness, ab], [*features, x], name="discriminator")
