"""Losses of the generator and the discriminator, on TensorFlow tensors."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from . import bins as ab_bins


def soft_encode(ab: tf.Tensor, bins: tf.Tensor) -> tf.Tensor:
    """ab [...,2] in a*b* units -> probabilities [...,Q]: a Gaussian of SIGMA over the bins."""
    # |ab - bin|^2 without |ab|^2, which a softmax does not see: one matrix product.
    distance = tf.einsum("...c,qc->...q", ab, bins) - 0.5 * tf.reduce_sum(bins**2, 1)
    return tf.nn.softmax(distance / ab_bins.SIGMA**2)


def pixel_loss(
    logits: tf.Tensor,
    ab_predicted: tf.Tensor,
    ab_true: tf.Tensor,
    bins: tf.Tensor,
    weights: tf.Tensor,
    ab_scale: float,
    huber_weight: float,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Rarity-weighted cross-entropy plus Huber on ab; returns (total, cross-entropy)."""
    soft = soft_encode(ab_true * ab_scale, bins)
    entropy = tf.nn.softmax_cross_entropy_with_logits(labels=soft, logits=logits)
    weight = tf.linalg.matvec(soft, weights)
    cross_entropy = tf.reduce_mean(entropy * weight)
    return cross_entropy + huber_weight * huber(ab_predicted, ab_true), cross_entropy


def huber(predicted: tf.Tensor, true: tf.Tensor, delta: float = 0.1) -> tf.Tensor:
    """Mean Huber loss over delta, so that far errors count as their absolute value."""
    error = tf.abs(predicted - true)
    near = tf.minimum(error, delta)
    return tf.reduce_mean(0.5 * near**2 / delta + (error - near))


def hinge_discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """Hinge loss (Lim & Ye 2017) on patch logits."""
    return tf.reduce_mean(tf.nn.relu(1.0 - real)) + tf.reduce_mean(tf.nn.relu(1.0 + fake))


def hinge_generator(fake: tf.Tensor) -> tf.Tensor:
    return -tf.reduce_mean(fake)


def binary(logits: tf.Tensor, label: float) -> tf.Tensor:
    """Binary cross-entropy of logits that should all be `label` (Goodfellow et al. 2014)."""
    labels = tf.fill(tf.shape(logits), label)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))


def feature_matching(real: Sequence[tf.Tensor], fake: Sequence[tf.Tensor]) -> tf.Tensor:
    """Mean L1 distance of the discriminator's features (Wang et al. 2018); real ones are fixed."""
    distances = [
        tf.reduce_mean(tf.abs(tf.stop_gradient(a) - b)) for a, b in zip(real, fake, strict=True)
    ]
    return tf.add_n(distances) / len(distances)
