"""colorlab export: a training run's generator as an ONNX file."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from colorlab.cli._parser import add_verb, positive
from colorlab.cli._terminal import emit, say

_MORE = """\
examples:
  colorlab export runs/mine -o mine.onnx
  colorlab export runs/mine -o mine.onnx --fp16 --calibrate val/ --validate val/
  colorlab export runs/a runs/b runs/c -o mean.onnx
  colorlab export runs/mine -o mine-int8.onnx --int8 --photos photos/

exit codes:
  0 all well, 2 usage, 3 it cannot be exported, 4 its network cannot be written as ONNX,
  5 too little memory
"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb."""
    parser = add_verb(
        subparsers,
        "export",
        help="write a training run's generator as ONNX",
        description="Writes the averaged generator of a run, or the mean of several runs that "
        "started from the same weights, as an ONNX file that colorize uses, "
        "after checking on photos that it gives what Keras gives.",
        more=_MORE,
    )
    parser.add_argument(
        "runs",
        metavar="RUN",
        nargs="+",
        type=Path,
        help="folder of a training run; of several of one architecture, the mean is exported",
    )
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="FILE.onnx", help="the file to write"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the file if it exists")
    parser.add_argument("--json", action="store_true", help="what was written, as JSON on stdout")
    parser.add_argument(
        "--best",
        action="store_true",
        help="the best validated step (train --validate), not the last",
    )
    storage = parser.add_mutually_exclusive_group()
    storage.add_argument(
        "--fp16", action="store_true", help="store weights in half precision: half the file"
    )
    storage.add_argument(
        "--int8", action="store_true", help="8-bit convolutions: a quarter of the file, faster"
    )
    parser.add_argument(
        "--photos",
        nargs="+",
        type=Path,
        default=[],
        metavar="PHOTOS",
        help="folders or shards for the check and for int8 (default: the run's own)",
    )
    color = parser.add_argument_group("how boldly it colours")
    color.add_argument("--temperature", type=positive, help="of the annealed mean")
    color.add_argument("--gain", type=positive, help="multiplies chroma")
    color.add_argument(
        "--calibrate",
        nargs="+",
        type=Path,
        default=[],
        metavar="PHOTOS",
        help="fit gain and temperature on these folders of colour photos",
    )
    color.add_argument(
        "--cf-share",
        type=positive,
        default=0.78,
        help="colourfulness that --calibrate aims at, over the truth's (default: 0.78)",
    )
    card = parser.add_argument_group("the card")
    card.add_argument("--name", default="unet-lite0", help="of the generator (default: unet-lite0)")
    card.add_argument(
        "--model-version", default="1", metavar="VERSION", help="of the generator (default: 1)"
    )
    card.add_argument("--licence", default="", help="of the weights, an SPDX expression")
    card.add_argument("--default-size", type=int, help="short side the network is to see, pixels")
    card.add_argument(
        "--validate",
        nargs="+",
        type=Path,
        default=[],
        metavar="PHOTOS",
        help="measure on these folders of colour photos and note the figures",
    )
    card.add_argument(
        "--limit", type=int, default=0, help="photos per folder of --validate (default: all)"
    )


def run(args: argparse.Namespace) -> int:
    """Does it."""
    from colorlab.cli import _training

    _training.prepare()
    from colorlab.training import export

    options = export.Options(
        name=args.name,
        version=args.model_version,
        licence=args.licence,
        storage="float16" if args.fp16 else "int8" if args.int8 else "float32",
        temperature=args.temperature,
        gain=args.gain,
        default_size=args.default_size,
        calibrate=args.calibrate,
        cf_share=args.cf_share,
        validate=args.validate,
        photos=args.photos,
        limit=args.limit,
        best=args.best,
        overwrite=args.overwrite,
    )
    written = export.export(args.runs, args.output, options, narrate=say)
    say(f"colorlab: wrote {written.path} ({written.bytes / 1e6:.1f} MB)")
    if args.json:
        emit(dataclasses.asdict(written) | {"path": str(written.path)})
    return 0
