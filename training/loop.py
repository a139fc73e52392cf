"""The training loop: stages, learning rates, checkpoints, samples; resumes where it stopped."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from colorlab.errors import OperationCancelled, TrainingError
from numpy.typing import NDArray

from . import (
    architectures,
    backends,
    bins,
    checkpoint,
    data,
    initial,
    models,
    report,
    report_page,
    steps,
    tensorboard,
    validation,
)
from . import config as configuration
from .config import Config
from .interrupt import Interruption

Values = dict[str, Any]
Narrate = Callable[[int, int, Values], None]  # step, total, latest values
Floats = NDArray[np.float32]
LOG_EVERY = 20
SAMPLES = 12


def train(
    sources: Sequence[Path],
    run: Path,
    config: Config,
    *,
    init: str | Path | None = None,
    validate: Path | None = None,
    narrate: Narrate = lambda *_: None,
) -> Path:
    """Trains `run`, or goes on with it if it is there, and returns its checkpoint.

    Args:
        sources: folders, photos, .tar shards, globs and .txt lists of such.
        init: "default", an exported .onnx or another run whose generator a new run starts from.
        validate: folder (or .txt list) of other photos that the run is measured on.
        narrate: told (step, total steps, latest values) every LOG_EVERY steps.

    Raises:
        TrainingError: a configuration out of range; no photos, or none that can be read; a run of
            another configuration or other photos; a loss or weight that is not finite. The last
            checkpoint stays in every case.
        InputNotFoundError, InvalidArgumentError: nothing to validate on.
        OutputError, TrainingError: the run's folder cannot be written.
        OperationCancelled: SIGINT (code "interrupted") or SIGTERM ("terminated") came; a
            checkpoint was written first.
    """
    configuration.check(config)
    keras.utils.set_random_seed(config.seed)
    source = data.open_source(sources, config)
    resumed = (run / checkpoint.FILE).exists()
    groups: dict[str, list[Any]] = {}
    state: dict[str, Any] = {
        "step": 0,
        "data_hash": source.fingerprint,
        "sources": [str(s.absolute()) for s in sources],
    }
    made_with = checkpoint.provenance()
    if resumed:
        groups, state = checkpoint.load(run)
        _check_same_run(run, config, source.fingerprint, state)
    _make_folder(run)
    checkpoint.sweep(run)
    checkpoint.write_config(run, config)

    with backends.scope(config):
        generator = architectures.generator(config.model, fresh=not resumed)
        if init is not None and not resumed:
            initial.load_into(generator, init)
        counts = groups["bins"][0] if resumed else _count_bins(source, generator, config)
        networks = steps.networks_of(generator, architectures.discriminator(config.model))
        weights = bins.rarity_weights(counts, config.optim.rebalance)
        trainer = backends.trainer(networks, config, weights)
    if resumed:
        for name, variables in trainer.variables().items():
            checkpoint.assign(variables, groups.get(name, []), name, path=run)
        trainer.restored()

    def save(step: int) -> None:
        trainer.store()
        arrays = {name: checkpoint.arrays(group) for name, group in trainer.variables().items()}
        # A loss is of the weights before its step: the step itself may have broken them.
        for name, group in arrays.items():
            if not all(np.isfinite(array).all() for array in group):
                raise _not_finite(f"a value of the {name}", step, run)
        told = state | {"step": step, "made_with": made_with}
        checkpoint.save(run, arrays | {"bins": [counts]}, told)
        if config.keep_checkpoints > 1:
            checkpoint.keep(run, step, config.keep_checkpoints)

    try:
        _run(trainer, config, source, run, int(state["step"]), save, narrate, validate)
    except BrokenPipeError:  # of whoever is told
        raise
    except OSError as error:  # no space, a folder that went away
        raise TrainingError(
            f"cannot be written: {error.strerror or error}",
            path=str(error.filename or run),
            hint="The last checkpoint is whole: the same command goes on from there.",
        ) from error
    return run / checkpoint.FILE


def _make_folder(run: Path) -> None:
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"cannot be made: {error.strerror}", path=str(run)) from error


def _check_same_run(run: Path, config: Config, fingerprint: str, state: dict[str, Any]) -> None:
    """A run goes on with its own configuration and photos; only its length may change."""
    before, now = _settings(checkpoint.read_config(run)), _settings(config)
    changed = [key for key, value in now.items() if value != before[key]]
    if changed:
        raise TrainingError(
            f"the run was started with another {', '.join(changed)}",
            path=str(run),
            hint="Use the same configuration, or another --out.",
        )
    if state["data_hash"] != fingerprint:
        raise TrainingError(
            "the run was started on other photos",
            path=str(run),
            hint="Give the same --data, or start a new run with --init and this one.",
        )


def _settings(config: Config) -> Values:
    """All of a configuration but the stages, flat, as "data.crop"."""
    settings: Values = {}
    for key, value in config.as_dict().items():
        if not isinstance(value, dict):
            settings[key] = value
        elif key != "stages":
            settings |= {f"{key}.{name}": each for name, each in value.items()}
    return settings


def _run(
    trainer: steps.Trainer,
    config: Config,
    source: data.Source,
    run: Path,
    first: int,
    save: Callable[[int], None],
    narrate: Narrate,
    validate: Path | None,
) -> None:
    loader = source.open(seed=config.seed, first_sample=first * config.data.batch)
    # The same crops in every sheet of samples.
    lightness, ab = source.open(seed=config.seed + 1, first_sample=0).next()
    samples = lightness[:SAMPLES], ab[:SAMPLES]
    inference = models.inference_model(trainer.networks.generator, config)
    validator = None
    if validate is not None:
        validator = validation.Validator(validate, config, inference, run, first)
    log, board = report.MetricsLog(run, first), tensorboard.Board(run)
    total = config.total_steps

    def measure(done: int) -> None:
        if validator is None or (done % config.validate_every and done != total):
            return
        with averaged(trainer):
            measured = validator.measure(done, trainer.networks)
        board.scalars("validation", done, measured)
        narrate(done, total, {"step": done, "validation": measured})

    def show(done: int) -> None:
        if done % config.sample_every and done != total:
            return
        ab_found = _colorized(trainer, inference, samples[0])
        sheet = report.triptych_sheet(*samples, ab_found, config.model.ab_scale)
        report.write_triptychs(run, done, sheet)
        if stage_of(done - 1, config) in ("discriminator", "joint"):
            report.write_scores(run, done, *trainer.realism(*samples, ab_found))
        board.image("grey, truth, colorized", done, sheet)
        log.plot()
        report_page.write(run, log.rows(), validator.history if validator else [])

    with Interruption() as interruption:
        if first:  # what a process that was killed after its last checkpoint did not come to
            unmeasured = validator and all(row["step"] < first for row in validator.history)
            if unmeasured:
                measure(first)
            if unmeasured or not report.sheet_path(run, first).exists():
                show(first)
        since, started = first, time.perf_counter()
        for step in range(first, total):
            stage = stage_of(step, config)
            head, body = learning_rates(step, config)
            trainer.set_learning_rates(head, body)
            lightness, ab = loader.next()
            values = trainer.step(stage, step, lightness, ab)
            trainer.update_ema(step)
            done = step + 1
            last = done == total
            if done % LOG_EVERY == 0 or last:
                numbers: Values = {name: float(value) for name, value in values.items()}
                for name, number in numbers.items():
                    if not math.isfinite(float(number)):
                        raise _not_finite(name, done, run)
                now = time.perf_counter()
                speed = (done - since) * config.data.batch / (now - started)
                since, started = done, now
                numbers = {"step": done, "stage": stage, "learning_rate": head, **numbers}
                numbers["images_per_second"] = round(speed, 2)
                log.append(numbers)
                board.scalars("train", done, numbers)
                narrate(done, total, numbers)
            stopping = interruption.received  # a later signal waits for the next step's checkpoint
            if done % config.checkpoint_every == 0 or last or stopping:
                save(done)
                report.write_unreadable(run, loader.failed())
            before = time.perf_counter()
            measure(done)
            show(done)
            started += time.perf_counter() - before
            if stopping and not last:
                raise OperationCancelled(
                    f"stopped by {stopping.name} at step {done} of {total}",
                    code=interruption.code,
                    path=str(run),
                    hint="The same command goes on from there.",
                )


def _not_finite(what: str, step: int, run: Path) -> TrainingError:
    return TrainingError(
        f"{what} is not finite at step {step}",
        code="not_finite",
        path=str(run),
        hint="Start another run at a lower optim.learning_rate, from the last checkpoint of this "
        "one (--init) if it has come that far.",
    )


def stage_of(step: int, config: Config) -> str:
    """decoder (encoder frozen), pixel, discriminator or joint."""
    stages = config.stages
    if step < stages.pixel_steps:
        frozen = step < config.optim.freeze_encoder * stages.pixel_steps
        return "decoder" if frozen else "pixel"
    return "discriminator" if step < stages.pixel_steps + stages.discriminator_steps else "joint"


def learning_rates(step: int, config: Config) -> tuple[float, float]:
    """Of the decoder and of the encoder: warm-up and schedule in the pixel stage, then flat.

    The rate rises linearly over `warmup_steps`; "cosine" (Loshchilov & Hutter 2016) and "linear"
    fall to 2 % of the peak at the stage's end.
    """
    optim, pixel = config.optim, config.stages.pixel_steps
    if step >= pixel:
        return optim.joint_learning_rate, optim.joint_learning_rate * optim.encoder_rate
    warm = min(1.0, (step + 1) / max(1, optim.warmup_steps))
    share = step / pixel
    decayed = {
        "constant": 1.0,
        "cosine": 0.51 + 0.49 * math.cos(math.pi * share),
        "linear": 1.0 - 0.98 * share,
    }[optim.schedule]
    rate = optim.learning_rate * warm * decayed
    return rate, rate * optim.encoder_rate


def _count_bins(source: data.Source, generator: keras.Model, config: Config) -> NDArray[np.float64]:
    """How often each ab bin is seen, at output resolution, in crops of the training data."""
    centres = bins.ab_bins()
    counts = np.zeros(len(centres))
    if len(generator.outputs) == 1:  # it knows no bins
        return counts
    loader = source.open(seed=config.seed, first_sample=0)
    for _ in range(-(-config.optim.fit_bins_from // config.data.batch)):
        _, ab = loader.next()
        small = ab[:, 2 :: models.DOWNSCALE, 2 :: models.DOWNSCALE] * config.model.ab_scale
        index = bins.nearest_bin(np.ascontiguousarray(small), centres)
        counts += np.bincount(index.ravel(), minlength=len(centres))
    return counts


def _colorized(trainer: steps.Trainer, inference: keras.Model, lightness: Floats) -> Floats:
    """ab of samples by the averaged weights, which are what ships."""
    with averaged(trainer):
        ab: Floats = np.asarray(inference(lightness, training=False))
    return ab


@contextlib.contextmanager
def averaged(trainer: steps.Trainer) -> Iterator[None]:
    """The generator has its averaged weights within the block."""
    trainer.store()
    weights = trainer.networks.generator.weights
    current = checkpoint.arrays(weights)
    checkpoint.assign(weights, checkpoint.arrays(trainer.networks.ema), "average")
    try:
        yield
    finally:
        checkpoint.assign(weights, current, "generator")
