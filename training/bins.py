"""The ab plane as classes: in-gamut bins, soft encoding, rarity weights (Zhang et al. 2016)."""

from __future__ import annotations

import numpy as np
from colorlab.color import rgb_to_lab
from numpy.typing import NDArray

BIN = 10.0  # side of a bin in a*b* units
SIGMA = 5.0  # of the soft encoding, same units


def ab_bins() -> NDArray[np.float32]:
    """Centres [Q,2] (a*b*) of the grid cells that some 8-bit sRGB colour falls into.

    Found from a 52-level lattice of the RGB cube, which misses only cells that a handful of colours
    reach; those fall into a neighbour.
    """
    axis = np.linspace(0, 255, 52).round().astype(np.uint8)
    rgb = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(1, -1, 3)
    ab = rgb_to_lab(np.ascontiguousarray(rgb))[0, :, 1:]
    cells = np.unique(np.round(ab / BIN).astype(np.int32), axis=0)
    return (cells * BIN).astype(np.float32)


def nearest_bin(ab: NDArray[np.float32], bins: NDArray[np.float32]) -> NDArray[np.int64]:
    """Index [...] of the bin nearest to each ab [...,2]."""
    flat = ab.reshape(-1, 2)
    score = flat @ bins.T - 0.5 * (bins**2).sum(1)
    index: NDArray[np.int64] = score.argmax(1).reshape(ab.shape[:-1])
    return index


def rarity_weights(counts: NDArray[np.float64], share: float) -> NDArray[np.float32]:
    """Loss weights [Q]: `share` interpolates the log-weights between equal (0) and Zhang's (1).

    Zhang's are 1 / (0.5 p + 0.5 / Q) with p smoothed; all are scaled so that the mean loss weight
    over the data stays 1.
    """
    p = (counts + 1.0) / (counts + 1.0).sum()
    weights = (0.5 * p + 0.5 / len(p)) ** -share
    scaled: NDArray[np.float32] = (weights / (p * weights).sum()).astype(np.float32)
    return scaled
