"""colorlab bench: colorlab beside its peers, and generators beside each other."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from colorlab.cli._parser import HelpFormatter, add_verb
from colorlab.cli._terminal import emit, progress, show

_SUITES = ("kernels", "files", "archive", "pipeline", "evaluation")
_MORE = """\
examples:
  colorlab bench --suite kernels
  colorlab bench --scaling --json figures.json --html figures.html
  colorlab bench models default mine.onnx --data photos/ --html models.html

exit codes:
  0 all well, 1 some photos of models could not be measured, 2 usage, 3 nothing could be measured
  or written, 4 no generator to use, 5 too little memory
"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb."""
    parser = add_verb(
        subparsers,
        "bench",
        help="measure speed beside other libraries",
        description="Measures kernels, files and the whole way of photos beside the other "
        "libraries that are installed (extra: bench). Each result is checked before it is timed.",
        more=_MORE,
    )
    parser.add_argument(
        "--suite",
        action="append",
        choices=_SUITES,
        help="only this one; may be given again (default: all)",
    )
    parser.add_argument("--match", default="", help="only cases whose name holds this")
    parser.add_argument(
        "--scaling", action="store_true", help="also curves against size, threads, batch, workers"
    )
    parser.add_argument(
        "--seconds", type=float, default=2.0, help="to measure a case for, about (default: 2)"
    )
    _add_outputs(parser)
    kinds = parser.add_subparsers(dest="kind", metavar="models")
    models = kinds.add_parser(
        "models",
        help="generators beside each other: quality, speed, size and pictures",
        description="Measures generators on the same photos, as `colorlab evaluate` does, and "
        "shows what each makes of them.",
        epilog="example:\n  colorlab bench models default mine.onnx --data photos/\n",
        formatter_class=HelpFormatter,
    )
    models.add_argument("models", nargs="+", metavar="MODEL", help="bundled names, or ONNX files")
    models.add_argument(
        "--data", required=True, type=Path, metavar="DIR", help="colour photos, or a .txt list"
    )
    models.add_argument("--limit", type=int, default=0, help="photos, spread evenly (default: all)")
    models.add_argument("--threads", type=int, help="of the network (default: every core)")
    _add_outputs(models)


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", metavar="FILE", help='the report as JSON; "-" is stdout')
    parser.add_argument("--html", metavar="FILE", help="the report as a page")
    parser.add_argument("--overwrite", action="store_true", help="replace these files")


def run(args: argparse.Namespace) -> int:
    """Does it."""
    from colorlab import evaluation

    for path in (args.json, args.html):
        if path not in (None, "-"):
            evaluation.check_free(path, overwrite=args.overwrite)
    return _compare_models(args) if args.kind == "models" else _race(args)


def _compare_models(args: argparse.Namespace) -> int:
    from colorlab import evaluation
    from colorlab.bench import models

    photos = evaluation.spread(evaluation.photo_files(args.data), args.limit)
    with progress(len(photos) * len(args.models), "measuring") as (advance, _):
        found, grid = models.compare(
            args.models,
            photos,
            root=evaluation.root_of(args.data),
            threads=args.threads,
            on_photo=advance,
        )
    page = models.as_html(found, grid) if args.html is not None else ""
    _write(found, models.as_text(found), page, args)
    return 1 if any(row["failed"] for row in found["models"]) else 0


def _race(args: argparse.Namespace) -> int:
    from colorlab import html_report
    from colorlab.bench import race, report, scaling, suites
    from colorlab.errors import InvalidArgumentError

    if args.html is not None:
        html_report.need_plots()
    cases = [case for case in suites.cases(args.suite or _SUITES) if args.match in str(case)]
    if not cases and not args.scaling:
        raise InvalidArgumentError(f'no case has "{args.match}" in its name')
    results = []
    with progress(len(cases), "measuring") as (advance, _):
        for case in cases:
            results.append(race.measure(case, seconds=args.seconds))
            advance()
    found = report.assemble(results, scaling.measure() if args.scaling else ())
    page = report.as_html(found) if args.html is not None else ""
    _write(found, report.as_text(found), page, args)
    return 0


def _write(found: dict[str, Any], text: str, page: str, args: argparse.Namespace) -> None:
    from colorlab import evaluation, html_report

    if args.json == "-":
        emit(found)
    else:
        show(text)
    if args.json not in (None, "-"):
        evaluation.write_json(args.json, found, overwrite=args.overwrite)
    if args.html is not None:
        html_report.write(args.html, page, overwrite=args.overwrite)
