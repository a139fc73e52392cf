"""colorlab export: a training run's generator as an ONNX file."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from colorlab.cli._terminal import emit, say

_EXAMPLES = """\
examples:
  colorlab export runs/mine -o mine.onnx
  colorlab export runs/mine -o mine.onnx --fp16 --calibrate val/ --validate val/
  colorlab export runs/a runs/b runs/c -o mean.onnx
  colorlab export runs/mine -o mine-int8.onnx --int8 --photos photos/
"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "export",
        help="write a training run's generator as ONNX",
        description="Writes the averaged generator of a run, or the mean of several runs that "
        "started from the same weights, as an ONNX file that colorize uses, "
        "after checking on photos that it gives what Keras gives.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "runs",
        metavar="RUN",
        nargs="+",
        type=Path,
        help="folder of a training run; of several of one architecture, the mean is exported",
    )
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="FILE.onnx")
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
    color.add_argument("--temperature", type=_positive, help="of the annealed mean")
    color.add_argument("--gain", type=_positive, help="multiplies chroma")
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
        type=_positive,
        default=0.78,
        help="colourfulness that --calibrate aims at, over the truth's (default: 0.78)",
    )
    card = parser.add_argument_group("the card")
    card.add_argument("--name", default="unet-lite0")
    card.add_argument("--model-version", default="1", metavar="VERSION")
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


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be above 0, not {text}")
    return value
