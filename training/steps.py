"""The training steps of a run: networks and optimisers, whatever backend computes them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from .config import Config
from .objective import Objective, shrink

Floats = NDArray[np.float32]
Values = dict[str, Any]  # scalars by name, still on the device

_AVERAGED_EACH_STEP = 1000  # first steps of a run
_STEPS_PER_AVERAGE = 4  # afterwards


@dataclass(slots=True)
class Networks:
    generator: keras.Model
    discriminator: keras.Model
    ema: list[keras.Variable]  # averaged generator weights, in the order of generator.weights


def networks_of(generator: keras.Model, discriminator: keras.Model) -> Networks:
    """The networks with the average starting at the generator's present weights."""
    ema = [keras.Variable(w.numpy(), trainable=False, dtype="float32") for w in generator.weights]
    return Networks(generator, discriminator, ema)


class Kind(NamedTuple):
    """What one compiled step does."""

    stage: str  # decoder (encoder frozen), pixel, discriminator or joint
    noise: bool = False  # the discriminator also sees noise
    r1: bool = False  # and is penalised for its slope


class Trainer(ABC):
    """Makes and runs the steps; a subclass for each backend compiles them.

    The generator's weights have two optimisers: one for those of a pre-trained encoder ("body",
    names that start with "stem" and "block"), one for all others ("head").
    """

    def __init__(self, networks: Networks, config: Config, bin_weights: np.ndarray) -> None:
        self.networks, self.config = networks, config
        self.objective = Objective(config, bin_weights)
        optim = config.optim

        self.head_optimizer, self.body_optimizer = (
            keras.optimizers.AdamW(
                optim.learning_rate,
                weight_decay=optim.weight_decay,
                global_clipnorm=optim.clip_norm or None,
            )
            for _ in range(2)
        )
        first, second = optim.discriminator_betas
        self.patch_optimizer = keras.optimizers.Adam(
            optim.discriminator_learning_rate, beta_1=first, beta_2=second
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
        self.scaling = LossScaling() if config.model.precision == "float16" else None

    def variables(self) -> dict[str, Sequence[Any]]:
        """Everything that a run must remember, by the name of its group in a checkpoint."""
        generator = self.networks.generator
        weights = {id(v) for v in generator.weights}
        groups: dict[str, Sequence[Any]] = {
            "generator": generator.weights,
            # Where the random numbers of its dropouts have come to; few generators have any.
            "dropout": [v for v in generator.variables if id(v) not in weights],
            "discriminator": self.networks.discriminator.variables,
            "ema": self.networks.ema,
        }
        for index, optimizer in enumerate(self.optimizers):
            groups[f"optimizer{index}"] = optimizer.variables
        if self.scaling is not None:
            groups["scaling"] = [self.scaling.scale, self.scaling.good_steps]
        return groups

    def set_learning_rates(self, head: float, body: float) -> None:
        self.head_optimizer.learning_rate.assign(head)
        self.body_optimizer.learning_rate.assign(body)

    def step(self, stage: str, number: int, lightness: Floats, ab: Floats) -> Values:
        """One step of a stage on one batch; returns its losses.

        Where `optim.retrain_below` asks for it, the discriminator is trained on the batch again, a
        bounded number of times, after a joint step in which it judged too little rightly.
        """
        optim = self.config.optim
        critical = stage in ("discriminator", "joint")
        noisy = critical and optim.noise_every > 0 and (number + 1) % optim.noise_every == 0
        sloped = critical and optim.r1_weight > 0 and number % optim.r1_every == 0
        kind = Kind(stage, noisy, sloped)
        values = self._run(kind, number, lightness, ab)
        if stage == "joint" and optim.retrain_below:
            right = values["discriminator_accuracy"]
            times = 0
            while times < optim.retrain_steps and float(right) < (
                optim.retrain_until if times else optim.retrain_below
            ):
                kind = kind._replace(stage="discriminator")
                right = self._run(kind, number, lightness, ab)["discriminator_accuracy"]
                times += 1
            values["retrained"] = times
        return values

    def update_ema(self, number: int) -> None:
        """Moves the averaged weights towards the present ones, after step number `number`.

        Every step at first, later every few steps by as much: moving each of hundreds of weights
        costs 3 % of a small network's step.
        """
        each = number < _AVERAGED_EACH_STEP or not self.config.optim.ema
        steps = 1 if each else _STEPS_PER_AVERAGE
        if (number + 1) % steps == 0:
            # A short average at first, or the random start would stay in it for a thousand steps:
            # as TensorFlow's ExponentialMovingAverage does by `num_updates`.
            self._blend(min(self.config.optim.ema, (1 + number) / (10 + number)) ** steps)

    def noise(self, number: int, ab: Floats) -> Floats:
        """Uniform ab in place of the batch's; of the step's number alone, so that runs resume."""
        side = ab.shape[1] // self.downscale
        shape = (ab.shape[0], side, side, 2)
        generator = np.random.default_rng((self.config.seed, number))
        return generator.uniform(-1, 1, shape).astype(np.float32)

    def realism(self, lightness: Floats, ab_true: Floats, ab: Floats) -> tuple[Floats, Floats]:
        """What the discriminator makes of true and of generated ab: 0..1, one for each picture."""
        critic, small = self.networks.discriminator, np.asarray(shrink(lightness, ab))

        def score(pictures: Floats) -> Floats:
            *_, logits = judged(critic, lambda x: critic(x, training=False), small, pictures)
            return np.asarray(self.objective.realism(logits))

        return score(np.asarray(shrink(ab_true, ab))), score(ab)

    @cached_property
    def downscale(self) -> int:
        """How much smaller than its input the generator's output is."""
        probe = self.networks.generator.compute_output_spec(keras.KerasTensor((1, 64, 64, 1)))
        first = probe[0] if isinstance(probe, list | tuple) else probe
        return 64 // int(first.shape[1])

    def generator_updates(
        self, stage: str
    ) -> list[tuple[keras.optimizers.Optimizer, list[keras.Variable]]]:
        """Which optimisers move what in a stage."""
        updates = [(self.head_optimizer, self.head)]
        if stage != "decoder" and self.body:
            updates.append((self.body_optimizer, self.body))
        return updates

    @abstractmethod
    def _run(self, kind: Kind, number: int, lightness: Floats, ab: Floats) -> Values: ...

    @abstractmethod
    def _blend(self, keep: float) -> None: ...

    def store(self) -> None:  # noqa: B027 - most backends keep no state elsewhere
        """Brings `variables()` up to date, where steps keep their state elsewhere."""

    def restored(self) -> None:  # noqa: B027
        """To be called after `variables()` were assigned from a checkpoint."""


def judged(
    discriminator: keras.Model, call: Callable[[Any], Any], lightness: Any, ab: Any
) -> list[Any]:
    """Features and logits, float32, of a discriminator of lightness and ab, or of ab alone.

    Args:
        call: gives the discriminator's outputs for its inputs.
    """
    outputs = call([lightness, ab] if len(discriminator.inputs) == 2 else ab)
    outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
    return [keras.ops.cast(output, "float32") for output in outputs]


class LossScaling:
    """Dynamic loss scaling for float16 gradients (Micikevicius et al. 2018).

    A step whose gradients overflow counts as one of zero gradients, and halves the scale.
    """

    GROW_AFTER = 1000  # steps without an overflow

    def __init__(self) -> None:
        self.scale = keras.Variable(2.0**14, trainable=False, dtype="float32", name="scale")
        self.good_steps = keras.Variable(0.0, trainable=False, dtype="float32", name="good_steps")

    @staticmethod
    def unscale(gradients: Sequence[Any], scale: Any) -> tuple[list[Any], Any]:
        """The gradients over the scale, or zeros; whether they were finite."""
        ops = keras.ops
        finite = ops.all(ops.stack([ops.all(ops.isfinite(g)) for g in gradients]))
        return [ops.where(finite, g / scale, ops.zeros_like(g)) for g in gradients], finite

    @classmethod
    def following(cls, scale: Any, good_steps: Any, finite: Any) -> tuple[Any, Any]:
        """Scale and count after a step."""
        ops = keras.ops
        counted = ops.where(finite, good_steps + 1.0, 0.0)
        grow = counted >= cls.GROW_AFTER
        scale = ops.where(finite, ops.where(grow, scale * 2.0, scale), ops.maximum(scale / 2, 1.0))
        return scale, ops.where(grow, 0.0, counted)
