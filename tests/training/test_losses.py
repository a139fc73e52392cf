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


def test_classes_weigh_by_rarity():
    true = RNG.uniform(-50, 50, (2, 3, 3, 2)).astype(np.float32)
    logits = RNG.normal(0, 2, (2, 3, 3, len(CENTRES))).astype(np.float32)
    weights = RNG.uniform(0.5, 2, len(CENTRES)).astype(np.float32)
    soft = soft_encoding(true)
    log_probability = logits - np.log(np.exp(logits.astype(np.float64)).sum(-1, keepdims=True))
    expected = (-(soft * log_probability).sum(-1) * (soft @ weights)).mean()
    found = losses.class_entropy(logits, true, CENTRES, weights)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_huber():
    true = RNG.uniform(-0.5, 0.5, (2, 3, 3, 2)).astype(np.float32)
    predicted = true + RNG.normal(0, 0.2, true.shape).astype(np.float32)
    np.testing.assert_allclose(
        losses.huber(predicted, true), huber(predicted, true, 0.1), rtol=1e-4
    )


def negative_log_sigmoid(x):
    return np.log1p(np.exp(-x.astype(np.float64)))


@pytest.mark.parametrize(
    ("kind", "of_true", "of_false", "wanted"),
    [
        ("hinge", lambda x: np.maximum(0, 1 - x), lambda x: np.maximum(0, 1 + x), lambda x: -x),
        (
            "bce",
            negative_log_sigmoid,
            lambda x: negative_log_sigmoid(-x),
            negative_log_sigmoid,
        ),
        ("lsgan", lambda x: (x - 1) ** 2, lambda x: x**2, lambda x: (x - 1) ** 2),
    ],
)
def test_adversarial_losses(kind, of_true, of_false, wanted):
    scores = RNG.normal(0, 1.5, (4, 5)).astype(np.float32)
    for function, expected in zip(
        losses.ADVERSARIAL[kind], (of_true, of_false, wanted), strict=True
    ):
        np.testing.assert_allclose(function(scores), expected(scores).mean(), rtol=1e-5)


def test_accuracy_weighs_true_and_false_alike():
    real, fake = np.array([0.4, 0.6, 0.7, -1.0]), np.array([0.2, 0.6])
    assert float(losses.accuracy(real, fake, "hinge")) == pytest.approx(0.75 / 2)
    assert float(losses.accuracy(real, fake, "lsgan")) == pytest.approx((0.5 + 0.5) / 2)


def test_feature_matching():
    real = RNG.normal(0, 1.5, (4, 5)).astype(np.float32)
    fake = RNG.normal(0, 1.5, (4, 5)).astype(np.float32)
    pairs = [(real, fake), (real[:2], fake[:2])]
    expected = np.mean([np.abs(a - b).mean() for a, b in pairs])
    found = losses.feature_matching([a for a, _ in pairs], [b for _, b in pairs])
    np.testing.assert_allclose(found, expected, rtol=1e-5)
