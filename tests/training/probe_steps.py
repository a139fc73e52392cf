"""Trains two small networks for a few steps and prints the losses; run as a program.

    KERAS_BACKEND=... python probe_steps.py WEIGHTS.npz DEVICES PRECISION...

Weights are read from the file, or written to it where it is not there yet: every backend can start
from the same ones. The networks have no batch statistics, which replicas would each take alone.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

STAGES = ("decoder", "pixel", "pixel", "discriminator", "joint", "joint", "joint")


def main(weights, devices, precisions):
    if os.environ["KERAS_BACKEND"] == "jax":
        os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={devices}"
    else:
        import tensorflow as tf

        cpu = tf.config.list_physical_devices("CPU")[0]
        pieces = [tf.config.LogicalDeviceConfiguration()] * devices
        tf.config.set_logical_device_configuration(cpu, pieces)
    print(json.dumps({precision: train(weights, precision) for precision in precisions}))


def train(weights, precision):
    import keras
    import numpy as np
    from colorlab.training import backends, bins, checkpoint, config, models, steps

    settings = config.from_dict(
        {
            "data": {"batch": 4},
            "model": {"precision": precision, "spectral_norm": True},
            "optim": {"r1_weight": 1.0, "r1_every": 2, "noise_every": 3, "adversarial_loss": "bce"},
        }
    )
    rng = np.random.default_rng(0)
    with backends.scope(settings):
        lightness = keras.Input((None, None, 1))
        x = keras.layers.Conv2D(16, 4, strides=4, activation="relu", name="stem_conv")(lightness)
        x = keras.layers.Conv2D(16, 3, padding="same", activation="relu", name="decoder")(x)
        logits = keras.layers.Conv2D(len(bins.ab_bins()), 1, name="logits")(x)
        generator = keras.Model(lightness, [logits, keras.layers.Conv2D(2, 1, name="residual")(x)])
        discriminator = models.build_discriminator(width=8, spectral_norm=True)
        variables = [*generator.weights, *discriminator.weights]
        if not Path(weights).exists():
            start = np.random.default_rng(1)
            np.savez(weights, *(start.normal(0, 0.1, v.shape) for v in variables))
        with np.load(weights) as stored:
            checkpoint.assign(variables, [stored[name] for name in stored.files], "weights")
        networks = steps.networks_of(generator, discriminator)
        trainer = backends.trainer(networks, settings, np.ones(len(bins.ab_bins()), np.float32))
    trainer.set_learning_rates(1e-2, 5e-3)
    rows = []
    for number, stage in enumerate(STAGES):
        batch = (
            rng.uniform(-1, 1, (4, 32, 32, channels)).astype(np.float32) for channels in (1, 2)
        )
        values = trainer.step(stage, number, *batch)
        trainer.update_ema(number)
        rows.append({name: float(value) for name, value in values.items()})
    trainer.store()
    groups = {
        name: [float(np.abs(array).mean()) for array in checkpoint.arrays(group)]
        for name, group in trainer.variables().items()
    }
    return {"rows": rows, "groups": groups}


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
