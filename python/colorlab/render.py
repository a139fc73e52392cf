"""At which size the network sees a photo."""

from __future__ import annotations

import math

__all__ = ["MAX_ELONGATION", "render_size"]

MAX_ELONGATION = 8  #: the long side is at most about so many times `size`, however long a panorama


def render_size(height: int, width: int, *, size: int, stride: int) -> tuple[int, int]:
    """Height and width of the network's input for a photo.

    The photo is reduced until its short side is `size` (a panorama until its long side is
    `MAX_ELONGATION * size`); a smaller photo keeps its size. Then the short side becomes the
    nearest multiple of `stride`, and the long side that of its two neighbouring multiples which
    keeps the aspect ratio better. So no side is enlarged by a whole stride, except that one shorter
    than a stride becomes one stride.

    Args:
        height, width: of the photo, pixels, at least 1.
        size: short side that the network is to see, pixels.
        stride: both sides of the result are multiples of it, pixels.

    Returns:
        Height and width, pixels, at least `stride` each.
    """
    scale = min(1.0, size / min(height, width), MAX_ELONGATION * size / max(height, width))
    short, long = sorted((height * scale, width * scale))
    low = max(1, math.floor(short / stride + 0.5)) * stride
    ideal = low * long / short
    neighbours = {max(1, step(long / stride)) * stride for step in (math.floor, math.ceil)}
    high = min(neighbours, key=lambda side: (abs(math.log(side / ideal)), side))
    return (low, high) if height <= width else (high, low)
