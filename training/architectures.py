"""The architectures by name, and what each trains with."""

from __future__ import annotations

import numpy as np
from colorlab.model.classes import ColorClasses
from keras import Model, layers
from numpy.typing import NDArray

from . import bins, models, seed, steps
from .config import Config, ModelConfig


def generator(model: ModelConfig) -> Model:
    """lightness [N,H,W,1] -> what the architecture's trainer learns from; see `inference`."""
    if model.architecture in seed.SIDES:
        return seed.build_generator(model.architecture)
    return models.build_generator(model)


def discriminator(model: ModelConfig) -> Model:
    """Of ab alone for the seeds, of lightness and ab at output resolution for the U-Nets."""
    if model.architecture in seed.SIDES:
        return seed.build_discriminator(model.architecture)
    return models.build_discriminator()


def inference(trained: Model, config: Config) -> Model:
    """The generator as it ships: lightness [N,H,W,1] -> ab [N,h,w,2], times ab_scale = a*b*."""
    if config.model.architecture in seed.SIDES:
        ab = layers.Rescaling(config.model.gain, name="gain")(trained.outputs[0])
        return Model(trained.inputs[0], ab, name="inference")
    return models.inference_model(trained, config)


def color_classes(model: ModelConfig) -> ColorClasses | None:
    """What the generator's logits are over; None where it has none."""
    if model.architecture in seed.SIDES or model.head == "regression":
        return None
    centres = tuple((float(a), float(b)) for a, b in bins.ab_bins())
    return ColorClasses(centres, model.temperature, model.gain)


def trainer(
    networks: steps.Networks, config: Config, counts: NDArray[np.float64]
) -> steps.Trainer | seed.SeedTrainer:
    """The steps of an architecture; `counts` of the ab bins weight the U-Nets' classes."""
    if config.model.architecture in seed.SIDES:
        return seed.SeedTrainer(networks, config)
    return steps.Trainer(networks, config, bins.rarity_weights(counts, config.optim.rebalance))
