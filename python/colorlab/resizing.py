"""Pixels of another size or depth, for thumbnails and for the protocols of evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from colorlab import _core

__all__ = ["reduced", "resized", "to_8bit"]


def to_8bit(pixels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Pixels of any shape: `uint8` as they are, `uint16` rounded to it."""
    if pixels.dtype == np.uint16:
        return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return pixels.astype(np.uint8, copy=False)


def reduced(pixels: npt.NDArray[Any], short_side: int) -> npt.NDArray[np.uint8]:
    """Pixels (H, W, C) at a short side in pixels, as `resized` makes them; never enlarged."""
    height, width = pixels.shape[:2]
    scale = min(1.0, short_side / min(height, width))
    return resized(pixels, max(1, round(height * scale)), max(1, round(width * scale)))


def resized(pixels: npt.NDArray[Any], height: int, width: int) -> npt.NDArray[np.uint8]:
    """Pixels (H, W, C), uint8 or uint16, area-averaged to a size (bilinear where enlarged), uint8.

    The average is of the encoded values, as other tools take it.
    """
    if pixels.shape[:2] == (height, width):
        return to_8bit(pixels)
    divisor = np.float32(257 if pixels.dtype == np.uint16 else 1)
    small = _core.resize_area(pixels.astype(np.float32), height, width) / divisor
    return np.clip(np.round(small), 0, 255).astype(np.uint8)
