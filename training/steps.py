"""The compiled training steps: plain functions over shared models and optimisers (TensorFlow)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from . import bins as ab_bins
from . import losses
from .config import Config
from .models import DOWNSCALE


@dataclass(slots=True)
class Networks:
    generator: keras.Model
    discriminator: keras.Model
    ema: list[tf.Variable]  # averaged generator weights, in the order of generator.weights


def networks_of(generator: keras.Model, discriminator: keras.Model) -> Networks:
    """The networks with the average starting at the generator's present weights."""
    ema = [tf.Variable(w.value, trainable=False) for w in generator.weights]
    return Networks(generator, discriminator, ema)


Step = Callable[[tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]


class Averaging:
    """What every trainer has: networks, their configuration, and averaged generator weights."""

    def __init__(self, networks: Networks, config: Config) -> None:
        self.networks, self.config = networks, config
        self.optimizers: Sequence[keras.optimizers.Optimizer] = ()

    def update_ema(self, step: int) -> None:
        """Moves the averaged weights towards the present ones, after step number `step`."""
        # A short average at first, or the random start would stay in it for a thousand steps.
        keep = min(self.config.optim.ema, (1 + step) / (10 + step))
        self._blend(tf.constant(keep, tf.float32))

    @tf.function  # type: ignore[untyped-decorator]
    def _blend(self, keep: tf.Tensor) -> None:
        for average, weight in zip(self.networks.ema, self.networks.generator.weights, strict=True):
            average.assign(keep * average + (1 - keep) * weight.value)


class Trainer(Averaging):
    """Holds the optimisers and makes one step function per stage.

    `lightness` is [N,c,c,1] (L*/50-1), `ab` [N,c,c,2] (over ab_scale); the loss is taken at the
    generator's output resolution.
    """

    def __init__(self, networks: Networks, config: Config, bin_weights: np.ndarray) -> None:
        super().__init__(networks, config)
        self.bins = tf.constant(ab_bins.ab_bins())
        self.bin_weights = tf.constant(bin_weights)
        rate = config.optim.learning_rate
        decay = config.optim.weight_decay
        self.head_optimizer = keras.optimizers.AdamW(rate, weight_decay=decay, global_clipnorm=1.0)
        self.body_optimizer = keras.optimizers.AdamW(rate, weight_decay=decay, global_clipnorm=1.0)
        self.patch_optimizer = keras.optimizers.Adam(
            config.optim.discriminator_learning_rate, beta_1=0.0, beta_2=0.99
        )
        trainable = networks.generator.trainable_variables
        self.body = [v for v in trainable if v.path.split("/")[0].startswith(("stem", "block"))]
        names = {id(v) for v in self.body}
        self.head = [v for v in trainable if id(v) not in names]
        self.head_optimizer.build(self.head)
        if self.body:
            self.body_optimizer.build(self.body)
        self.patch_optimizer.build(networks.discriminator.trainable_variables)
        self.optimizers = (self.head_optimizer, self.body_optimizer, self.patch_optimizer)

    def set_learning_rates(self, head: float, body: float) -> None:
        self.head_optimizer.learning_rate.assign(head)
        self.body_optimizer.learning_rate.assign(body)

    def pixel_step(self, with_encoder: bool) -> Step:
        """Generator alone: classification and Huber; the encoder too, or only the decoder."""
        variables = self.head + (self.body if with_encoder else [])

        @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
        def step(lightness: tf.Tensor, ab: tf.Tensor) -> dict[str, tf.Tensor]:
            true = _shrink(ab)
            with tf.GradientTape() as tape:
                total, parts = self._generate(lightness, true)
            self._apply(tape.gradient(total, [v.value for v in variables]), with_encoder)
            parts.pop("ab")
            return {"loss": total, **parts}

        return step  # type: ignore[no-any-return]

    def discriminator_step(self) -> Step:
        """Discriminator alone, against a generator that stands still."""

        @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
        def step(lightness: tf.Tensor, ab: tf.Tensor) -> dict[str, tf.Tensor]:
            _, fake = self._predict(lightness, training=False)
            return self._discriminate(lightness, _shrink(ab), fake)

        return step  # type: ignore[no-any-return]

    def joint_step(self) -> Step:
        """One generator step with the adversarial term, then one discriminator step."""
        variables = self.head + self.body
        weight = self.config.optim.adversarial_weight
        feature_weight = self.config.optim.feature_weight
        patch = self.networks.discriminator

        @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
        def step(lightness: tf.Tensor, ab: tf.Tensor) -> dict[str, tf.Tensor]:
            true, small = _shrink(ab), _shrink(lightness)
            *real_features, _ = patch([small, true], training=True)
            with tf.GradientTape() as tape:
                total, parts = self._generate(lightness, true)
                fake = parts.pop("ab")
                *features, score = patch([small, fake], training=True)
                adversarial = losses.hinge_generator(score)
                matching = losses.feature_matching(real_features, features)
                total = total + weight * adversarial + feature_weight * matching
            self._apply(tape.gradient(total, [v.value for v in variables]), True)
            scores = self._discriminate(lightness, true, tf.stop_gradient(fake))
            return {
                "loss": total,
                "adversarial": adversarial,
                "feature_matching": matching,
                **parts,
                **scores,
            }

        return step  # type: ignore[no-any-return]

    def _predict(
        self, lightness: tf.Tensor, *, training: bool
    ) -> tuple[tf.Tensor | None, tf.Tensor]:
        """The generator's logits, if it has any, and its ab."""
        outputs = self.networks.generator(lightness, training=training)
        if self.config.model.head == "regression":
            return None, outputs
        logits, residual = outputs
        return logits, self._mean(logits) + residual

    def _mean(self, logits: tf.Tensor) -> tf.Tensor:
        """The annealed mean, for the losses on ab (the exported network computes the same)."""
        probability = tf.nn.softmax(logits / self.config.model.temperature)
        return tf.tensordot(probability, self.bins, 1) / self.config.model.ab_scale

    def _generate(
        self, lightness: tf.Tensor, true: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        logits, ab = self._predict(lightness, training=True)
        error = tf.reduce_mean(tf.norm(ab - true, axis=-1)) * self.config.model.ab_scale
        parts = {"ab_error": error, "ab": ab}
        if logits is None:
            return losses.huber(ab, true), parts
        total, parts["cross_entropy"] = losses.pixel_loss(
            logits,
            ab,
            true,
            self.bins,
            self.bin_weights,
            self.config.model.ab_scale,
            self.config.optim.huber_weight,
        )
        return total, parts

    def _discriminate(
        self, lightness: tf.Tensor, true: tf.Tensor, fake: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        patch, small = self.networks.discriminator, _shrink(lightness)
        variables = patch.trainable_variables
        with tf.GradientTape() as tape:
            real_score = patch([small, true], training=True)[-1]
            fake_score = patch([small, fake], training=True)[-1]
            loss = losses.hinge_discriminator(real_score, fake_score)
        gradients = tape.gradient(loss, [v.value for v in variables])
        self.patch_optimizer.apply(gradients, variables)
        right = tf.reduce_mean(tf.cast(real_score > 0, tf.float32)) / 2
        right += tf.reduce_mean(tf.cast(fake_score < 0, tf.float32)) / 2
        return {"discriminator_loss": loss, "discriminator_accuracy": right}

    def _apply(self, gradients: list[Any], with_encoder: bool) -> None:
        count = len(self.head)
        self.head_optimizer.apply(gradients[:count], self.head)
        if with_encoder and self.body:
            self.body_optimizer.apply(gradients[count:], self.body)


def _shrink(image: tf.Tensor) -> tf.Tensor:
    """Area average to the generator's output resolution."""
    return tf.nn.avg_pool2d(image, DOWNSCALE, DOWNSCALE, "VALID")
