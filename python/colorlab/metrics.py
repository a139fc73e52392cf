"""How far a colorized photo is from the truth, one photo at a time.

Photos are `uint8` RGB (H, W, 3), sRGB-encoded, of equal shape; Lab arrays are `float32`
(..., 3): L* 0..100, a* and b* signed (D65).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from colorlab.color import colorfulness, delta_e
from colorlab.errors import ShapeError

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
