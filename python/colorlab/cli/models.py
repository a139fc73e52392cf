"""colorlab models: the generators that came with colorlab."""

from __future__ import annotations

import argparse

from colorlab.cli._parser import add_verb
from colorlab.cli._terminal import emit, say, show

_MORE = """\
examples:
  colorlab models
  colorlab inspect default

exit codes:
  0 all well, 2 usage, 4 there is no generator that could be used
"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb."""
    parser = add_verb(
        subparsers,
        "models",
        help="list the bundled generators",
        description="Lists the generators that came with colorlab; inspect tells all about one.",
        more=_MORE,
    )
    parser.add_argument("--json", action="store_true", help="one JSON line per generator")


def run(args: argparse.Namespace) -> int:
    """Does it."""
    from colorlab.model import registry

    rows = registry.describe()
    for row in rows:
        if args.json:
            emit(row)
        elif "error" in row:
            show(f"{row['name']}\t{row['message']}")
        else:
            size = f"{int(str(row['bytes'])) / 1e6:.1f} MB"
            show(f"{row['name']}\t{row['title']} {row['version']}\t{size}\t{row['licence']}")
    if not rows:
        say("colorlab: no generator is bundled with this copy; name an ONNX file with --model")
    return 4 if not rows or all("error" in row for row in rows) else 0
