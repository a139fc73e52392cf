"""colorlab train: photos in, a generator trained, watched and resumable."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from colorlab.cli._parser import add_verb
from colorlab.cli._terminal import emit, say
from colorlab.errors import InvalidArgumentError, OperationCancelled

_MORE = """\
examples:
  # the same again goes on where it stopped
  colorlab train tiny-cpu --data photos/ --out runs/first
  colorlab train my.toml --data shards/*.tar --out runs/mine --init default
  colorlab train --inspect-data --data photos/ --out photos-report
  colorlab export runs/first -o first.onnx

RUN holds config.json, checkpoint.npz, metrics.jsonl, losses.png, samples/ and report.html.

exit codes:
  0 all well, 2 usage, 3 training cannot start or go on, 5 too little memory, 130 interrupted,
  143 terminated
"""
_EXIT = {"interrupted": 130, "terminated": 143}


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb."""
    parser = add_verb(
        subparsers,
        "train",
        help="train a generator on colour photos",
        description="Trains a generator; the same command again resumes a run that stopped.",
        more=_MORE,
    )
    parser.add_argument(
        "config", metavar="CONFIG", nargs="?", help="a preset's name or a .toml file"
    )
    parser.add_argument(
        "--data", nargs="+", type=Path, metavar="PHOTOS", help="folders, photos, .tar shards"
    )
    parser.add_argument("--out", type=Path, metavar="RUN", help="folder of the run")
    parser.add_argument("--steps", type=int, help="in all; every stage keeps its share")
    parser.add_argument("--seed", type=int, help="in place of the configuration's")
    parser.add_argument(
        "--init",
        metavar="default|MODEL.onnx|RUN",
        help="start from the weights of the bundled generator, an exported one, or another run",
    )
    parser.add_argument(
        "--validate",
        type=Path,
        metavar="PHOTOS",
        help="folder of other colour photos to measure on while it trains",
    )
    parser.add_argument(
        "--inspect-data",
        action="store_true",
        help="train nothing: write a report on the photos to --out, with lists of those that are "
        "unreadable, nearly grey or there twice",
    )
    parser.add_argument("--json", action="store_true", help="a JSON line per report on stdout")


def run(args: argparse.Namespace) -> int:
    """Does it."""
    from colorlab.cli import _training

    _training.prepare()
    if args.inspect_data:
        return _inspect(args)
    from colorlab.training import config as configuration

    if args.config is None:
        raise InvalidArgumentError("training needs a CONFIG: a preset's name or a .toml file")
    config = configuration.load(args.config)
    if args.steps is not None:
        config = configuration.with_steps(config, args.steps)
    if args.seed is not None:
        config = dataclasses.replace(config, seed=args.seed)
    if args.out is None or (args.data is None and config.data.source == "photos"):
        raise InvalidArgumentError("training needs --data and --out")
    from colorlab.training import loop

    try:
        with _narration(config.total_steps, as_json=args.json) as narrate:
            loop.train(
                args.data or [],
                args.out,
                config,
                init=args.init,
                validate=args.validate,
                narrate=narrate,
            )
    except OperationCancelled as stop:
        say(f"colorlab: {stop}")
        return _EXIT.get(stop.code, 3)
    say(f"colorlab: the run is complete; look at {args.out / 'report.html'}, then")
    say(f"  colorlab export {args.out} -o {args.out.name}.onnx")
    return 0


def _inspect(args: argparse.Namespace) -> int:
    """Reports on the photos instead of training on them."""
    if args.data is None or args.out is None:
        raise InvalidArgumentError("--inspect-data needs --data and --out")
    from colorlab.training import inspect_data

    found = inspect_data.inspect(args.data, args.out, narrate=say)
    counts = {
        "photos": len(found.items),
        "unreadable": len(found.unreadable),
        "near_grey": len(found.near_grey),
        "duplicates": sum(len(group) - 1 for group in found.duplicates),
        "kept": len(found.kept()),
    }
    if args.json:
        emit(counts)
    told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
    say(f"colorlab: {told}; look at {args.out / 'report.html'}")
    return 0


@contextmanager
def _narration(total: int, *, as_json: bool) -> Iterator[Callable[..., None]]:
    """Tells of the latest losses: a progress bar on a terminal, else lines."""

    def lines(step: int, total: int, values: dict[str, Any]) -> None:
        if as_json:
            emit(values)
        say(f"step {step}/{total}  {_sentence(values)}")

    if not sys.stderr.isatty():
        yield lines
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as Remaining
    except ImportError:
        yield lines
        return
    columns = (BarColumn(), MofNCompleteColumn(), Remaining(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(file=sys.stderr)) as bar:
        task = bar.add_task("starting", total=total)

        def show(step: int, total: int, values: dict[str, Any]) -> None:
            if as_json:
                emit(values)
            bar.update(task, completed=step, description=_sentence(values))

        yield show


def _sentence(values: dict[str, Any]) -> str:
    if "validation" in values:
        found = values["validation"]
        return (
            f"validation: PSNR {found['psnr']:.2f} dB, dE00 {found['delta_e00']:.2f}, "
            f"CF {found['cf_share']:.0%} of the truth's"
        )
    shown = ("loss", "ab_error", "adversarial", "discriminator_accuracy")
    parts = [f"{name} {values[name]:.3f}" for name in shown if name in values]
    return f"{values['stage']}: {', '.join(parts)}, {values['images_per_second']:.1f} img/s"
