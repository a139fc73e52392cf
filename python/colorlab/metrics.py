"""How far a colorized photo is from the truth, one photo at a time.

Photos are `uint8` RGB (H, W, 3), sRGB-encoded, of equal shape; Lab arrays are `float32`
(..., 3): L* 0..100, a* and b* signed (D65).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from colorlab.errors import InvalidArgumentError, ShapeError

__all__ = [
    "AUC_STEPS",
    "ab_error_counts",
    "auc_from_counts",
    "colorfulness",
    "delta_e",
    "grey_fraction",
    "psnr",
]

AUC_STEPS = 151  # thresholds 0, 1, ... 150 in a*b* units (Zhang et al. 2016)
GREY_CHROMA = 2.0  # pixels of less C* than this look grey

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def psnr(truth: Bytes, output: Bytes) -> float:
    """Peak signal-to-noise ratio over all RGB samples, dB; infinite for equal photos."""
    if truth.shape != output.shape:
        raise ShapeError(f"photos of different shapes: {truth.shape} and {output.shape}")
    error = np.mean((truth.astype(np.float64) - output) ** 2)
    return float(10 * np.log10(255.0**2 / error)) if error > 0 else float("inf")


def delta_e(
    lab1: npt.NDArray[Any], lab2: npt.NDArray[Any], *, formula: Literal["2000", "76"] = "2000"
) -> npt.NDArray[np.float64]:
    """Colour difference of two Lab arrays (..., 3), pixel by pixel: (...).

    "2000" is CIEDE2000 (CIE 142:2001; Sharma, Wu & Dalal 2005) with all weights 1, "76" the
    Euclidean distance (CIE 1976).

    Raises:
        ShapeError: the arrays differ in shape, or the last axis is not 3.
        InvalidArgumentError: another formula.
    """
    if lab1.shape != lab2.shape or lab1.ndim == 0 or lab1.shape[-1] != 3:
        raise ShapeError(f"Lab arrays (..., 3) of one shape, not {lab1.shape} and {lab2.shape}")
    first, second = (np.moveaxis(np.asarray(lab, np.float64), -1, 0) for lab in (lab1, lab2))
    if formula == "76":
        distance: npt.NDArray[np.float64] = np.sqrt(np.sum((first - second) ** 2, axis=0))
        return distance
    if formula != "2000":
        raise InvalidArgumentError(f'formula must be "2000" or "76", not {formula!r}')
    return _ciede2000(first, second)


def _ciede2000(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    (l1, a1, b1), (l2, a2, b2) = first, second

    def boost(chroma: npt.NDArray[Any]) -> npt.NDArray[Any]:
        seventh = chroma**7
        return np.sqrt(seventh / (seventh + 25.0**7))

    g = 0.5 * (1 - boost((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2))
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    grey = c1 * c2 == 0
    turn = h2 - h1
    turn = np.where(grey, 0.0, turn - 360 * (turn > 180) + 360 * (turn < -180))
    delta_h = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2)
    total = h1 + h2
    wide = np.abs(h1 - h2) > 180
    mean_h = np.where(wide, np.where(total < 360, total + 360, total - 360), total) / 2
    mean_h = np.where(grey, total, mean_h)
    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2
    t = (
        1
        - 0.17 * np.cos(np.radians(mean_h - 30))
        + 0.24 * np.cos(np.radians(2 * mean_h))
        + 0.32 * np.cos(np.radians(3 * mean_h + 6))
        - 0.20 * np.cos(np.radians(4 * mean_h - 63))
    )
    squared = (mean_l - 50) ** 2
    x_l = (l2 - l1) / (1 + 0.015 * squared / np.sqrt(20 + squared))
    x_c = (c2 - c1) / (1 + 0.045 * mean_c)
    x_h = delta_h / (1 + 0.015 * mean_c * t)
    angle = 60 * np.exp(-(((mean_h - 275) / 25) ** 2))
    rotation = -np.sin(np.radians(angle)) * 2 * boost(mean_c)
    result: npt.NDArray[np.float64] = np.sqrt(
        np.maximum(x_l**2 + x_c**2 + x_h**2 + rotation * x_c * x_h, 0.0)
    )
    return result


def colorfulness(rgb: Bytes, *, variant: Literal["hasler", "absolute"] = "hasler") -> float:
    """CF of Hasler & Süsstrunk, "Measuring colourfulness in natural images" (2003).

    sqrt(s_rg^2 + s_yb^2) + 0.3 sqrt(m_rg^2 + m_yb^2) over rg = R - G and yb = (R + G)/2 - B of
    0..255. "absolute" takes |rg| and |yb| first, as published tables of DDColor and CT2 do: the two
    are not comparable.

    Raises:
        ShapeError: not (H, W, 3). InvalidArgumentError: another variant.
    """
    if rgb.ndim != 3 or rgb.shape[-1] != 3:
        raise ShapeError(f"a photo is (H, W, 3), not {rgb.shape}")
    if variant not in ("hasler", "absolute"):
        raise InvalidArgumentError(f'variant must be "hasler" or "absolute", not {variant!r}')
    red, green, blue = np.moveaxis(rgb.astype(np.float64), -1, 0)
    rg, yb = red - green, 0.5 * (red + green) - blue
    if variant == "absolute":
        rg, yb = np.abs(rg), np.abs(yb)
    return float(np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()))


def ab_error_counts(truth_lab: Floats, output_lab: Floats) -> npt.NDArray[np.int64]:
    """Pixels by the distance of their (a*, b*) from the truth's: counts [AUC_STEPS + 1].

    Entry t counts distances in (t-1, t], the last one those over 150.
    """
    distance = np.hypot(*np.moveaxis(truth_lab[..., 1:] - output_lab[..., 1:], -1, 0))
    steps = np.minimum(np.ceil(distance), AUC_STEPS).astype(np.int64)
    return np.bincount(steps.ravel(), minlength=AUC_STEPS + 1)


def auc_from_counts(counts: npt.NDArray[np.int64]) -> float:
    """Area, in percent, under the share of pixels whose ab error is at most 0..150.

    The raw accuracy of Zhang, Isola & Efros, "Colorful image colorization" (2016), section 3.1.
    Grey photos score high too: compare with all-grey on the same photos.
    """
    share = np.cumsum(counts[:AUC_STEPS]) / counts.sum()
    return float(np.trapezoid(share) / (AUC_STEPS - 1) * 100)


def grey_fraction(lab: Floats) -> float:
    """The share, 0..1, of pixels whose chroma C* is under 2."""
    return float((np.hypot(lab[..., 1], lab[..., 2]) < GREY_CHROMA).mean())
