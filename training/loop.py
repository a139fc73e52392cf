"""The training loop: stages, learning rates, checkpoints, samples; resumes where it stopped."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from colorlab.errors import TrainingError

from . import bins, checkpoint, data, models, report
from .config import Config
from .steps import Networks, Step, Trainer

Narrate = Callable[[int, int, dict[str, float | int | str]], None]  # step, total, latest values
LOG_EVERY = 20
SAMPLES = 12


def train(
    sources: Sequence[Path],
    run: Path,
    config: Config,
    *,
    resume: bool = False,
    init: Path | None = None,
    narrate: Narrate = lambda *_: None,
) -> Path:
    """Trains (or goes on with) `run` and returns its checkpoint.

    `init`: another run whose averaged generator this one starts from. Raises TrainingError for
    sources without photos, a run that is there already, or a checkpoint of another configuration.
    """
    keras.utils.set_random_seed(config.seed)
    items = data.index(sources)
    fingerprint = data.data_hash(items)
    if resume:
        groups, state = checkpoint.load(run)
        if checkpoint.read_config(run).model != config.model:
            raise TrainingError("the run was started with another model", path=str(run))
    else:
        if (run / checkpoint.FILE).exists():
            raise TrainingError(
                "a run is here already", path=str(run), hint="--resume goes on with it."
            )
        run.mkdir(parents=True, exist_ok=True)
        groups, state = {}, {"step": 0, "data_hash": fingerprint}
        checkpoint.write_config(run, config)

    counts = groups["bins"][0] if groups else _count_bins(items, config)
    generator = models.build_generator(config.model)
    if init is not None and not resume:
        checkpoint.assign(generator.weights, checkpoint.load(init)[0]["ema"], "generator")
    discriminator = models.build_discriminator()
    networks = Networks(generator, discriminator, [w.numpy() for w in generator.weights])
    trainer = Trainer(networks, config, bins.rarity_weights(counts, config.optim.rebalance))
    if groups:
        checkpoint.assign(generator.weights, groups["generator"], "generator")
        checkpoint.assign(discriminator.weights, groups["discriminator"], "discriminator")
        networks.ema = groups["ema"]
        for index, optimizer in enumerate(trainer.optimizers):
            checkpoint.assign(optimizer.variables, groups[f"optimizer{index}"], "optimizer")

    def save(step: int) -> None:
        arrays: dict[str, Sequence[np.ndarray]] = {
            "generator": [w.numpy() for w in generator.weights],
            "discriminator": [w.numpy() for w in discriminator.weights],
            "ema": networks.ema,
            "bins": [counts],
        }
        for index, optimizer in enumerate(trainer.optimizers):
            arrays[f"optimizer{index}"] = [np.asarray(v) for v in optimizer.variables]
        checkpoint.save(run, arrays, {"step": step, "data_hash": fingerprint})

    _run_stages(trainer, config, items, run, int(state["step"]), save, narrate)
    return run / checkpoint.FILE


def _run_stages(
    trainer: Trainer,
    config: Config,
    items: Sequence[data.Item],
    run: Path,
    first: int,
    save: Callable[[int], None],
    narrate: Narrate,
) -> None:
    loader = data.open_loader(
        items,
        config.data,
        ab_scale=config.model.ab_scale,
        seed=config.seed,
        first_sample=first * config.data.batch,
    )
    fixed = data.open_loader(  # the same crops in every sheet of samples
        items, config.data, ab_scale=config.model.ab_scale, seed=config.seed + 1, first_sample=0
    ).next()
    samples = tuple(array[:SAMPLES] for array in fixed)
    log = report.LossLog(run, first)
    steps: dict[str, Step] = {}
    since, started = first, time.monotonic()
    for step in range(first, config.total_steps):
        stage = stage_of(step, config)
        if stage not in steps:
            steps = {stage: _step_function(trainer, stage)}  # the old stage's graph may go
        head, body = learning_rates(step, config)
        trainer.set_learning_rates(head, body)
        lightness, ab = loader.next()
        values = steps[stage](tf.constant(lightness), tf.constant(ab))
        trainer.update_ema(step)
        done = step + 1
        if done % LOG_EVERY == 0 or done == config.total_steps:
            numbers: dict[str, float | int | str] = {k: float(v) for k, v in values.items()}
            if not all(math.isfinite(float(v)) for v in numbers.values()):
                raise TrainingError(
                    f"loss is not finite at step {done}",
                    path=str(run),
                    hint="Lower optim.learning_rate and resume from the last checkpoint.",
                )
            now = time.monotonic()
            speed = (done - since) * config.data.batch / (now - started)
            since, started = done, now
            numbers |= {"step": done, "stage": stage, "learning_rate": head}
            numbers["images_per_second"] = round(speed, 2)
            log.append(numbers)
            narrate(done, config.total_steps, numbers)
        if done % config.checkpoint_every == 0 or done == config.total_steps:
            save(done)
        if done % config.sample_every == 0 or done == config.total_steps:
            _draw_samples(trainer, config, run, done, samples)
            log.plot()
    if loader.failed():
        listing = "".join(f"{path}\t{reason}\n" for path, reason in loader.failed())
        (run / "unreadable.tsv").write_text(listing, encoding="utf-8")


def stage_of(step: int, config: Config) -> str:
    """decoder (encoder frozen), pixel, discriminator or joint."""
    stages = config.stages
    if step < stages.pixel_steps:
        frozen = step < config.optim.freeze_encoder * stages.pixel_steps
        return "decoder" if frozen else "pixel"
    return "discriminator" if step < stages.pixel_steps + stages.discriminator_steps else "joint"


def learning_rates(step: int, config: Config) -> tuple[float, float]:
    """Of the decoder and of the encoder: warm-up and cosine to 2 % in the pixel stage, then flat."""
    optim, pixel = config.optim, config.stages.pixel_steps
    if step >= pixel:
        return optim.joint_learning_rate, optim.joint_learning_rate * optim.encoder_rate
    warm = min(1.0, (step + 1) / max(1, optim.warmup_steps))
    cosine = 0.51 + 0.49 * math.cos(math.pi * step / pixel)
    rate = optim.learning_rate * warm * cosine
    return rate, rate * optim.encoder_rate


def _step_function(trainer: Trainer, stage: str) -> Step:
    if stage == "discriminator":
        return trainer.discriminator_step()
    if stage == "joint":
        return trainer.joint_step()
    return trainer.pixel_step(with_encoder=stage == "pixel")


def _count_bins(items: Sequence[data.Item], config: Config) -> np.ndarray:
    """How often each ab bin is seen, at output resolution, in crops of the training data."""
    loader = data.open_loader(
        items, config.data, ab_scale=config.model.ab_scale, seed=config.seed, first_sample=0
    )
    centres = bins.ab_bins()
    counts = np.zeros(len(centres))
    for _ in range(-(-config.optim.fit_bins_from // config.data.batch)):
        _, ab = loader.next()
        small = ab[:, 2 :: models.DOWNSCALE, 2 :: models.DOWNSCALE] * config.model.ab_scale
        index = bins.nearest_bin(np.ascontiguousarray(small), centres)
        counts += np.bincount(index.ravel(), minlength=len(centres))
    return counts


def _draw_samples(
    trainer: Trainer, config: Config, run: Path, step: int, samples: tuple[Any, ...]
) -> None:
    """Triptychs by the averaged weights, which are what ships."""
    generator, lightness = trainer.networks.generator, samples[0]
    current = [w.numpy() for w in generator.weights]
    generator.set_weights(trainer.networks.ema)
    ab = models.inference_model(generator, config)(lightness, training=False).numpy()
    generator.set_weights(current)
    sheet = report.triptych_sheet(lightness, samples[1], ab, config.model.ab_scale)
    report.write_triptychs(run, step, sheet)
