"""The steps in JAX: pure functions of the whole state, compiled once, their buffers donated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import keras
import numpy as np

from .config import Config
from .steps import Floats, Kind, LossScaling, Networks, Trainer, Values, judged

State = dict[str, list[jax.Array]]


def distribute() -> int:
    """Splits batches over all devices, with the weights on each; returns how many there are."""
    devices = len(jax.devices())
    if devices > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel())
    return devices


class _Stateless:
    """A network called with given weights; what a call changes besides them is in `state`."""

    def __init__(self, model: keras.Model, weights: Any, state: Any) -> None:
        self.model, self.weights, self.state = model, weights, state

    def __call__(self, inputs: Any, training: bool) -> Any:
        outputs, state = self.model.stateless_call(
            self.weights, self.state, inputs, training=training
        )
        if training:
            self.state = state
        return outputs

    def judged(self, lightness: Any, ab: Any, training: bool = True) -> list[Any]:
        return judged(self.model, lambda inputs: self(inputs, training), lightness, ab)


class JaxTrainer(Trainer):
    """Holds its state as arrays between steps; `store` copies it into the Keras variables."""

    def __init__(self, networks: Networks, config: Config, bin_weights: np.ndarray) -> None:
        super().__init__(networks, config, bin_weights)
        self._compiled: dict[Kind, Callable[..., Any]] = {}
        self._average = jax.jit(
            lambda keep, old, new: [
                keep * a + (1 - keep) * b for a, b in zip(old, new, strict=True)
            ],
            donate_argnums=1,
        )
        self._groups = {
            "head": self.head,
            "body": self.body,
            "generator_state": networks.generator.non_trainable_variables,
            "patch": networks.discriminator.trainable_variables,
            "patch_state": networks.discriminator.non_trainable_variables,
            "ema": networks.ema,
            "head_optimizer": self.head_optimizer.variables,
            "body_optimizer": self.body_optimizer.variables,
            "patch_optimizer": self.patch_optimizer.variables,
            "scaling": [self.scaling.scale, self.scaling.good_steps] if self.scaling else [],
        }
        # Where each trainable weight of the generator lies in head + body, and each of all weights.
        position = {id(v): i for i, v in enumerate([*self.head, *self.body])}
        self._order = [position[id(v)] for v in networks.generator.trainable_variables]
        everything = [*self.head, *self.body, *networks.generator.non_trainable_variables]
        places = {id(v): i for i, v in enumerate(everything)}
        self._weights_order = [places[id(v)] for v in networks.generator.weights]
        self.restored()

    def restored(self) -> None:
        # Copies: the steps donate their buffers, and the variables keep theirs.
        self._state: State = {
            name: [jax.numpy.array(v.value, copy=True) for v in group]
            for name, group in self._groups.items()
        }

    def store(self) -> None:
        for name, group in self._groups.items():
            for variable, value in zip(group, self._state[name], strict=True):
                variable.assign(value)

    def set_learning_rates(self, head: float, body: float) -> None:
        super().set_learning_rates(head, body)
        for name, optimizer in (("head", self.head_optimizer), ("body", self.body_optimizer)):
            rate = optimizer.learning_rate
            at = next(i for i, v in enumerate(optimizer.variables) if v is rate)
            self._state[f"{name}_optimizer"][at] = jax.numpy.array(rate.value, copy=True)

    def _run(self, kind: Kind, number: int, lightness: Floats, ab: Floats) -> Values:
        if kind not in self._compiled:
            self._compiled[kind] = jax.jit(self._body(kind), donate_argnums=0)
        noise = self.noise(number, ab) if kind.noise else None
        batch = [_placed(array) for array in (lightness, ab, noise)]
        self._state, values = self._compiled[kind](self._state, *batch)
        return values  # type: ignore[no-any-return]

    def _body(self, kind: Kind) -> Callable[..., tuple[State, Values]]:
        def body(state: State, lightness: Any, ab: Any, noise: Any) -> tuple[State, Values]:
            parts: Values = {}
            if kind.stage == "discriminator":
                generator = self._generator(state, [*state["head"], *state["body"]])
                fake = self.objective.ab(generator(lightness, False))
            else:
                state, parts, fake = self._move_generator(kind, state, lightness, ab)
            if kind.stage in ("discriminator", "joint"):
                state, told = self._move_discriminator(kind, state, lightness, ab, fake, noise)
                parts |= told
            return state, parts

        return body

    def _generator(self, state: State, weights: Sequence[Any]) -> _Stateless:
        ordered = [weights[i] for i in self._order]
        return _Stateless(self.networks.generator, ordered, state["generator_state"])

    def _discriminator(self, state: State, weights: Sequence[Any]) -> _Stateless:
        return _Stateless(self.networks.discriminator, weights, state["patch_state"])

    def _move_generator(
        self, kind: Kind, state: State, lightness: Any, ab: Any
    ) -> tuple[State, Values, Any]:
        moved = ["head"] if kind.stage == "decoder" else ["head", "body"]

        def loss_of(weights: dict[str, list[Any]]) -> tuple[Any, Any]:
            given = {**state, **weights}
            generator = self._generator(state, [*given["head"], *given["body"]])
            critic = self._discriminator(state, state["patch"])
            loss, parts, fake = self.objective.generator(
                lambda x: generator(x, True),
                critic.judged if kind.stage == "joint" else None,
                lightness,
                ab,
            )
            aside = {"generator_state": generator.state, "patch_state": critic.state}
            return self._scaled(state, loss), ({"loss": loss, **parts}, fake, aside)

        gradients, (parts, fake, aside) = jax.grad(loss_of, has_aux=True)(
            {name: state[name] for name in moved}
        )
        state = self._apply({**state, **aside}, gradients)
        return state, parts, jax.lax.stop_gradient(fake)

    def _move_discriminator(
        self, kind: Kind, state: State, lightness: Any, ab: Any, fake: Any, noise: Any
    ) -> tuple[State, Values]:
        def loss_of(weights: dict[str, list[Any]]) -> tuple[Any, Any]:
            critic = self._discriminator(state, weights["patch"])
            r1 = (
                lambda x, y: critic.judged(x, y, training=False),
                lambda function, x: jax.grad(function)(x),
            )
            loss, told = self.objective.discriminator(
                critic.judged, lightness, ab, fake, noise, r1 if kind.r1 else None
            )
            return self._scaled(state, loss), (told, {"patch_state": critic.state})

        gradients, (told, aside) = jax.grad(loss_of, has_aux=True)({"patch": state["patch"]})
        return self._apply({**state, **aside}, gradients), told

    def _scaled(self, state: State, loss: Any) -> Any:
        return loss * state["scaling"][0] if self.scaling else loss

    def _apply(self, state: State, gradients: dict[str, list[Any]]) -> State:
        optimizers = {
            "head": self.head_optimizer,
            "body": self.body_optimizer,
            "patch": self.patch_optimizer,
        }
        state = dict(state)
        if self.scaling:
            flat, tree = jax.tree.flatten(gradients)
            scale, good_steps = state["scaling"]
            flat, finite = LossScaling.unscale(flat, scale)
            gradients = jax.tree.unflatten(tree, flat)
            state["scaling"] = list(LossScaling.following(scale, good_steps, finite))
        for name, slopes in gradients.items():
            if slopes:
                state[name], state[f"{name}_optimizer"] = optimizers[name].stateless_apply(
                    state[f"{name}_optimizer"], slopes, state[name]
                )
        return state

    def _blend(self, keep: float) -> None:
        state = self._state
        everything = [*state["head"], *state["body"], *state["generator_state"]]
        weights = [everything[i] for i in self._weights_order]
        state["ema"] = self._average(keep, state["ema"], weights)


def _placed(array: Floats | None) -> Any:
    """The batch on its devices, split where Keras was told to distribute."""
    distribution = keras.distribution.distribution()
    if array is None or distribution is None:
        return array
    layout = distribution.get_data_layout(array.shape)
    return keras.distribution.distribute_tensor(array, layout)
