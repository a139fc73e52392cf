"""Whether one tree is slower than another, from reports of `colorlab bench` that took turns.

    python benchmarks/compare.py BASE.json... -- HEAD.json...

A case counts as slower when it took longer by more than the limit in every round: one noisy round
on a shared machine must not stop anybody. Exits with 1 if there is such a case.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

LIMIT = 1.1  # times as long


def seconds(report: dict[str, Any]) -> dict[str, float]:
    """The median time of colorlab itself, by case."""
    return {
        f"{case['suite']}: {case['name']}, {case['size']}, "
        f"{'1 thread' if case['threads'] == 1 else 'all threads'}": case["competitors"][0][
            "median_seconds"
        ]
        for case in report["cases"]
    }


def compare(base: list[dict[str, Any]], head: list[dict[str, Any]]) -> tuple[str, list[str]]:
    """A table of the ratios, head to base, and the cases that became slower."""
    before, after = [seconds(each) for each in base], [seconds(each) for each in head]
    lines = ["| case | time, of the base's | least | most |", "|---|---|---|---|"]
    slower = []
    for case in after[0]:
        if case not in before[0]:
            lines.append(f"| {case} | new | | |")
            continue
        ratios = [now[case] / then[case] for then, now in zip(before, after, strict=True)]
        lines.append(f"| {case} | {median(ratios):.3f} | {min(ratios):.3f} | {max(ratios):.3f} |")
        if min(ratios) > LIMIT:
            slower.append(case)
    lines += [f"| {case} | gone | | |" for case in before[0] if case not in after[0]]
    return "\n".join(lines), slower


def main(arguments: list[str]) -> int:
    if "--" not in arguments:
        print(__doc__, file=sys.stderr)
        return 2
    middle = arguments.index("--")
    base, head = (
        [json.loads(Path(name).read_text(encoding="utf-8")) for name in names]
        for names in (arguments[:middle], arguments[middle + 1 :])
    )
    table, slower = compare(base, head)
    print(table)
    for case in slower:
        print(f"slower in every round: {case}", file=sys.stderr)
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
