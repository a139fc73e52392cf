"""One report of what was measured: for programs, for a terminal, as Markdown, as a page."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from colorlab import html_report as page
from colorlab.bench import machine, plots
from colorlab.bench.plots import Curves
from colorlab.bench.race import Result

__all__ = ["as_html", "as_markdown", "as_text", "assemble"]

FORMAT = 1
_NOTE = (
    "Medians of interleaved rounds. The ratio tells how many times longer than colorlab's first "
    "way another takes, with its 95 % bootstrap interval. With one thread time is CPU time, else "
    "wall time. Every result was checked before it was timed; the error is the largest unless it "
    "says mean."
)
_HEADER = ("", "speed", "median, ms", "ratio", "95 %", "error")


def assemble(results: Iterable[Result], curves: Iterable[Curves] = ()) -> dict[str, Any]:
    """The report, ready for JSON; the other functions show what it holds."""
    found = list(results)
    modules = {
        module
        for result in found
        for each in result.case.competitors
        for module in each.modules
        if each.name not in result.absent
    }
    absent = sorted({name for result in found for name in result.absent})
    return {
        "format": FORMAT,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(modules),
        "absent": absent,
        "cases": [result.as_dict() for result in found],
        "curves": [each.as_dict() for each in curves],
    }


def as_text(report: dict[str, Any]) -> str:
    """Tables for a terminal."""
    lines = [*_about(report), ""]
    for case in report["cases"]:
        lines.append(_label(case))
        for name, *cells in _rows(case):
            lines.append(f"  {name:36}" + "".join(f"{cell:>14}" for cell in cells))
        lines.append("")
    for curves in report["curves"]:
        lines.append(f"{curves['title']} ({curves['x_label']}: {curves['y_label']})")
        for name, points in curves["series"].items():
            told = "  ".join(f"{x:g}: {y:.4g}" for x, y in points)
            lines.append(f"  {name:36}{told}")
        lines.append("")
    return "\n".join(lines).rstrip()


def as_markdown(report: dict[str, Any]) -> str:
    """The summary that docs/benchmarks.md holds."""
    lines = ["# Benchmarks", ""]
    lines += [f"{line}  " for line in _about(report)]
    lines += ["", _NOTE, "", "Written by `script/bench`; `colorlab bench` measures the same."]
    for _, group in groupby(report["cases"], key=lambda case: case["suite"]):
        cases = list(group)
        lines += ["", f"## {cases[0]['suite'].capitalize()}"]
        for case in cases:
            lines += ["", f"**{_label(case)}**", ""]
            lines += [f"| {' | '.join(_HEADER)} |", "|---|" + "---:|" * (len(_HEADER) - 1)]
            lines += [f"| {' | '.join(row)} |" for row in _rows(case)]
    for curves in report["curves"]:
        lines += ["", f"**{curves['title']}**", ""]
        lines += [f"| {curves['x_label']} | series | {curves['y_label']} |", "|---:|---|---:|"]
        lines += [
            f"| {x:g} | {name} | {y:.4g} |"
            for name, points in curves["series"].items()
            for x, y in points
        ]
    return "\n".join(lines) + "\n"


def as_html(report: dict[str, Any]) -> str:
    """The page with plots; needs matplotlib."""
    return page.page("colorlab: benchmarks", _parts(report))


def _parts(report: dict[str, Any]) -> Iterator[str]:
    for line in _about(report):
        yield page.paragraph(line)
    yield page.paragraph(_NOTE, note=True)
    for suite, in_suite in groupby(report["cases"], key=lambda case: case["suite"]):
        yield page.heading(suite.capitalize())
        for title, group in groupby(in_suite, key=lambda case: case["title"]):
            cases = list(group)
            yield page.heading(title, 3)
            threads = cases[0]["threads"]
            drawn = [case for case in cases if case["threads"] == threads]
            sizes = ", ".join(case["size"] for case in drawn)
            yield page.figure(plots.bars(drawn), f"{title}, {_threads(drawn[0])}: {sizes}")
            tables = (
                page.heading(_label(case), 4) + page.table(_HEADER, _rows(case)) for case in cases
            )
            yield page.folded("all figures", tables)
    if report["curves"]:
        yield page.heading("Scaling")
    for curves in report["curves"]:
        yield page.figure(plots.lines(Curves(**curves)), curves["title"])


def _about(report: dict[str, Any]) -> list[str]:
    at = report["machine"]
    core = at["colorlab"]
    versions = ", ".join(f"{name} {version}" for name, version in at["versions"].items())
    lines = [
        f"{report['date']}: {at['cpu']}, {at['cores']} cores, {at['system']}",
        f"colorlab {core['version']} ({core['compiler']}, {core['active_target']}), Python "
        f"{at['python']}, {versions}",
    ]
    if report["absent"]:
        lines.append(f"not installed, left out: {', '.join(report['absent'])}")
    return lines


def _label(case: dict[str, Any]) -> str:
    return f"{case['title']}, {case['size']}, {_threads(case)} ({case['unit']})"


def _threads(case: dict[str, Any]) -> str:
    return {0: "all threads", 1: "one thread"}.get(case["threads"], f"{case['threads']} threads")


def _rows(case: dict[str, Any]) -> Sequence[Sequence[str]]:
    rows = []
    for each in case["competitors"]:
        ratio = interval = ""
        if "ratio" in each:
            ratio = f"{each['ratio']:.2f}"
            interval = f"{each['ratio_low']:.2f}-{each['ratio_high']:.2f}"
        error = "" if each["error"] is None else f"{each['error']:.2g} {case['error_in']}"
        middle = f"{each['median_seconds'] * 1e3:.3g}"
        rows.append((each["name"], f"{each['speed']:.4g}", middle, ratio, interval, error))
    return rows
