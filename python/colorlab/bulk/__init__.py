"""Many photos: planned, coloured with overlapping stages, journaled, reported.

`colorlab.bulk(inputs, output)` is the function below; the name is also this package's, so the
package can be called.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from colorlab.arguments import choice, whole
from colorlab.bulk import shards
from colorlab.bulk.engine import Engine, EngineName, opened
from colorlab.bulk.journal import Ledger, journal_path
from colorlab.bulk.plan import Job, Plan, make_plan
from colorlab.bulk.report import BulkReport, Outcome
from colorlab.bulk.review import Review
from colorlab.bulk.runner import Settings
from colorlab.colorizer import Colorizer
from colorlab.errors import InvalidArgumentError
from colorlab.outputs import claimed, make_folder
from colorlab.recoloring import check_finish
from colorlab.result import Preserve
from colorlab.streaming import DEFAULT_MEMORY

__all__ = ["BulkReport", "Job", "Outcome", "Plan", "Review", "bulk", "execute", "make_plan"]


def bulk(
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    colorizer: Colorizer | None = None,
    format: str | None = None,
    name: str | None = None,
    saturation: float = 1.0,
    preserve: Preserve = "lightness",
    quality: int = 92,
    overwrite: bool = False,
    resume: bool = False,
    on_error: Literal["continue", "stop"] = "continue",
    workers: int | None = None,
    provenance: bool = True,
    max_memory: int = DEFAULT_MEMORY,
    engine: EngineName = "local",
    actors: int | None = None,
    on_outcome: Callable[[Outcome], None] | None = None,
    **options: Any,
) -> BulkReport:
    """Colours files and folders of photos into files.

    Args:
        inputs, output, format, name: see `colorlab.bulk.plan.make_plan`.
        colorizer: what to colour with; None makes one of `options`, the arguments of `Colorizer`.
        saturation, preserve: see `Colorizer.colorize`.
        quality: of JPEG and WebP, 1..100.
        overwrite: replace outputs that exist; inputs are never overwritten.
        resume: go on where the last run into the same folder ended: what it coloured is skipped
            unless the photo has changed, so new photos, failures and the rest are done.
        on_error: "continue" does the other photos, "stop" ends at the first that fails.
        provenance: note in each file that its colour is machine-made, and by which generator.
        workers: threads that read and write; None is one per core.
        max_memory: no more photos are read ahead of the network while those in hand hold so many
            bytes of pixels. A photo that alone needs more (and has 16 megapixels or more) is
            coloured row by row, as is one over the limits of `colorlab.read`, up to 2^30 pixels or
            the colorizer's max_pixels; see docs/large-images.md.
        engine: "local", or "ray": on the Ray cluster of the environment variable RAY_ADDRESS, the
            one that the caller is connected to, or else one of this machine's cores. All its nodes
            must see inputs, outputs and a model that is a file under the same paths, see
            docs/cluster.md.
        actors: of the ray engine, processes that hold a network; None is what there is room for.
        on_outcome: called with what became of each photo, in the order they are done. What it
            raises stops the work.

    Returns:
        Counts, and the photos that failed with their errors. A photo that fails leaves no output.

    Raises:
        ModelError: no generator to use. InvalidArgumentError: no sensible plan, see `make_plan`.
        OutputError: the output folder cannot be made, or another run writes into it (code
            "output_in_use").
    """
    names = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    plan = make_plan(names, output, format=format, name=name)
    settings = Settings(
        saturation=saturation,
        preserve=preserve,
        quality=quality,
        overwrite=overwrite,
        workers=workers,
        provenance=provenance,
        max_memory=max_memory,
    )
    check_settings(settings, on_error)
    if colorizer is not None and options:
        raise InvalidArgumentError(f"a colorizer and {next(iter(options))}= exclude each other")
    own = Colorizer(**options) if colorizer is None else nullcontext(colorizer)
    with own as ready:
        return execute(
            plan,
            ready,
            settings,
            resume=resume,
            on_error=on_error,
            engine=engine,
            actors=actors,
            on_outcome=on_outcome,
        )


def check_settings(settings: Settings, on_error: str) -> None:
    """Raises InvalidArgumentError for settings that make no sense."""
    check_finish(settings.saturation, settings.preserve)
    whole("quality", settings.quality, most=100)
    whole("max_memory", settings.max_memory)
    if settings.workers is not None:
        whole("workers", settings.workers, besides=" or None")
    choice("on_error", on_error, ("continue", "stop"))


def execute(
    plan: Plan,
    colorizer: Colorizer,
    settings: Settings,
    *,
    resume: bool = False,
    on_error: Literal["continue", "stop"] = "continue",
    engine: EngineName = "local",
    actors: int | None = None,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> BulkReport:
    """Does what a plan says; arguments as of `bulk`.

    An exception of `on_outcome`, or a KeyboardInterrupt, stops the work cleanly. A journal
    beside the output folder, ".NAME.colorlab-journal", serves `resume`; it may be deleted.
    """
    with opened(engine, actors=actors) as chosen:
        return _execute(plan, colorizer, settings, chosen, resume, on_error, on_outcome)


def _execute(
    plan: Plan,
    colorizer: Colorizer,
    settings: Settings,
    engine: Engine,
    resume: bool,
    on_error: Literal["continue", "stop"],
    on_outcome: Callable[[Outcome], None] | None,
) -> BulkReport:
    report = BulkReport()
    began = time.monotonic()

    def tell(outcome: Outcome) -> None:
        report.add(outcome)
        if on_outcome is not None:
            on_outcome(outcome)

    def color_plan(inner: Plan, told: Callable[[Outcome], None]) -> BulkReport:
        return _execute(inner, colorizer, settings, engine, resume, on_error, told)

    try:
        with ExitStack() as stack:
            journal: Ledger | None = None
            if plan.folder is not None:
                folder = Path(plan.folder)
                make_folder(folder)
                stack.enter_context(claimed(folder))
                depends_on = _depends_on(colorizer, settings)
                journal = engine.open_journal(journal_path(plan.folder), depends_on, resume=resume)
                stack.callback(journal.close)
            outcomes = engine.run(colorizer, plan.jobs, settings, journal)
            stack.callback(outcomes.close)
            for outcome in outcomes:
                tell(outcome)
                if outcome.status == "error" and on_error == "stop":
                    report.stopped = True
                    break
            if plan.shards and not report.stopped:
                assert journal is not None  # shards go into a folder
                ends = shards.color_shards(
                    plan.shards,
                    plan_folder=lambda photos, colored: make_plan(
                        [photos], colored, format=plan.format, name=plan.name
                    ),
                    color_plan=color_plan,
                    journal=journal,
                    overwrite=settings.overwrite,
                    resume=resume,
                    tell=tell,
                )
                report.stopped = any(not well and on_error == "stop" for well in ends)
    finally:
        report.seconds = time.monotonic() - began
    return report


def _depends_on(colorizer: Colorizer, settings: Settings) -> dict[str, Any]:
    """What a run must share with the one that it goes on from."""
    return {
        "generator": colorizer.sha256,
        "size": colorizer.size,
        "saturation": float(settings.saturation),  # NumPy's numbers are none of JSON's
        "preserve": settings.preserve,
        "quality": int(settings.quality),
        "provenance": settings.provenance,
    }


class _CallableModule(ModuleType):
    """Importing any part of this package makes `colorlab.bulk` the package: let it be callable."""

    def __call__(self, *arguments: Any, **options: Any) -> BulkReport:
        return bulk(*arguments, **options)


sys.modules[__name__].__class__ = _CallableModule
