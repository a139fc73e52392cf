"""What depends on the backend that Keras runs on: TensorFlow or JAX (KERAS_BACKEND)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from colorlab.errors import TrainingError

from .config import Config
from .steps import Networks, Trainer


@contextlib.contextmanager
def scope(config: Config) -> Iterator[None]:
    """Within it networks and trainers are made: for all devices, in the run's precision.

    Raises:
        TrainingError: another backend, or a batch that the devices cannot share evenly.
    """
    name = keras.backend.backend()
    with contextlib.ExitStack() as stack:
        if name == "tensorflow":
            from . import steps_tensorflow

            strategy = steps_tensorflow.strategy()
            devices = strategy.num_replicas_in_sync
            stack.enter_context(strategy.scope())
        elif name == "jax":
            from . import steps_jax

            devices = steps_jax.distribute()
        else:
            raise TrainingError(
                f'there are no training steps for the Keras backend "{name}"',
                hint="Set KERAS_BACKEND to tensorflow or jax.",
            )
        if config.data.batch % devices:
            raise TrainingError(f"data.batch: {devices} devices cannot share {config.data.batch}")
        before = keras.config.dtype_policy()
        precision = config.model.precision
        keras.config.set_dtype_policy(precision if precision == "float32" else f"mixed_{precision}")
        try:
            yield
        finally:
            keras.config.set_dtype_policy(before)


def trainer(networks: Networks, config: Config, bin_weights: np.ndarray) -> Trainer:
    """The steps of the backend; to be called within `scope`."""
    if keras.backend.backend() == "jax":
        from .steps_jax import JaxTrainer

        return JaxTrainer(networks, config, bin_weights)
    from .steps_tensorflow import TensorFlowTrainer

    return TensorFlowTrainer(networks, config, bin_weights)


def compiled(function: Callable[[Any], Any], model: keras.Model) -> Callable[[Any], Any]:
    """A function of one array that calls `model`, compiled with the weights of each call's time."""
    if keras.backend.backend() == "jax":
        import jax

        def pure(values: list[Any], x: Any) -> Any:
            with keras.StatelessScope(list(zip(model.variables, values, strict=True))):
                return function(x)

        fast = jax.jit(pure)
        return lambda x: fast([v.value for v in model.variables], x)
    import tensorflow as tf

    fast = tf.function(function, reduce_retracing=True)
    return lambda x: fast(tf.constant(x))
