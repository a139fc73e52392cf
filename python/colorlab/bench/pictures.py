"""Test pictures that need no files: smooth colours with the noise and edges of a photograph."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["SIZES", "megapixels", "picture"]

SIZES = {"256": (256, 256), "1024": (1024, 1024), "12MP": (3000, 4000)}


def megapixels(size: str) -> float:
    """Of a size in SIZES."""
    height, width = SIZES[size]
    return height * width / 1e6


def picture(size: str | tuple[int, int], seed: int = 0) -> npt.NDArray[np.uint8]:
    """RGB (H, W, 3) of a size in SIZES, or of (height, width)."""
    height, width = SIZES[size] if isinstance(size, str) else size
    rng = np.random.default_rng(seed)
    y: npt.NDArray[Any]
    x: npt.NDArray[Any]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    y, x = y / height, x / width
    rgb = np.empty((height, width, 3), np.uint8)
    edge = (np.sin(17 * x) * np.cos(11 * y) > 0.2) * np.float32(50)
    for channel, (u, v) in enumerate([(3.0, 2.0), (2.0, 5.0), (4.0, 1.0)]):
        plane = 110 + 80 * np.sin(u * x + v * y + channel) + edge * (channel - 1)
        plane += rng.standard_normal((height, width), np.float32) * 6
        rgb[..., channel] = np.clip(plane, 0, 255)
    return rgb
