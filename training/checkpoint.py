"""Checkpoints of a run: one npz (no pickle) with its state as JSON, replaced as a whole."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import os
import platform
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from colorlab.errors import TrainingError

from . import architectures, files
from . import config as configuration

FILE = "checkpoint.npz"
KEPT = "checkpoints"  # folder of the latest few, by step, where the configuration keeps several
FORMAT = 1
BEST = "best.npz"  # averaged weights of the best validated step
CONFIG = "config.json"


@dataclass(slots=True)
class Run:
    """A finished or interrupted run, ready to export: `generator` holds the averaged weights."""

    config: configuration.Config
    generator: keras.Model
    step: int
    data_hash: str
    sources: list[str]  # where its photos were


def save(
    run: Path,
    groups: dict[str, Sequence[np.ndarray]],
    state: dict[str, Any],
    *,
    name: str = FILE,
) -> None:
    """Writes every array of `groups` and `state`, or leaves the last checkpoint as it was."""
    arrays = {
        f"{group}/{index:04d}": array
        for group, members in groups.items()
        for index, array in enumerate(members)
    }
    described = json.dumps(state | {"format": FORMAT})
    arrays["state"] = np.frombuffer(described.encode(), np.uint8)
    temporary = run / f".{name}.{os.getpid()}"
    try:
        with temporary.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(run / name)
    except OSError as error:
        raise TrainingError(
            f"the checkpoint could not be written: {error.strerror}",
            path=str(run / name),
            hint="The one before it is whole; make room and run the same command again.",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def sweep(run: Path) -> None:
    """Removes what processes that were killed while they saved have left in a run's folder."""
    for name in (FILE, BEST):
        for left in run.glob(f".{name}.*"):
            left.unlink(missing_ok=True)


def keep(run: Path, step: int, count: int) -> None:
    """Keeps the checkpoint just saved under its step's name, and the `count` - 1 before it."""
    folder = run / KEPT
    folder.mkdir(exist_ok=True)
    kept = folder / f"{step:08d}.npz"
    kept.unlink(missing_ok=True)
    try:
        os.link(run / FILE, kept)  # the next save replaces the name, not the file
    except OSError:  # a file system without links
        shutil.copyfile(run / FILE, kept)
    for old in sorted(folder.glob("*.npz"))[:-count]:
        old.unlink()


def provenance() -> dict[str, str]:
    """What a run is made with: versions, and the commit where colorlab runs from a checkout."""
    from colorlab import __version__

    backend = keras.backend.backend()
    made = {
        "colorlab": __version__,
        "python": platform.python_version(),
        "keras": keras.__version__,
        # The module knows, whichever package it came in: tensorflow, tensorflow-cpu, a nightly one.
        backend: importlib.import_module(backend).__version__,
        "numpy": np.__version__,
    }
    checkout = Path(__file__).parents[1]
    if (checkout / ".git").exists():
        command = ["git", "-C", str(checkout), "rev-parse", "HEAD"]
        with contextlib.suppress(OSError):  # no git
            told = subprocess.run(command, capture_output=True, text=True, check=False)
            if told.returncode == 0:
                made["commit"] = told.stdout.strip()
    return made


def load(run: Path, name: str = FILE) -> tuple[dict[str, list[np.ndarray]], dict[str, Any]]:
    """The groups of arrays and the state of the last checkpoint, or of the best step's (BEST).

    Raises:
        TrainingError: there is none, or it cannot be read.
    """
    path = run / name
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            state = json.loads(archive["state"].tobytes())
            if state.get("format", FORMAT) != FORMAT:
                raise TrainingError(
                    f"a checkpoint of format {state['format']}, this colorlab reads {FORMAT}",
                    path=str(path),
                    hint="Use the version of colorlab that made it.",
                )
            groups: dict[str, list[np.ndarray]] = {}
            for key in sorted(k for k in archive.files if "/" in k):
                groups.setdefault(key.split("/")[0], []).append(archive[key])
    except FileNotFoundError as error:
        train = "Train first: colorlab train"
        raise TrainingError(
            "there is no checkpoint",
            path=str(path),
            hint=f"{train}, with --validate." if name == BEST else f"{train}.",
        ) from error
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
        raise TrainingError(f"not a readable checkpoint: {error}", path=str(path)) from error
    return groups, state


def arrays(variables: Sequence[Any]) -> list[np.ndarray]:
    """The present values of variables of any backend."""
    return [v.numpy() for v in variables]


def assign(
    target: Sequence[Any], values: Sequence[np.ndarray], what: str, *, path: Path | None = None
) -> None:
    """Puts saved arrays into variables.

    Raises:
        TrainingError: they are of another number, or of other shapes.
    """
    shapes = [tuple(v.shape) for v in target]
    if shapes != [v.shape for v in values]:
        raise TrainingError(
            f"the checkpoint's {what} does not fit this model",
            path=str(path) if path else None,
            hint="It is of another architecture, decoder, head or backbone.",
        )
    for variable, value in zip(target, values, strict=True):
        variable.assign(value)


def write_config(run: Path, config: configuration.Config) -> None:
    files.write_text(run / CONFIG, json.dumps(config.as_dict(), indent=2) + "\n")


def read_config(run: Path) -> configuration.Config:
    try:
        values = json.loads((run / CONFIG).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise TrainingError(f"not a training run: {error}", path=str(run)) from error
    return configuration.from_dict(values, str(run / CONFIG))


def load_run(run: Path, *, best: bool = False) -> Run:
    """The run's configuration and its generator with averaged weights, for export.

    Args:
        best: those of the best validated step instead of the last.
    """
    return load_mean([run], best=best)


def load_mean(runs: Sequence[Path], *, best: bool = False) -> Run:
    """Several runs of one architecture as one: the mean of their generators' averaged weights.

    Runs that started from the same weights end in one basin, where the mean is better than each
    ("model soups", Wortsman et al. 2022). Configuration, step and sources are the first run's, the
    data's hash is over all.

    Raises:
        TrainingError: no checkpoint, or runs whose networks differ.
    """
    config = read_config(runs[0])
    states: list[dict[str, Any]] = []
    sums: list[np.ndarray] = []
    for run in runs:
        _check_same_network(run, read_config(run).model, runs[0], config.model)
        groups, state = load(run)
        if best:
            groups, chosen = load(run, BEST)
            state = state | chosen
        states.append(state)
        averaged = [array.astype(np.float64) for array in groups.get("ema", [])]
        sums = [a + b for a, b in zip(sums, averaged, strict=True)] if sums else averaged
    generator = architectures.generator(config.model, fresh=False)
    means = [(total / len(runs)).astype(np.float32) for total in sums]
    assign(generator.weights, means, "generator", path=runs[0])
    hashes = sorted({state["data_hash"] for state in states})
    joined = hashlib.sha256("".join(hashes).encode()).hexdigest()
    return Run(
        config,
        generator,
        states[0]["step"],
        hashes[0] if len(hashes) == 1 else joined,
        states[0].get("sources", []),
    )


def _check_same_network(
    run: Path, model: configuration.ModelConfig, first: Path, wanted: configuration.ModelConfig
) -> None:
    for key in ("architecture", "backbone", "head", "decoder", "ab_scale"):
        if getattr(model, key) != getattr(wanted, key):
            raise TrainingError(
                f"has another model.{key} than {first}: their weights have no mean", path=str(run)
            )
