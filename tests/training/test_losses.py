"""Losses against transcriptions in NumPy."""

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from colorlab.training import bins, losses

RNG = np.random.default_rng(5)
CENTRES = bins.ab_bins()


def soft_encoding(ab):
    squared = ((ab[..., None, :].astype(np.float64) - CENTRES) ** 2).sum(-1)
    weight = np.exp(-squared / (2 * bins.SIGMA**2))
    return weight / weight.sum(-1, keepdims=True)


def test_soft_encoding_is_a_gaussian_over_the_bins():
    ab = RNG.uniform(-60, 60, (3, 4, 2)).astype(np.float32)
    np.testing.assert_allclose(losses.soft_encode(ab, CENTRES), soft_encoding(ab), atol=1e-5)


def huber(predicted, true, delta):
    error = np.abs(predicted - true)
    return np.where(error < delta, error**2 / (2 * delta), error - delta / 2).mean()


def test_pixel_loss_is_weighted_cross_entropy_plus_huber():
    true = RNG.uniform(-0.5, 0.5, (2, 3, 3, 2)).astype(np.float32)
    predicted = true + RNG.normal(0, 0.2, true.shape).astype(np.float32)
    logits = RNG.normal(0, 2, (2, 3, 3, len(CENTRES))).astype(np.float32)
    weights = RNG.uniform(0.5, 2, len(CENTRES)).astype(np.float32)
    soft = soft_encoding(true * 110)
    log_probability = logits - np.log(np.exp(logits.astype(np.float64)).sum(-1, keepdims=True))
    entropy = (-(soft * log_probability).sum(-1) * (soft @ weights)).mean()
    total, found = losses.pixel_loss(logits, predicted, true, CENTRES, weights, 110.0, 0.5)
    np.testing.assert_allclose(found, entropy, rtol=1e-4)
    np.testing.assert_allclose(total, entropy + 0.5 * huber(predicted, true, 0.1), rtol=1e-4)


def test_adversarial_losses():
    real = RNG.normal(0, 1.5, (4, 5)).astype(np.float32)
    fake = RNG.normal(0, 1.5, (4, 5)).astype(np.float32)
    expected = np.maximum(0, 1 - real).mean() + np.maximum(0, 1 + fake).mean()
    np.testing.assert_allclose(losses.hinge_discriminator(real, fake), expected, rtol=1e-5)
    np.testing.assert_allclose(losses.hinge_generator(fake), -fake.mean(), rtol=1e-5)
    pairs = [(real, fake), (real[:2], fake[:2])]
    expected = np.mean([np.abs(a - b).mean() for a, b in pairs])
    found = losses.feature_matching([a for a, _ in pairs], [b for _, b in pairs])
    np.testing.assert_allclose(found, expected, rtol=1e-5)
