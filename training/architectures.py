"""The architectures by name."""

from __future__ import annotations

from colorlab.model.classes import ColorClasses
from keras import Model

from . import bins, models, seed
from .config import ModelConfig


def generator(model: ModelConfig, *, fresh: bool = True) -> Model:
    """lightness [N,H,W,1] -> what the objective learns from: bin logits and residual, or ab.

    Args:
        fresh: pre-trained weights are in it where the configuration says so; else all are still
            to be loaded from a run.
    """
    if model.architecture in seed.SIDES:
        return seed.build_generator(model.architecture)
    return models.build_generator(model, fresh=fresh)


def discriminator(model: ModelConfig) -> Model:
    """Of ab alone for the seeds, of lightness and ab at output resolution for the U-Nets."""
    if model.architecture in seed.SIDES:
        return seed.build_discriminator(model.architecture)
    return models.build_discriminator(spectral_norm=model.spectral_norm)


def color_classes(model: ModelConfig) -> ColorClasses | None:
    """What the generator's logits are over; None where it has none."""
    if model.architecture in seed.SIDES or model.head == "regression":
        return None
    centres = tuple((float(a), float(b)) for a, b in bins.ab_bins())
    return ColorClasses(centres, model.temperature, model.gain)
