"""A video frame's planes: luma to grey pixels, and chroma for the luma, in a codec's own terms.

Luma Y' is never changed. Every other number here follows ITU-R BT.601, BT.709 and BT.2020: codes
of n bits, "full" 0..2^n - 1 or "limited" 16..235 (chroma 16..240) times 2^(n-8), and the weights of
red and blue that make Y' and so Cb and Cr.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Codes", "Coding", "chroma_planes", "grey_of", "with_bits"]

#: samples of a plane: uint8, or uint16 above 8 bits
Codes: TypeAlias = npt.NDArray[Any]

_RED_601, _BLUE_601 = 0.299, 0.114  # of what `Colorizer.finish_chroma` gives


@dataclass(frozen=True, slots=True)
class Coding:
    """How numbers stand for colours."""

    bits: int  #: of a sample
    full_range: bool
    red: float  #: weight of R' in Y'
    blue: float  #: weight of B' in Y'
    left: bool = True  #: chroma lies in the columns of luma, as in MPEG-2 and later; else between


def grey_of(luma: Codes, coding: Coding) -> npt.NDArray[np.uint8]:
    """The grey that luma shows, 0..255, as a C-contiguous array of its own."""
    top = (1 << coding.bits) - 1
    codes = np.arange(top + 1, dtype=np.float64)
    if coding.full_range:
        shown = codes * (255 / top)
    else:
        scale = 1 << (coding.bits - 8)
        shown = (codes - 16 * scale) * (255 / (219 * scale))
    table = np.clip(np.floor(shown + 0.5), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(table[np.minimum(luma, top)])


def with_bits(luma: Codes, coding: Coding, bits: int) -> Codes:
    """Luma of a coding in samples of other bits; the same array where they are the same."""
    if bits == coding.bits:
        return luma
    factor = 2.0 ** (bits - coding.bits)
    if coding.full_range:
        factor = ((1 << bits) - 1) / ((1 << coding.bits) - 1)
    codes: Codes = np.floor(luma * np.float32(factor) + np.float32(0.5))
    codes = np.minimum(codes, np.float32((1 << bits) - 1))
    return codes.astype(np.uint16)


def chroma_planes(
    cbcr: npt.NDArray[np.uint8], grey: npt.NDArray[np.uint8], coding: Coding
) -> tuple[Codes, Codes]:
    """The Cb and Cr planes of 4:2:0 in a coding.

    Args:
        cbcr: JFIF's Cb and Cr (BT.601, full range), uint8 (ceil(H/2), ceil(W/2), 2), centred
            between four pixels.
        grey: that they are for, uint8 (H, W).
        coding: of the result. Where its weights are not BT.601's, chroma whose colour would leave
            R'G'B' is reduced.

    Returns:
        Two planes (ceil(H/2), ceil(W/2)), uint8, or uint16 above 8 bits.
    """
    blue = cbcr[..., 0].astype(np.float32) - np.float32(128)
    red = cbcr[..., 1].astype(np.float32) - np.float32(128)
    if (coding.red, coding.blue) != (_RED_601, _BLUE_601):
        blue, red = _reweighted(blue, red, grey, coding)
    if coding.left:
        blue, red = _left(blue), _left(red)
    scale = 1 << (coding.bits - 8)
    if coding.full_range:
        step, low, high = ((1 << coding.bits) - 1) / 255, 0, (1 << coding.bits) - 1
    else:
        step, low, high = 224 / 255 * scale, 16 * scale, 240 * scale
    dtype = np.uint8 if coding.bits == 8 else np.uint16

    def codes(plane: npt.NDArray[np.float32]) -> Codes:
        plane *= np.float32(step)
        plane += np.float32(128 * scale + 0.5)
        return np.clip(plane, low, high, out=plane).astype(dtype)

    return codes(blue), codes(red)


def _reweighted(
    cb: npt.NDArray[np.float32],
    cr: npt.NDArray[np.float32],
    grey: npt.NDArray[np.uint8],
    coding: Coding,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Cb and Cr of BT.601 as those of other weights, with the same luma and hue."""
    # Differences of R', G' and B' to the luma of BT.601 ...
    blue, red = cb * np.float32(2 - 2 * _BLUE_601), cr * np.float32(2 - 2 * _RED_601)
    green = (blue * _BLUE_601 + red * _RED_601) * np.float32(-1 / (1 - _BLUE_601 - _RED_601))
    # ... and to the other luma, which must be the same number.
    shift = coding.red * red + coding.blue * blue + (1 - coding.red - coding.blue) * green
    red, green, blue = red - shift, green - shift, blue - shift
    luma = _halved(grey)
    above = np.maximum(np.maximum(red, green), np.maximum(blue, np.float32(1e-6)))
    below = np.minimum(np.minimum(red, green), np.minimum(blue, np.float32(-1e-6)))
    fits = np.minimum(np.minimum((255 - luma) / above, -luma / below), np.float32(1))
    return (
        blue * fits / np.float32(2 - 2 * coding.blue),
        red * fits / np.float32(2 - 2 * coding.red),
    )


def _halved(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Means of two by two pixels; at odd ends the last ones count twice."""
    height, width = grey.shape
    padded = np.pad(grey, ((0, height % 2), (0, width % 2)), mode="edge").astype(np.uint16)
    rows = padded[0::2] + padded[1::2]
    return (rows[:, 0::2] + rows[:, 1::2]).astype(np.float32) / np.float32(4)


def _left(plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Half a pixel of luma to the left of where it was sampled."""
    moved = plane.copy()
    moved[:, 1:] += (plane[:, :-1] - plane[:, 1:]) * np.float32(0.25)
    return moved
