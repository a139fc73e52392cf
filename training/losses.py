"""Losses of the generator and the discriminator, in Keras' operations: any backend takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from keras import ops

from . import bins as ab_bins

Tensor = Any  # of the backend that Keras runs on


def soft_encode(ab: Tensor, bins: Tensor) -> Tensor:
    """ab [...,2] in a*b* units -> probabilities [...,Q]: a Gaussian of SIGMA over the bins."""
    # |ab - bin|^2 without |ab|^2, which a softmax does not see: one matrix product.
    distance = ops.matmul(ab, ops.transpose(bins)) - 0.5 * ops.sum(bins**2, 1)
    return ops.softmax(distance / ab_bins.SIGMA**2)


def class_entropy(logits: Tensor, ab_true: Tensor, bins: Tensor, weights: Tensor) -> Tensor:
    """Rarity-weighted cross-entropy of the ab bins (Zhang et al. 2016); ab_true in a*b* units."""
    soft = soft_encode(ab_true, bins)
    entropy = ops.categorical_crossentropy(soft, logits, from_logits=True)
    return ops.mean(entropy * ops.matmul(soft, weights))


def huber(predicted: Tensor, true: Tensor, delta: float = 0.1) -> Tensor:
    """Mean Huber loss over delta, so that far errors count as their absolute value."""
    error = ops.abs(predicted - true)
    near = ops.minimum(error, delta)
    return ops.mean(0.5 * near**2 / delta + (error - near))


def feature_matching(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Mean L1 distance of the discriminator's features (Wang et al. 2018); real ones are fixed."""
    distances = [
        ops.mean(ops.abs(ops.stop_gradient(a) - b)) for a, b in zip(real, fake, strict=True)
    ]
    return sum(distances) / len(distances)


def binary(logits: Tensor, label: float) -> Tensor:
    """Binary cross-entropy of logits that should all be `label` (Goodfellow et al. 2014)."""
    labels = ops.full_like(logits, label)
    return ops.mean(ops.binary_crossentropy(labels, logits, from_logits=True))


# An adversarial loss is three functions of patch logits: what the discriminator wants of true
# pictures, what it wants of false ones, and what the generator wants of its own.
ADVERSARIAL: dict[str, tuple[Callable[[Tensor], Tensor], ...]] = {
    "hinge": (  # Lim & Ye 2017
        lambda real: ops.mean(ops.relu(1.0 - real)),
        lambda fake: ops.mean(ops.relu(1.0 + fake)),
        lambda fake: -ops.mean(fake),
    ),
    "bce": (  # Goodfellow et al. 2014, the generator's non-saturating
        lambda real: binary(real, 1.0),
        lambda fake: binary(fake, 0.0),
        lambda fake: binary(fake, 1.0),
    ),
    "lsgan": (  # Mao et al. 2017
        lambda real: ops.mean((real - 1.0) ** 2),
        lambda fake: ops.mean(fake**2),
        lambda fake: ops.mean((fake - 1.0) ** 2),
    ),
}
# Logits above it are called true.
THRESHOLD = {"hinge": 0.0, "bce": 0.0, "lsgan": 0.5}


def accuracy(real: Tensor, fake: Tensor, kind: str) -> Tensor:
    """Share of patches that the discriminator judges rightly; true and false ones weigh alike."""
    limit = THRESHOLD[kind]
    right = ops.mean(ops.cast(real > limit, "float32"))
    return (right + ops.mean(ops.cast(fake < limit, "float32"))) / 2
