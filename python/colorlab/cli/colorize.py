"""colorlab colorize: photos and folders of photos into colour."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from colorlab.cli._colorizer import add_looks, add_machine, colorizer_of
from colorlab.cli._parser import add_verb, in_bytes, in_pixels
from colorlab.cli._terminal import emit, progress, say

if TYPE_CHECKING:
    from colorlab.bulk import BulkReport, Outcome, Plan
    from colorlab.bulk.runner import Settings
    from colorlab.colorizer import Colorizer

_MORE = """\
examples:
  colorlab colorize grandmother.jpg -o grandmother-colour.jpg
  # six versions, and a sheet of all
  colorlab colorize dress.jpg -o dress/ --candidates 6
  # the same tree of folders, in colour; --resume goes on after an interruption
  colorlab colorize scans/ -o coloured/
  colorlab colorize scans/ -o coloured/ --resume
  colorlab colorize 'scans/**/*.tif' -o tiffs/ --name '{stem}-colour{ext}' --report report.html
  find scans -name '*.png' -print0 | colorlab colorize --from-file - -o pngs/

exit codes:
  0 all well, 1 some photos failed, 2 usage, 3 nothing succeeded, 4 no generator to use,
  5 too little memory, 130 interrupted, 143 terminated
"""

_FORMATS = ("jpg", "jpeg", "png", "tif", "tiff", "webp")


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb."""
    parser = add_verb(
        subparsers,
        "colorize",
        help="colour photos and folders of photos",
        description="Colours photos. Only colours are guessed: the lightness stays the photo's.",
        more=_MORE,
    )
    parser.add_argument(
        "inputs",
        nargs="*",
        metavar="IN",
        help="photos, folders or .tar shards of them, or patterns such as 'scans/**/*.jpg'",
    )
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="OUT",
        help="a folder, which mirrors the folders given; for one photo also the file to write",
    )
    parser.add_argument(
        "--from-file",
        metavar="LIST",
        help='further inputs, one a line or separated by null characters; "-" is stdin',
    )
    parser.add_argument(
        "--name",
        metavar="TEMPLATE",
        help="of outputs: {stem}, {ext}, {parent}, {number}, as '{stem}-colour{ext}'",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace outputs that exist")
    parser.add_argument(
        "--resume", action="store_true", help="skip what the last run into OUT coloured"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="only say what would be written where"
    )
    parser.add_argument(
        "--on-error",
        choices=("continue", "stop"),
        default="continue",
        help="after a photo that fails (default: continue)",
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON line per photo on stdout, as it is done"
    )
    parser.add_argument(
        "--report",
        metavar="HTML",
        help="a page on the run: doubtful photos first, the slowest, failures; replaced if there",
    )
    looks = add_looks(parser)
    looks.add_argument(
        "--candidates",
        type=int,
        metavar="K",
        help="K plausible versions of each photo, OUT-1 to OUT-K, and OUT-candidates, a sheet of "
        "them",
    )
    looks.add_argument(
        "--preserve",
        choices=("lightness", "luma"),
        default="lightness",
        help="what stays the photo's: lightness L* suits film and scans, luma Y' suits files that "
        "were desaturated digitally (default: lightness)",
    )
    looks.add_argument(
        "--format", choices=_FORMATS, help="of all outputs (default: the photo's own)"
    )
    looks.add_argument(
        "--quality", type=int, default=92, help="of JPEG and WebP, 1..100 (default: 92)"
    )
    machine = add_machine(parser)
    machine.add_argument("--workers", type=int, help="threads for files (default: one per core)")
    machine.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="ray: on the cluster that RAY_ADDRESS names, else on this machine (default: local)",
    )
    machine.add_argument(
        "--actors", type=int, help="of the engine ray: processes that hold a network"
    )
    machine.add_argument(
        "--max-memory",
        type=in_bytes,
        metavar="BYTES",
        default="1G",
        help="pixels in hand above which no more photos are read ahead; a photo that alone needs "
        "more is coloured row by row (default: 1G)",
    )
    machine.add_argument(
        "--max-pixels",
        type=in_pixels,
        metavar="N",
        help="larger photos are refused, such as 300M (default: 1.07G)",
    )


def run(args: argparse.Namespace) -> int:
    """Does it."""
    from colorlab import bulk
    from colorlab.bulk.runner import Settings

    _refuse_streams(args)
    inputs = [*args.inputs, *(_listed(args.from_file) if args.from_file is not None else ())]
    plan = bulk.make_plan(inputs, args.output, format=args.format, name=args.name)
    settings = Settings(
        saturation=args.saturation,
        preserve=args.preserve,
        quality=args.quality,
        overwrite=args.overwrite,
        workers=args.workers,
        provenance=not args.no_provenance,
        max_memory=args.max_memory,
        uncertainty=args.report is not None,
    )
    bulk.check_settings(settings, args.on_error)
    if args.report is not None:
        from colorlab import evaluation

        evaluation.check_free(args.report, overwrite=True)
    if args.candidates is not None:
        from colorlab.cli import _candidates

        _candidates.check(plan, args)
    for note in plan.notes:
        say(f"colorlab: {note}")
    if plan.ignored:
        say(f"colorlab: {plan.ignored} other files in the folders left alone")
    if not plan.jobs and not plan.shards:
        say("colorlab: there are no photos in these folders")
        return 0
    if args.dry_run:
        return _show(plan, args)
    if args.candidates is not None:
        return _candidates.run(plan, settings, args)
    with colorizer_of(args) as colorizer:
        return _colorize(plan, colorizer, settings, args)


def _refuse_streams(args: argparse.Namespace) -> None:
    """A dash means stdin and stdout elsewhere."""
    from colorlab.errors import InvalidArgumentError

    if "-" in args.inputs and not os.path.lexists("-"):
        raise InvalidArgumentError(
            "photos are not read from stdin", hint='"--from-file -" reads their names from it'
        )
    if args.output == "-":
        raise InvalidArgumentError(
            "photos are not written to stdout", hint='"-o ./-" is a folder of this name'
        )


def _colorize(
    plan: Plan, colorizer: Colorizer, settings: Settings, args: argparse.Namespace
) -> int:
    from colorlab import bulk, html_report
    from colorlab.bulk.report import summary

    review = bulk.Review()
    with progress(len(plan.jobs), "colouring") as (advance, narrate):

        def tell(outcome: Outcome) -> None:
            advance()
            review.add(outcome)
            if args.json:
                emit(outcome.as_dict())
            if outcome.error is not None:
                narrate(f"colorlab: {outcome.error}")

        report: BulkReport = bulk.execute(
            plan,
            colorizer,
            settings,
            resume=args.resume,
            on_error=args.on_error,
            engine=args.engine,
            actors=args.actors,
            on_outcome=tell,
        )
    if args.report is not None:
        html_report.write(args.report, review.as_html(report), overwrite=True)
    say(f"colorlab: {summary(report)}, in {plan.folder or plan.jobs[0].output}")
    return report.exit_code


def _show(plan: Plan, args: argparse.Namespace) -> int:
    """Tells of each photo where it would go, in as many versions as there would be."""
    for job in (*plan.jobs, *plan.shards):
        told: dict[str, object] = {"output": job.output}
        outputs = [job.output]
        if args.candidates is not None:
            from colorlab.cli import _candidates

            outputs = _candidates.outputs_of(job, args.candidates)
            told = {"outputs": outputs}
        if args.json:
            emit({"path": job.path, **told, "status": "planned"})
        else:
            say(f"{job.path} -> {', '.join(outputs)}")
    return 0


def _listed(source: str) -> list[str]:
    """Names in a list: separated by null characters where it holds any, else one a line."""
    from colorlab.errors import InputError, InputNotFoundError

    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except FileNotFoundError:
        raise InputNotFoundError("there is no such list", path=source) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path=source) from error
    names = data.split(b"\0") if b"\0" in data else data.splitlines()
    return [os.fsdecode(name) for name in names if name]
