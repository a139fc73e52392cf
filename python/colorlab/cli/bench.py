"""colorlab bench: colorlab beside its peers, and generators beside each other."""

from __future__ import annotations

import argparse
from typing import Any

from colorlab.cli._terminal import emit, progress, show

_SUITES = ("kernels", "files", "pipeline", "evaluation")
_EXAMPLES = """\
examples:
  colorlab bench --suite kernels
  colorlab bench --scaling --json figures.json --html figures.html
"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "bench",
        help="measure speed beside other libraries",
        description="Measures kernels, files and the whole way of photos beside the other "
        "libraries that are installed (extra: bench). Each result is checked before it is timed.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
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
    parser.add_argument("--json", metavar="FILE", help='the report as JSON; "-" is stdout')
    parser.add_argument("--html", metavar="FILE", help="the report as a page with plots")
    parser.add_argument("--overwrite", action="store_true", help="replace these files")


def run(args: argparse.Namespace) -> int:
    """Does it."""
    from colorlab import evaluation, html_report
    from colorlab.bench import race, report, scaling, suites
    from colorlab.errors import InvalidArgumentError

    for path in (args.json, args.html):
        if path not in (None, "-"):
            evaluation.check_free(path, overwrite=args.overwrite)
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
    _write(found, args)
    return 0


def _write(found: dict[str, Any], args: argparse.Namespace) -> None:
    from colorlab import evaluation, html_report
    from colorlab.bench import report

    if args.json == "-":
        emit(found)
    else:
        show(report.as_text(found))
    if args.json not in (None, "-"):
        evaluation.write_json(args.json, found, overwrite=args.overwrite)
    if args.html is not None:
        html_report.write(args.html, report.as_html(found), overwrite=args.overwrite)
