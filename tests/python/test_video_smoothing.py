"""Smoothing of a*b* in time: steady where nothing moves, and nowhere else."""

import numpy as np
import pytest
from colorlab.errors import InvalidArgumentError
from colorlab.video.smoothing import AbSmoother, block_means

SHAPE = (24, 32)  # of a*b*
FINE = (96, 128)  # of the lightness


def scene(seed):
    coarse = np.random.default_rng(seed).uniform(15, 85, (6, 8)).astype(np.float32)
    return np.kron(coarse, np.ones((16, 16), np.float32))


def guesses(rng, color=(20.0, -10.0), noise=3.0):
    """What a network that flickers answers for a scene of one colour."""
    return (np.array(color) + rng.normal(0, noise, (*SHAPE, 2))).astype(np.float32)


def change(sequence):
    return float(np.linalg.norm(np.diff(np.stack(sequence), axis=0), axis=-1).mean())


def test_a_still_scene_with_grain_and_breathing_light_flickers_far_less():
    rng = np.random.default_rng(0)
    smoother, still = AbSmoother(0.8), scene(1)
    raw, smooth = [], []
    for number in range(40):
        light = 1 + 0.05 * np.sin(number / 4)
        seen = np.clip(still * light + 2 * np.cos(number / 5) + rng.normal(0, 3, FINE), 0, 100)
        raw.append(guesses(rng))
        smooth.append(smoother.smooth(raw[-1], seen.astype(np.float32)))
    assert smoother.cuts == 0
    assert change(smooth) < 0.35 * change(raw)
    assert smoother.flicker.after < 0.35 * smoother.flicker.before
    assert smoother.flicker.before == pytest.approx(change(raw), rel=0.05)
    assert smoother.flicker.cells > 0.9 * 39 * SHAPE[0] * SHAPE[1]
    np.testing.assert_allclose(smooth[-1].mean((0, 1)), (20, -10), atol=0.3)  # no drift


def test_no_strength_changes_nothing():
    rng = np.random.default_rng(0)
    smoother = AbSmoother(0)
    for _ in range(5):
        ab = guesses(rng)
        np.testing.assert_allclose(smoother.smooth(ab, scene(1)), ab, atol=1e-5)


def test_nothing_of_one_scene_is_seen_in_the_next():
    rng = np.random.default_rng(0)
    smoother = AbSmoother(0.9)
    for _ in range(10):
        smoother.smooth(guesses(rng, (40, 40)), scene(1) + rng.normal(0, 1, FINE))
    ab = guesses(rng, (-30, -30))
    np.testing.assert_array_equal(smoother.smooth(ab, scene(2)), ab)
    assert smoother.cuts == 1


def test_what_moves_takes_its_colour_with_it():
    smoother, still = AbSmoother(0.9), scene(1)
    for number in range(20):
        seen, ab = still.copy(), np.zeros((*SHAPE, 2), np.float32)
        left = 4 * number  # one cell a frame
        seen[32:64, left : left + 32] = 98
        ab[8:16, number : number + 8] = (60, 40)
        result = smoother.smooth(ab, seen)
    assert smoother.cuts == 0
    behind = result[9:15, 12 : number - 2]  # where it was a few frames ago
    assert np.abs(behind).max() < 6
    inside = result[9:15, number + 1 : number + 7]
    assert np.linalg.norm(inside - (60, 40), axis=-1).max() < 8


def test_a_pan_carries_the_colours_along():
    rng = np.random.default_rng(0)
    wide = np.kron(rng.uniform(15, 85, (8, 24)).astype(np.float32), np.ones((12, 12), np.float32))
    colors = block_means(wide, wide.shape[0] // 4, wide.shape[1] // 4)
    smoother, errors = AbSmoother(0.8), []
    for number in range(20):
        seen = wide[:, 8 * number : 8 * number + 128]
        true = colors[:, 2 * number : 2 * number + 32, None] * np.array([1, -1], np.float32)
        ab = (true + rng.normal(0, 4, true.shape)).astype(np.float32)
        result = smoother.smooth(ab, seen + rng.normal(0, 1, FINE).astype(np.float32))
        errors.append((np.abs(ab - true).mean(), np.abs(result - true)[:, :-4].mean()))
    assert smoother.cuts == 0
    raw, smooth = np.mean(errors[8:], axis=0)
    assert smooth < 0.7 * raw


def test_grain_alone_is_no_change_of_scene():
    rng = np.random.default_rng(0)
    smoother = AbSmoother(0.8)
    for _ in range(10):
        smoother.smooth(guesses(rng), (50 + rng.normal(0, 6, FINE)).astype(np.float32))
    assert smoother.cuts == 0


def test_a_change_of_size_starts_anew():
    smoother = AbSmoother(0.8)
    smoother.smooth(np.zeros((*SHAPE, 2), np.float32), scene(1))
    ab = np.ones((12, 16, 2), np.float32)
    np.testing.assert_array_equal(smoother.smooth(ab, scene(1)), ab)


def test_the_input_is_never_changed_and_the_output_is_its_own():
    rng = np.random.default_rng(0)
    smoother, ab = AbSmoother(0.8), guesses(rng)
    before = ab.copy()
    first = smoother.smooth(ab, scene(1))
    first[:] = 0
    second = smoother.smooth(ab, scene(1))
    np.testing.assert_array_equal(ab, before)
    np.testing.assert_allclose(second, ab, atol=1e-4)


@pytest.mark.parametrize("strength", [-0.1, 1, 1.5, "much"])
def test_strengths_that_make_no_sense(strength):
    with pytest.raises(InvalidArgumentError):
        AbSmoother(strength)


def test_block_means_keep_the_mean_at_any_size():
    plane = np.random.default_rng(0).uniform(0, 100, (50, 70)).astype(np.float32)
    np.testing.assert_allclose(
        block_means(plane, 5, 7), plane.reshape(5, 10, 7, 10).mean((1, 3)), rtol=1e-5
    )
    assert block_means(plane, 13, 17).shape == (13, 17)
    assert block_means(plane, 100, 140).shape == (100, 140)
