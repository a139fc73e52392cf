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
    "SSIM_WINDOW",
    "ab_distance",
    "ab_error_counts",
    "ab_error_steps",
    "auc_from_counts",
    "colorfulness",
    "delta_e",
    "edge_bleed",
    "grey_fraction",
    "mean_delta_e",
    "psnr",
    "ssim",
]

AUC_STEPS = 151  # thresholds 0, 1, ... 150 in a*b* units (Zhang et al. 2016)
GREY_CHROMA = 2.0  # pixels of less C* than this look grey
SSIM_WINDOW = 7  # pixels a side

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2  # Wang et al. 2004, equations 6 and 13
_EDGE = 5.0  # a colour edge is where a*b* change by more a pixel
_REACH = 2  # pixels that belong to an edge on either side
_STRIP = 1 << 15  # samples


def psnr(truth: Bytes, output: Bytes) -> float:
    """Peak signal-to-noise ratio over all RGB samples, dB; infinite for equal photos.

    10 log10(255^2 / MSE), the mean over all samples of all channels.

    Raises:
        ShapeError: different shapes.
    """
    _check_equal(truth, output)
    error = np.mean((truth.astype(np.float64) - output) ** 2)
    return float(10 * np.log10(255.0**2 / error)) if error > 0 else float("inf")


def ssim(truth: Bytes, output: Bytes) -> float:
    """Mean structural similarity (Wang, Bovik, Sheikh & Simoncelli 2004) over R, G and B.

    As published results have it, which use scikit-image's defaults: flat windows of 7 x 7 pixels,
    sample covariance, only windows that lie within the photo. Window sums are exact integers.

    Returns:
        At most 1, which is of equal photos.

    Raises:
        ShapeError: different shapes, or a side of fewer than 7 pixels.
    """
    _check_equal(truth, output)
    height, width, channels = truth.shape
    if min(height, width) < SSIM_WINDOW:
        raise ShapeError(f"SSIM needs {SSIM_WINDOW} pixels a side, this photo is {truth.shape}")
    x, y = truth.reshape(height, -1), output.reshape(height, -1)
    total = 0.0
    reach = SSIM_WINDOW - 1
    strip = max(1, _STRIP // x.shape[1])  # few enough rows that they stay in the cache
    for top in range(0, height - reach, strip):
        rows = slice(top, top + strip + reach)
        total += _sum_of_similarity(x[rows].astype(np.int32), y[rows].astype(np.int32), channels)
    return float(total / ((height - reach) * (width - reach) * channels))


def _sum_of_similarity(x: npt.NDArray[np.int32], y: npt.NDArray[np.int32], channels: int) -> float:
    """Summed over the windows of (H, W * channels) samples; Wang et al. 2004, equation 13."""
    n = SSIM_WINDOW**2
    sum_x, sum_y = _window_sums(x, channels), _window_sums(y, channels)
    product, squares = sum_x * sum_y, sum_x * sum_x + sum_y * sum_y
    covariance = n * _window_sums(x * y, channels) - product  # times n^2, so exact
    variances = n * _window_sums(x * x + y * y, channels) - squares
    of_mean, of_sample = np.float32(1 / n**2), np.float32(1 / (n * (n - 1)))
    c1, c2 = np.float32(_C1), np.float32(_C2)
    above = (2 * of_mean * product.astype(np.float32) + c1) * (
        2 * of_sample * covariance.astype(np.float32) + c2
    )
    below = (of_mean * squares.astype(np.float32) + c1) * (
        of_sample * variances.astype(np.float32) + c2
    )
    return float(np.sum(above / below, dtype=np.float64))


def _window_sums(samples: npt.NDArray[np.int32], channels: int) -> npt.NDArray[np.int32]:
    """Sums over 7 x 7 windows of (H, W * channels) samples: (H - 6, (W - 6) * channels)."""
    pairs = samples[:-1] + samples[1:]
    fours = pairs[:-2] + pairs[2:]
    tall = fours[:-3] + pairs[4:-1]
    tall += samples[6:]
    one, two, three = channels, 2 * channels, 3 * channels
    pairs = tall[:, :-one] + tall[:, one:]
    fours = pairs[:, :-two] + pairs[:, two:]
    square: npt.NDArray[np.int32] = fours[:, :-three] + pairs[:, 2 * two : -one]
    square += tall[:, 2 * three :]
    return square


def mean_delta_e(truth_lab: Floats, output_lab: Floats) -> float:
    """The mean CIEDE2000 difference of two photos' L*a*b*, (..., 3) each; see `delta_e`.

    Raises:
        ShapeError: different shapes.
    """
    truth, output = truth_lab.reshape(-1, 3), output_lab.reshape(-1, 3)
    strips = (slice(at, at + _STRIP) for at in range(0, len(truth), _STRIP))
    return sum(float(delta_e(truth[s], output[s], threads=1).sum()) for s in strips) / len(truth)


def ab_distance(truth_lab: Floats, output_lab: Floats) -> Floats:
    """How far each pixel's (a*, b*) is from the truth's, in a*b* units: float32 (...)."""
    a = truth_lab[..., 1] - output_lab[..., 1]
    b = truth_lab[..., 2] - output_lab[..., 2]
    distance: Floats = np.sqrt(a * a + b * b)
    return distance


def ab_error_steps(distance: Floats) -> npt.NDArray[np.int64]:
    """The least threshold 0, 1, ... that each distance is within; AUC_STEPS for all beyond 150.

    Args:
        distance: (...), from `ab_distance`.

    Returns:
        int64 (...).
    """
    return np.minimum(np.ceil(distance), AUC_STEPS).astype(np.int64)


def ab_error_counts(truth_lab: Floats, output_lab: Floats) -> npt.NDArray[np.int64]:
    """Pixels by the distance of their (a*, b*) from the truth's: counts [AUC_STEPS + 1].

    Entry t counts distances in (t-1, t], the last one those over 150.
    """
    steps = ab_error_steps(ab_distance(truth_lab, output_lab))
    return np.bincount(steps.ravel(), minlength=AUC_STEPS + 1)


def auc_from_counts(counts: npt.NDArray[np.int64]) -> float:
    """Area, 0..100 percent, under the share of pixels whose ab error is at most 0..150.

    The raw accuracy of Zhang, Isola & Efros, "Colorful image colorization" (2016), section 3.1.
    Grey photos score high too: compare with all-grey on the same photos.

    Args:
        counts: [AUC_STEPS + 1], from `ab_error_counts`, of at least one pixel.
    """
    share = np.cumsum(counts[:AUC_STEPS]) / counts.sum()
    return float(np.trapezoid(share) / (AUC_STEPS - 1) * 100)


def grey_fraction(lab: Floats) -> float:
    """The share, 0..1, of the pixels of L*a*b* (..., 3) whose chroma C* is under 2."""
    return float((np.hypot(lab[..., 1], lab[..., 2]) < GREY_CHROMA).mean())


def edge_bleed(truth_lab: Floats, distance: Floats) -> float:
    """How much farther colours are from the truth beside its colour edges than elsewhere.

    The mean a*b* distance within 2 pixels of an edge less that of all other pixels; an edge is
    where the truth's a*b* change by more than 5 a pixel (central differences). Colour that runs
    over edges, as of coarse chroma, makes it large; colour that is wrong everywhere does not. There
    is no published index of this kind; this one is colorlab's own. 0 where either part is empty.

    Args:
        truth_lab: (H, W, 3).
        distance: (H, W), from `ab_distance`.

    Returns:
        A difference of distances, in a*b* units; negative where edges are nearer to the truth.
    """
    a, b = truth_lab[..., 1], truth_lab[..., 2]
    edge = np.zeros(distance.shape, bool)
    squares = (
        (a[1:-1, 2:] - a[1:-1, :-2]) ** 2
        + (b[1:-1, 2:] - b[1:-1, :-2]) ** 2
        + (a[2:, 1:-1] - a[:-2, 1:-1]) ** 2
        + (b[2:, 1:-1] - b[:-2, 1:-1]) ** 2
    )
    edge[1:-1, 1:-1] = squares > (2 * _EDGE) ** 2
    for axis in (0, 1):
        lines = np.swapaxes(edge, 0, axis)
        for _ in range(_REACH):
            grown = lines.copy()
            grown[1:] |= lines[:-1]
            grown[:-1] |= lines[1:]
            lines = grown
        edge = np.swapaxes(lines, 0, axis)
    count = int(np.count_nonzero(edge))
    if count in (0, edge.size):
        return 0.0
    near = float(np.sum(distance, where=edge, dtype=np.float64))
    total = float(np.sum(distance, dtype=np.float64))
    return near / count - (total - near) / (edge.size - count)


def _check_equal(truth: Bytes, output: Bytes) -> None:
    if truth.shape != output.shape:
        raise ShapeError(f"photos of different shapes: {truth.shape} and {output.shape}")
