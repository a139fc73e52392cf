"""What the networks are trained for, over callables: each backend brings its own way of calling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from . import bins as ab_bins
from . import losses
from .config import Config

Tensor = Any  # of the backend that Keras runs on
Generate = Callable[[Tensor], Any]  # lightness -> the generator's outputs
Criticize = Callable[[Tensor, Tensor], list[Tensor]]  # lightness, ab -> features and logits
# d f(x) / d x, for a function of one tensor to a number.
Gradient = Callable[[Callable[[Tensor], Tensor], Tensor], Tensor]


class Objective:
    """Losses of one batch: `lightness` [N,c,c,1] (L*/50-1) and `ab` [N,c,c,2] (over ab_scale).

    They are taken at the generator's output resolution, in float32 whatever the networks compute
    in. Generators with two outputs classify over the ab bins, with one they give ab itself.
    """

    def __init__(self, config: Config, bin_weights: np.ndarray) -> None:
        self.model, self.optim = config.model, config.optim
        self.bins, self.bin_weights = ab_bins.ab_bins(), bin_weights
        self.adversarial = losses.ADVERSARIAL[config.optim.adversarial_loss]

    def ab(self, outputs: Any) -> Tensor:
        """ab [N,h,w,2] over ab_scale: the annealed mean plus the residual, or the one output."""
        if not isinstance(outputs, list | tuple):
            return ops.cast(outputs, "float32")
        logits, residual = (ops.cast(output, "float32") for output in outputs)
        probability = ops.softmax(logits / self.model.temperature)
        return ops.matmul(probability, self.bins) / self.model.ab_scale + residual

    def generator(
        self, generate: Generate, criticize: Criticize | None, lightness: Tensor, ab: Tensor
    ) -> tuple[Tensor, dict[str, Tensor], Tensor]:
        """(loss, its parts, generated ab); adversarial terms only where `criticize` is given."""
        outputs = generate(lightness)
        fake = self.ab(outputs)
        true = shrink(ab, fake)
        total = self.optim.huber_weight * losses.huber(fake, true)
        parts: dict[str, Tensor] = {}
        if isinstance(outputs, list | tuple):
            logits = ops.cast(outputs[0], "float32")
            entropy = losses.class_entropy(
                logits, true * self.model.ab_scale, self.bins, self.bin_weights
            )
            total = entropy + total
            parts["cross_entropy"] = entropy
        error = ops.sqrt(ops.sum((fake - true) ** 2, -1))
        parts["ab_error"] = ops.mean(error) * self.model.ab_scale
        if criticize is not None:
            small = shrink(lightness, fake)
            *real_features, _ = criticize(small, true)
            *features, score = criticize(small, fake)
            adversarial = self.adversarial[2](score)
            total = total + self.optim.adversarial_weight * adversarial
            parts["adversarial"] = adversarial
            if features:
                matching = losses.feature_matching(real_features, features)
                total = total + self.optim.feature_weight * matching
                parts["feature_matching"] = matching
        return total, parts, fake

    def discriminator(
        self,
        criticize: Criticize,
        lightness: Tensor,
        ab: Tensor,
        fake: Tensor,
        noise: Tensor | None,
        r1: tuple[Criticize, Gradient] | None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """(loss, what to report of it).

        Args:
            noise: ab that are noise, judged as a third picture which is false, too.
            r1: how to judge without side effects, and how to take the gradient, for the penalty on
                true pictures (Mescheder et al. 2018).
        """
        true, small = shrink(ab, fake), shrink(lightness, fake)
        of_true, of_false, _ = self.adversarial
        on_real, on_fake = criticize(small, true)[-1], criticize(small, fake)[-1]
        loss = of_true(on_real) + of_false(on_fake)
        if noise is not None:
            loss = loss + of_false(criticize(small, noise)[-1])
        if r1 is not None:
            judge, gradient = r1
            slope = gradient(lambda x: _sum_of_means(judge(small, x)[-1]), true)
            penalty = ops.mean(ops.sum(slope**2, (1, 2, 3)))
            # Every r1_every steps for all of them (Karras et al. 2020).
            loss = loss + 0.5 * self.optim.r1_weight * self.optim.r1_every * penalty
        right = losses.accuracy(on_real, on_fake, self.optim.adversarial_loss)
        return loss, {"discriminator_loss": loss, "discriminator_accuracy": right}

    def realism(self, score: Tensor) -> Tensor:
        """A discriminator's scores as 0..1 (0.5: undecided), one for each picture [N]."""
        likely = score if self.optim.adversarial_loss == "lsgan" else ops.sigmoid(score)
        axes = tuple(range(1, len(score.shape)))
        return ops.clip(ops.mean(ops.cast(likely, "float32"), axes), 0.0, 1.0)


def _sum_of_means(logits: Tensor) -> Tensor:
    """Over the batch the sum, over one picture's patches the mean."""
    return ops.sum(logits) / (np.prod(logits.shape[1:]))


def shrink(image: Tensor, like: Tensor) -> Tensor:
    """Area average to the resolution of `like`."""
    factor = image.shape[1] // like.shape[1]
    return image if factor == 1 else ops.average_pool(image, factor, factor, "valid")
