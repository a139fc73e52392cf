"""colorlab colorize --candidates: several plausible versions of each photo, and a sheet of them."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from colorlab import image_io
from colorlab.arguments import whole
from colorlab.bulk.files import PhotoFile, read_photo, write_photo
from colorlab.bulk.plan import Job, Plan, refuse_overwritten_inputs
from colorlab.bulk.runner import Settings
from colorlab.cli import _failures
from colorlab.cli._colorizer import colorizer_of
from colorlab.cli._terminal import emit, progress, say
from colorlab.colorizer import MAX_CANDIDATES, Colorizer
from colorlab.errors import ColorlabError, InvalidArgumentError
from colorlab.metadata import Metadata, Provenance
from colorlab.outputs import already_there

THUMBNAIL = 480  # short side on the sheet at most, pixels
GAP = 8  # between photos on the sheet, pixels


def check(plan: Plan, args: argparse.Namespace) -> None:
    """Raises InvalidArgumentError for what does not go with --candidates."""
    whole("--candidates", args.candidates, most=MAX_CANDIDATES)
    if args.engine != "local":
        raise InvalidArgumentError("--candidates is for the engine local")
    if args.resume:
        raise InvalidArgumentError("--candidates keeps no journal that --resume could go on from")
    if args.report is not None:
        raise InvalidArgumentError("--candidates has sheets in place of a --report")
    if plan.shards:
        raise InvalidArgumentError(
            "--candidates takes no shards", path=plan.shards[0].path, hint="Unpack it first"
        )
    outputs = (name for job in plan.jobs for name in outputs_of(job, args.candidates))
    refuse_overwritten_inputs(plan.jobs, outputs)


def outputs_of(job: Job, count: int) -> list[str]:
    """The files that a photo becomes: its versions, and at last the sheet of them."""
    target = Path(job.output)
    ends = [*range(1, count + 1), "candidates"]
    return [str(target.with_stem(f"{target.stem}-{end}")) for end in ends]


def run(plan: Plan, settings: Settings, args: argparse.Namespace) -> int:
    """Colours the photos of a plan one by one; a photo that fails leaves the others alone."""
    codes = []
    done = 0
    with (
        colorizer_of(args) as colorizer,
        progress(len(plan.jobs), "colouring") as (advance, narrate),
    ):
        for job in plan.jobs:
            try:
                written = _colorize(job, colorizer, settings, args.candidates)
            except ColorlabError as error:
                failure = error.with_path(job.path)
                codes.append(_failures.tell(failure, job.path, as_json=args.json, narrate=narrate))
                if args.on_error == "stop":
                    break
            else:
                done += 1
                if args.json:
                    emit({"path": job.path, "status": "ok", "outputs": written})
            advance()
    photos = "photo" if done == 1 else "photos"
    say(f"colorlab: {done} {photos} in {args.candidates} versions each, {len(codes)} failed")
    return _failures.exit_code(codes, done + len(codes))


def _colorize(job: Job, colorizer: Colorizer, settings: Settings, count: int) -> list[str]:
    names = outputs_of(job, count)
    for name in names:
        if not settings.overwrite and os.path.lexists(name):
            raise already_there(name)
    source = read_photo(job.path, limits=colorizer.limits)
    results = colorizer.candidates(
        source.pixels, count, saturation=settings.saturation, preserve=settings.preserve
    )
    card = colorizer.card
    note = Provenance(card.name, card.version) if settings.provenance else None
    options: dict[str, Any] = {
        "quality": settings.quality,
        "overwrite": settings.overwrite,
        "provenance": note,
    }
    for name, rgb in zip(names, results, strict=False):
        write_photo(name, rgb, source, **options)
    sheet = contact_sheet(results)
    plain = PhotoFile(sheet, None, Metadata())
    write_photo(names[-1], sheet, plain, **options)
    return names


def contact_sheet(images: Sequence[npt.NDArray[Any]]) -> npt.NDArray[np.uint8]:
    """Photos of one size (H, W, 3) on white, reduced, left to right and top to bottom."""
    small = [image_io.reduced(image, THUMBNAIL) for image in images]
    height, width = small[0].shape[:2]
    # As near to a square as the photos allow.
    columns = min(len(small), max(1, round(math.sqrt(len(small) * height / width))))
    rows = -(-len(small) // columns)
    sheet = np.full((GAP + rows * (height + GAP), GAP + columns * (width + GAP), 3), 255, np.uint8)
    for number, image in enumerate(small):
        row, column = divmod(number, columns)
        top, left = GAP + row * (height + GAP), GAP + column * (width + GAP)
        sheet[top : top + height, left : left + width] = image
    return sheet
