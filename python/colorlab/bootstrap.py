"""Bootstrap intervals: how far a figure could be off, had other samples been drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["LEVEL", "interval"]

LEVEL = 0.95
_REPLICATES = 1000
_CHUNK = 1 << 22  # samples drawn at a time, which bounds memory

Floats = npt.NDArray[np.float64]


def interval(
    statistic: Callable[..., Any],
    *samples: npt.ArrayLike,
    level: float = LEVEL,
    replicates: int = _REPLICATES,
    seed: int = 0,
) -> tuple[float, float]:
    """The percentile bootstrap interval of a statistic (Efron & Tibshirani 1993, chapter 13).

    Args:
        statistic: of arrays (replicates, n), one for each of `samples`, gives (replicates,).
        samples: (n,) each; they are drawn together, so that what was measured together stays
            together.
        level: share of replicates between the two ends.
        seed: of the draws; the same samples always give the same interval.

    Returns:
        Its two ends; both are the statistic itself for a single sample.
    """
    columns = [np.asarray(column, np.float64) for column in samples]
    count = len(columns[0])
    rng = np.random.default_rng(seed)
    step = max(1, min(replicates, _CHUNK // count))
    found: list[Floats] = []
    for begin in range(0, replicates, step):
        drawn = rng.integers(0, count, (min(step, replicates - begin), count))
        found.append(np.asarray(statistic(*(column[drawn] for column in columns)), np.float64))
    low, high = np.quantile(np.concatenate(found), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
