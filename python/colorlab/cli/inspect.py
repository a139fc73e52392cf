"""colorlab inspect: what a photo's header or a generator's card says."""

from __future__ import annotations

import argparse
import json
from typing import Any

from colorlab.cli._terminal import emit, say, show


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "inspect",
        help="tell about photos and generators",
        description="Tells what a photo's header says, or what a generator (an ONNX file or a "
        "bundled name) says about itself. Decodes no pixels and runs nothing.",
    )
    parser.add_argument("items", nargs="+", metavar="PHOTO|MODEL")
    parser.add_argument("--json", action="store_true", help="one JSON line per item")


def run(args: argparse.Namespace) -> int:
    """Does it."""
    from colorlab.bulk.report import exit_code_of, explain
    from colorlab.errors import ColorlabError

    codes = []
    for item in args.items:
        try:
            row = {"path": item, "status": "ok"} | _inspect(item)
        except ColorlabError as error:
            codes.append(exit_code_of(error))
            say(f"colorlab: {error.with_path(item)}")
            if args.json:
                emit({"path": item, "status": "error"} | explain(error))
            continue
        if args.json:
            emit(row)
        else:
            show(_for_a_person(row))
    if len(codes) == len(args.items):
        return codes[0] if len(set(codes)) == 1 else 3
    return 1 if codes else 0


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
