"""The steps in TensorFlow: gradient tapes in tf.function, mirrored over several devices."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from .config import Config
from .steps import Floats, Kind, LossScaling, Networks, Trainer, Values, judged

Updates = list[tuple[keras.optimizers.Optimizer, list[keras.Variable]]]


def strategy() -> tf.distribute.Strategy:
    """Mirrored over all GPUs (else CPUs) where there are several; memory is taken as needed."""
    for device in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(RuntimeError):  # set by whoever used the device before us
            tf.config.experimental.set_memory_growth(device, True)
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if len(devices) == 1:
        return tf.distribute.get_strategy()
    return tf.distribute.MirroredStrategy([device.name for device in devices])


class TensorFlowTrainer(Trainer):
    """To be made, like its networks, within the scope of the strategy that it is to run under."""

    def __init__(self, networks: Networks, config: Config, bin_weights: np.ndarray) -> None:
        super().__init__(networks, config, bin_weights)
        self.strategy = tf.distribute.get_strategy()
        for optimizer in self.optimizers:
            if optimizer.global_clipnorm:  # see _apply
                optimizer.global_clipnorm /= self.strategy.num_replicas_in_sync
        self._compiled: dict[Kind, Callable[..., Any]] = {}

    def _run(self, kind: Kind, number: int, lightness: Floats, ab: Floats) -> Values:
        if kind not in self._compiled:
            if kind.stage not in {known.stage for known in self._compiled} | {"discriminator"}:
                self._compiled.clear()  # the old stage's graphs may go
            self._compiled[kind] = self._compile(kind)
        batch = [lightness, ab] + ([self.noise(number, ab)] if kind.noise else [])
        replicas = self.strategy.num_replicas_in_sync
        if replicas == 1:
            return self._compiled[kind](*(tf.constant(array) for array in batch))  # type: ignore[no-any-return]
        shards = [np.split(array, replicas) for array in batch]
        parts = [
            self.strategy.experimental_distribute_values_from_function(
                lambda context, arrays=arrays: tf.constant(arrays[context.replica_id_in_sync_group])
            )
            for arrays in shards
        ]
        return self._compiled[kind](*parts)  # type: ignore[no-any-return]

    def _compile(self, kind: Kind) -> Callable[..., Any]:
        # TensorFlow warns of five compilations of one function's code; of a partial it sees none.
        step = functools.partial(self._step, self._body(kind))
        return tf.function(step, reduce_retracing=True)  # type: ignore[no-any-return]

    def _step(self, body: Callable[..., Values], *batch: tf.Tensor) -> Values:
        if self.strategy.num_replicas_in_sync == 1:
            return body(*batch)
        values = self.strategy.run(body, batch)
        return {
            name: self.strategy.reduce(tf.distribute.ReduceOp.MEAN, value, axis=None)
            for name, value in values.items()
        }

    def _body(self, kind: Kind) -> Callable[..., Values]:
        generator, objective = self.networks.generator, self.objective
        critic = self.networks.discriminator

        def criticize(
            lightness: tf.Tensor, ab: tf.Tensor, training: bool = True
        ) -> list[tf.Tensor]:
            return judged(critic, lambda x: critic(x, training=training), lightness, ab)

        def judge(lightness: tf.Tensor, ab: tf.Tensor) -> list[tf.Tensor]:
            return criticize(lightness, ab, training=False)

        def body(lightness: tf.Tensor, ab: tf.Tensor, noise: tf.Tensor | None = None) -> Values:
            parts: Values = {}
            if kind.stage == "discriminator":
                fake = objective.ab(generator(lightness, training=False))
            else:
                with tf.GradientTape() as tape:
                    loss, parts, fake = objective.generator(
                        lambda x: generator(x, training=True),
                        criticize if kind.stage == "joint" else None,
                        lightness,
                        ab,
                    )
                    scaled = self._scaled(loss)
                self._apply(tape, scaled, self.generator_updates(kind.stage))
                parts = {"loss": loss, **parts}
            if kind.stage in ("discriminator", "joint"):
                with tf.GradientTape() as tape:
                    loss, told = objective.discriminator(
                        criticize,
                        lightness,
                        ab,
                        tf.stop_gradient(fake),
                        noise,
                        (judge, _gradient) if kind.r1 else None,
                    )
                    scaled = self._scaled(loss)
                variables = critic.trainable_variables
                self._apply(tape, scaled, [(self.patch_optimizer, variables)])
                parts |= told
            return parts

        return body

    def _scaled(self, loss: tf.Tensor) -> tf.Tensor:
        return loss if self.scaling is None else loss * self.scaling.scale.value

    def _apply(self, tape: tf.GradientTape, loss: tf.Tensor, updates: Updates) -> None:
        sources = [v.value for _, variables in updates for v in variables]
        gradients: Sequence[tf.Tensor] = tape.gradient(loss, sources)
        replicas = self.strategy.num_replicas_in_sync
        if replicas > 1:
            # Averaged here, so that clipping and overflow see what one device would have seen.
            # Keras adds up the replicas' gradients: each gives, and clips, its part.
            context = tf.distribute.get_replica_context()
            means = context.all_reduce(tf.distribute.ReduceOp.MEAN, gradients)
            gradients = [mean / replicas for mean in means]
        if self.scaling is not None:
            scaling = self.scaling
            gradients, finite = LossScaling.unscale(gradients, scaling.scale.value)
            following = LossScaling.following(scaling.scale.value, scaling.good_steps.value, finite)
            for variable, value in zip((scaling.scale, scaling.good_steps), following, strict=True):
                variable.assign(value)
        at = 0
        for optimizer, variables in updates:
            optimizer.apply(gradients[at : at + len(variables)], variables)
            at += len(variables)

    def _blend(self, keep: float) -> None:
        self._blend_by(tf.constant(keep, tf.float32))

    @tf.function  # type: ignore[untyped-decorator]
    def _blend_by(self, keep: tf.Tensor) -> None:
        single = self.strategy.num_replicas_in_sync == 1
        for average, weight in self._moving():
            apart = average.value - weight.value
            if single:  # one operation in place of two, which counts for hundreds of small weights
                tf.raw_ops.ResourceApplyGradientDescent(
                    var=average.value.handle, alpha=1 - keep, delta=apart
                )
            else:
                average.assign_sub((1 - keep) * apart)

    def _moving(self) -> list[tuple[keras.Variable, keras.Variable]]:
        """Averages and weights of layers that train; those of the others are equal for good, and
        in a network with a frozen normalisation they are the many."""
        generator = self.networks.generator
        held = {id(w) for layer in generator.layers if not layer.trainable for w in layer.weights}
        pairs = zip(self.networks.ema, generator.weights, strict=True)
        return [(average, weight) for average, weight in pairs if id(weight) not in held]


def _gradient(function: Callable[[tf.Tensor], tf.Tensor], x: tf.Tensor) -> tf.Tensor:
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    return tape.gradient(value, x)
