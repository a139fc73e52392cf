"""The ab plane as classes, against plain NumPy."""

import numpy as np
from colorlab import rgb_to_lab
from colorlab.training import bins


def test_the_bins_are_the_cells_that_srgb_reaches():
    centres = bins.ab_bins()
    known = {tuple(c) for c in (centres / bins.BIN).astype(int).tolist()}
    axis = np.arange(0, 256, 3, dtype=np.uint8)  # another lattice than the one the bins come from
    rgb = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(1, -1, 3)
    cells = np.unique(np.round(rgb_to_lab(rgb)[0, :, 1:] / bins.BIN).astype(int), axis=0)
    reached = {tuple(c) for c in cells.tolist()}
    assert len(reached ^ known) <= 2
    assert 230 <= len(centres) <= 280
    assert centres.dtype == np.float32


def test_nearest_bin_is_the_nearest():
    rng = np.random.default_rng(1)
    ab, centres = rng.uniform(-90, 90, (7, 11, 2)).astype(np.float32), bins.ab_bins()
    distances = ((ab[..., None, :] - centres) ** 2).sum(-1)
    np.testing.assert_array_equal(bins.nearest_bin(ab, centres), distances.argmin(-1))


def test_rarity_weights():
    counts = np.array([90.0, 9.0, 0.0, 1.0])
    p = (counts + 1) / 104
    whole = 1 / (0.5 * p + 0.5 / 4)
    np.testing.assert_allclose(
        bins.rarity_weights(counts, 1.0), whole / (p * whole).sum(), rtol=1e-6
    )
    half = bins.rarity_weights(counts, 0.5)
    assert np.isclose((p * half).sum(), 1)
    assert half[2] > half[3] > half[1] > half[0]
    np.testing.assert_allclose(bins.rarity_weights(counts, 0.0), 1.0)
