"""colorlab inspect: what a photo's header or a generator's card says."""

from __future__ import annotations

import argparse
import json
from typing import Any

from colorlab.cli import _failures
from colorlab.cli._parser import add_verb
from colorlab.cli._terminal import emit, show

_MORE = """\
examples:
  colorlab inspect scan.tif
  colorlab inspect default mine.onnx
  colorlab inspect --json scans/*.jpg

exit codes:
  0 all well, 1 some could not be read, 2 usage, 3 none could, 4 none of the generators could
"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb."""
    parser = add_verb(
        subparsers,
        "inspect",
        help="tell about photos and generators",
        description="Tells what a photo's header says, or what a generator (an ONNX file or a "
        "bundled name) says about itself. Decodes no pixels and runs nothing.",
        more=_MORE,
    )
    parser.add_argument(
        "items", nargs="+", metavar="PHOTO|MODEL", help="photos, ONNX files, bundled names"
    )
    parser.add_argument("--json", action="store_true", help="one JSON line per item")


def run(args: argparse.Namespace) -> int:
    """Does it."""
    from colorlab.errors import ColorlabError

    codes = []
    for item in args.items:
        try:
            row = {"path": item, "status": "ok"} | _inspect(item)
        except ColorlabError as error:
            codes.append(_failures.tell(error.with_path(item), item, as_json=args.json))
            continue
        if args.json:
            emit(row)
        else:
            show(_for_a_person(row))
    return _failures.exit_code(codes, len(args.items))


def _inspect(item: str) -> dict[str, Any]:
    from dataclasses import asdict

    from colorlab import image_io
    from colorlab.model import registry

    if item in registry.names() or item.lower().endswith(".onnx"):
        model = registry.load(item)
        return {
            "kind": "generator",
            "sha256": model.sha256,
            "bytes": len(model.data),
            "operators": dict(sorted(model.summary.operators.items())),
        } | asdict(model.card)
    return {"kind": "photo"} | asdict(image_io.probe(item))


def _for_a_person(row: dict[str, Any]) -> str:
    lines = [str(row["path"])]
    for key, value in row.items():
        if key not in ("path", "status"):
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            lines.append(f"  {key}: {text}")
    return "\n".join(lines)
