"""Transforms for PyTorch's data sets, which may be pickled, as a DataLoader's workers need.

In a worker give colorlab one thread (`Colorizer(threads=1)`, `LightnessAb(threads=1)`): the workers
are the parallelism.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt

import colorlab

__all__ = ["Colorize", "LightnessAb"]

AB_SCALE = 110.0  #: a*b* of sRGB lie within ± this


class LightnessAb:
    """A colour photo as what a generator is trained on.

    Gives two float32 tensors: lightness (1, H, W) = L*/50 - 1, and ab (2, H, W) = a*b*/ab_scale.
    Takes a path, a file's bytes, or pixels (H, W, 3): an array, a PIL image, a tensor; uint8,
    uint16, or float32 in 0..1.

    Args:
        ab_scale: a*b* that become 1; a generator's card says what its own is.
        threads: for the pixels; None is every core.

    Raises:
        InputError, ImageError, ShapeError, DTypeError: when called, for another photo.
    """

    def __init__(self, *, ab_scale: float = AB_SCALE, threads: int | None = 1) -> None:
        self.ab_scale = ab_scale
        self.threads = threads

    def __call__(self, image: Any) -> tuple[Any, Any]:
        import torch

        lab = colorlab.rgb_to_lab(_pixels(image), threads=self.threads)
        planes = torch.from_numpy(lab).permute(2, 0, 1)
        return planes[:1] / 50 - 1, planes[1:] / self.ab_scale


class Colorize:
    """A photo in colour: a uint8 (or of the photo's dtype) tensor (3, H, W).

    Args:
        colorizer: what to colour with; None makes one with one thread.
        options: of `Colorizer.colorize`: saturation, preserve, size.

    Raises:
        ColorlabError: when called, as `Colorizer.colorize`.
    """

    def __init__(self, colorizer: colorlab.Colorizer | None = None, **options: Any) -> None:
        self.colorizer = colorizer or colorlab.Colorizer(threads=1)
        self.options = options

    def __call__(self, image: Any) -> Any:
        import torch

        rgb = self.colorizer.colorize(image, **self.options)
        return torch.from_numpy(np.ascontiguousarray(np.asarray(rgb).transpose(2, 0, 1)))


def _pixels(image: Any) -> npt.NDArray[Any]:
    if isinstance(image, str | os.PathLike | bytes | bytearray | memoryview):
        return np.asarray(colorlab.read(image, mode="rgb"))
    if hasattr(image, "convert"):  # a PIL image, of whatever mode
        image = image.convert("RGB")
    return np.asarray(image)
