"""The metrics of `colorlab evaluate` beside the same from scikit-image, photo by photo."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from colorlab import scores
from colorlab.bench.pictures import picture
from colorlab.bench.race import OURS, Case, Competitor

__all__ = ["Pair", "by_skimage", "cases"]

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Pair:
    """A photo, and how it was colorized: uint8 RGB (H, W, 3)."""

    truth: npt.NDArray[np.uint8]
    output: npt.NDArray[np.uint8]


def cases() -> Iterator[Case]:
    """One photo at the size of most published figures."""
    yield Case(
        suite="evaluation",
        name="metrics",
        title="PSNR, SSIM, dE00, dE76, AuC and CF of one photo",
        size="256",
        threads=1,
        work=1,
        unit="photos/s",
        inputs=partial(_pair, "256"),
        all_competitors=(
            Competitor(OURS, _ours, 1e-3),
            Competitor("scikit-image", by_skimage, 0, ("skimage",), threaded=False),
        ),
        error=_error,
        error_in="of any figure",
    )


def _pair(size: str) -> Pair:
    return Pair(picture(size, seed=0), picture(size, seed=1))


def _ours(pair: Pair, threads: int) -> Callable[[], Figures]:
    return lambda: scores.measure("", pair.truth, pair.output)[0]


def by_skimage(pair: Pair, threads: int) -> Callable[[], Figures]:
    """scikit-image where it has the metric, else the formula in NumPy."""
    color = importlib.import_module("skimage.color")
    metrics = importlib.import_module("skimage.metrics")

    def run() -> Figures:
        truth, output = pair.truth, pair.output
        truth_lab, output_lab = color.rgb2lab(truth), color.rgb2lab(output)
        distance = np.hypot(*np.moveaxis(truth_lab - output_lab, -1, 0)[1:])
        within = np.histogram(np.ceil(distance), np.arange(152))[0]  # last: 150 and 151
        within[-1] = np.count_nonzero(np.ceil(distance) == 150)
        return {
            "psnr": metrics.peak_signal_noise_ratio(truth, output),
            "ssim": metrics.structural_similarity(truth, output, channel_axis=-1),
            "delta_e00": color.deltaE_ciede2000(truth_lab, output_lab).mean(),
            "delta_e76": color.deltaE_cie76(truth_lab, output_lab).mean(),
            "auc": np.trapezoid(np.cumsum(within) / distance.size) / 150 * 100,
            "cf": _colorfulness(output, np.asarray),
            "cf_truth": _colorfulness(truth, np.asarray),
            "cf_absolute": _colorfulness(output, np.abs),
            "cf_absolute_truth": _colorfulness(truth, np.abs),
        }

    return run


def _colorfulness(rgb: npt.NDArray[np.uint8], part: Callable[[Any], Any]) -> float:
    red, green, blue = np.moveaxis(rgb.astype(np.float64), -1, 0)
    rg, yb = part(red - green), part((red + green) / 2 - blue)
    return float(np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()))


def _error(pair: Pair, found: Figures) -> float:
    expected = by_skimage(pair, 1)()
    return max(abs(found[key] - expected[key]) for key in expected)
