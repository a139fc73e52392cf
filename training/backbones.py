"""Any convolutional network of keras.applications as an encoder, with or without ImageNet weights.

Keras downloads weights at first use; where there is no network, set `model.pretrained = false` or
put the file that Keras names into its cache.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from colorlab.errors import TrainingError
from keras import KerasTensor, Model, layers

_SIDE = 224  # at which outputs are looked for; they are as many times smaller at any side
_SCALES = (4, 8, 16, 32)
_PREFIX = "block_"  # what an encoder's weights are known by


def build_encoder(name: str, *, pretrained: bool) -> Model:
    """`lightness` [N,H,W,1] (L*/50-1; sides multiples of 32) to taps at 1/4, 1/8, 1/16 and 1/32,
    each the last output of that size.

    Raises:
        TrainingError: there is no such network, its weights cannot be had, it is no network of
            images to feature maps, or one of the sizes is missing.
    """
    make = _constructor(name)
    shape = (_SIDE, _SIDE, 3)
    try:
        original = make(
            include_top=False, weights="imagenet" if pretrained else None, input_shape=shape
        )
    except Exception as error:  # what a download can raise is not documented
        if not pretrained:
            raise TrainingError(f"model.backbone: {name} cannot be built: {error}") from error
        raise TrainingError(
            f"the ImageNet weights of {name} cannot be had: {error}",
            hint="Download needs a network, once; model.pretrained = false does without.",
        ) from error
    lightness = layers.Input((None, None, 1), name="lightness")
    taps = _taps(original, name)
    made = _copy(original, _as_rgb(lightness, _preprocessing(make)), name)
    return Model(lightness, [made[id(tap)] for tap in taps], name="encoder")


def names() -> list[str]:
    """What `model.backbone` may be."""
    found = vars(keras.applications).items()
    return sorted(k for k, v in found if k[0].isupper() and callable(v))


def _constructor(name: str) -> Callable[..., Model]:
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=1, cutoff=0.4)
        hint = f'Did you mean "{near[0]}"?' if near else f"Known: {', '.join(names())}."
        raise TrainingError(f'keras.applications has no "{name}"', hint=hint)
    found: Callable[..., Model] = getattr(keras.applications, name)
    return found


def _preprocessing(make: Callable[..., Model]) -> tuple[np.ndarray, np.ndarray]:
    """Scale and offset, each [3], from codes of 0..255 to what the network takes, by channel."""
    preprocess = sys.modules[make.__module__].preprocess_input
    black, white = (
        np.asarray(preprocess(np.full((1, 1, 1, 3), code, np.float32))).reshape(3)
        for code in (0, 255)
    )
    return (white - black) / 255, black


def _as_rgb(lightness: KerasTensor, affine: tuple[np.ndarray, np.ndarray]) -> KerasTensor:
    """L*/50-1 as three equal channels: the code of a grey is nearly 255 L*/100."""
    scale, offset = affine
    kernel, bias = scale * 127.5, offset + scale * 127.5
    return layers.Conv2D(
        3,
        1,
        trainable=False,
        kernel_initializer=keras.initializers.Constant(kernel.reshape(1, 1, 1, 3)),
        bias_initializer=keras.initializers.Constant(bias),
        name="as_rgb",
    )(lightness)


def _taps(original: Model, name: str) -> list[KerasTensor]:
    found: dict[int, KerasTensor] = {}
    for operation in original.operations:
        output = operation.output
        if not isinstance(output, list) and len(output.shape) == 4:
            side = int(output.shape[1])
            if side > 1 and _SIDE % side == 0 and output.shape[1] == output.shape[2]:
                found[_SIDE // side] = output
    missing = [scale for scale in _SCALES if scale not in found]
    if missing:
        raise TrainingError(
            f"model.backbone: {name} has no output at 1/{missing[0]} of its input",
            hint="MobileNetV2, ResNet50 and EfficientNetB0 have all.",
        )
    return [found[scale] for scale in _SCALES]


def _copy(original: Model, source: KerasTensor, name: str) -> dict[int, KerasTensor]:
    """The network once more behind `source`, of free height and width; its tensors by the id of
    the original's."""
    made = {id(original.inputs[0]): source}
    for operation in original.operations:
        if isinstance(operation, layers.InputLayer):
            continue
        if not isinstance(operation, layers.Layer):
            raise TrainingError(
                f'model.backbone: "{operation.name}" of {name} is no layer, so that its weights '
                "could not be exported",
                hint="MobileNetV2, ResNet50 and EfficientNetB0 can.",
            )
        settings: dict[str, Any] = operation.get_config()
        settings["name"] = _PREFIX + operation.name
        layer = type(operation).from_config(settings)
        inputs = operation.input
        if isinstance(inputs, list):
            made[id(operation.output)] = layer([made[id(each)] for each in inputs])
        else:
            made[id(operation.output)] = layer(made[id(inputs)])
        layer.set_weights(operation.get_weights())
        if isinstance(layer, layers.Normalization):
            layer.finalize_state()
    return made
