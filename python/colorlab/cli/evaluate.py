"""colorlab evaluate: how close colorized photos, or a generator's colours, are to the truth."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colorlab.cli._parser import add_verb, size
from colorlab.cli._terminal import emit, progress, say

if TYPE_CHECKING:
    from collections.abc import Callable

_MORE = """\
examples:
  colorlab evaluate photos/ --model default --json figures.json
  # the same tree of photos, colorized by anything
  colorlab evaluate photos/ colorized/
  colorlab evaluate val5k.txt --model m.onnx --fit crop --inception fid.onnx --html report.html

TRUTH is a folder of colour photos, or a .txt file that lists them. With --model they are reduced
to a short side of 256 (area average; smaller ones stay), made grey by their L*, and colorized.
docs/evaluation.md says what each figure is, and how published protocols are reproduced.

exit codes:
  0 all well, 1 some photos could not be measured, 2 usage, 3 photos or places are not there,
  4 no generator to use, 5 too little memory
"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb."""
    parser = add_verb(
        subparsers,
        "evaluate",
        help="measure a generator, or colorized photos, against colour photos",
        description="Measures PSNR, dE00, CF, AuC and more, beside those of grey photos.",
        more=_MORE,
    )
    parser.add_argument(
        "truth", metavar="TRUTH", type=Path, help="colour photos: a folder, or a .txt list"
    )
    parser.add_argument(
        "output", metavar="PRED", nargs="?", type=Path, help="the same photos, colorized"
    )
    parser.add_argument("--model", help="a generator's name, an ONNX file, or a run's folder")
    parser.add_argument("--json", metavar="FILE", help='all figures as JSON; "-" is stdout')
    parser.add_argument("--html", metavar="FILE", help="a page with figures and pictures")
    parser.add_argument("--overwrite", action="store_true", help="replace these files")
    parser.add_argument(
        "--short-side",
        type=int,
        metavar="PIXELS",
        help="of the photos that are measured; 0 leaves them (default: 256, 0 for PRED)",
    )
    parser.add_argument(
        "--fit",
        choices=("keep", "crop", "stretch"),
        default="keep",
        help="how they get it: aspect kept, centre square, or stretched to a square",
    )
    parser.add_argument(
        "--inception", metavar="ONNX", help="Inception features as an ONNX file: measures FID too"
    )
    parser.add_argument("--limit", type=int, default=0, help="photos, spread evenly (default: all)")
    parser.add_argument(
        "--size",
        type=size,
        help="short side, pixels, at which the network of --model sees photos (default: auto)",
    )
    parser.add_argument("--threads", type=int, help="of the network (default: every core)")


def run(args: argparse.Namespace) -> int:
    """Does it."""
    from colorlab import evaluation, evaluation_report, fid, html_report
    from colorlab.errors import InvalidArgumentError

    if (args.output is None) == (args.model is None):
        raise InvalidArgumentError(
            "give either colorized photos (PRED) or --model",
            hint="As: colorlab evaluate photos/ --model default",
        )
    if args.size is not None and args.model is None:
        raise InvalidArgumentError("--size is for --model", hint="PRED has its own size")
    if args.short_side is not None and args.short_side < 0:
        raise InvalidArgumentError("--short-side is a number of pixels, or 0")
    for path in (args.json, args.html):
        if path not in (None, "-"):
            evaluation.check_free(path, overwrite=args.overwrite)
    photos = evaluation.spread(evaluation.photo_files(args.truth), args.limit)
    root = evaluation.root_of(args.truth)
    colorized, short_side, workers = _what_to_measure(args, photos, root)
    distance = None
    if args.inception is not None:
        distance = fid.FrechetDistance(fid.Inception(args.inception, threads=args.threads))
    gallery = evaluation_report.Gallery()

    def look(photo: evaluation.Measured) -> None:
        if distance is not None:
            distance.add(photo.truth, photo.output)
        if args.html is not None:
            gallery.add(photo)

    with progress(len(photos), "measuring") as (advance, narrate):
        found = evaluation.evaluate(
            photos,
            colorized,
            root=root,
            short_side=short_side,
            fit=args.fit,
            workers=workers,
            on_photo=lambda *_: advance(),
            on_measured=look,
        )
        for failure in found.failed:
            narrate(f"colorlab: {failure['reason']}")
    result = found.as_dict() | {"model": args.model}
    if distance is not None:
        result["fid"] = distance.as_dict()
    _tell(result)
    if args.json == "-":
        emit(result)
    elif args.json is not None:
        evaluation.write_json(args.json, result, overwrite=args.overwrite)
    if args.html is not None:
        text = evaluation_report.as_html(result, gallery)
        html_report.write(args.html, text, overwrite=args.overwrite)
    return 1 if found.failed else 0


def _what_to_measure(
    args: argparse.Namespace, photos: list[Path], root: Path
) -> tuple[Callable[..., Any], int, int]:
    """What gives the colours of a photo, the short side to measure at, and by how many at once."""
    from colorlab import evaluation
    from colorlab.session import available_cores

    if args.model is not None:
        short_side = evaluation.SHORT_SIDE if args.short_side is None else args.short_side
        colorized, workers = _by_model(args)
        return colorized, short_side, workers
    short_side = args.short_side or 0
    pairs = evaluation.counterparts(photos, root, args.output)

    def output(path: Path, truth: Any, _grey: Any) -> Any:
        pixels = evaluation.read_8bit(pairs[path])
        if pixels.shape == truth.shape:
            return pixels
        return evaluation.fitted(pixels, short_side, args.fit)

    return output, short_side, available_cores()


def _by_model(args: argparse.Namespace) -> tuple[Callable[..., Any], int]:
    """What colours a grey photo, and how many threads may call it at once."""
    if (Path(args.model) / "checkpoint.npz").is_file():
        from colorlab.cli import _training

        _training.prepare()
        from colorlab.training import checkpoint, evaluate, models

        trained = checkpoint.load_run(Path(args.model))
        model = trained.config.model
        inference = models.inference_model(trained.generator, trained.config)
        predict = evaluate.keras_predictor(inference, model.ab_scale)
        short = model.default_size if args.size in (None, "auto") else args.size
        return lambda _path, _truth, grey: evaluate.colorize(grey, predict, short), 1
    import numpy as np

    from colorlab.colorizer import Colorizer
    from colorlab.session import available_cores

    at: Any = "auto" if args.size is None else args.size
    colorizer = Colorizer(args.model, threads=args.threads, size=at)
    return lambda _path, _truth, grey: np.asarray(colorizer.colorize(grey)), available_cores()


def _tell(result: dict[str, Any]) -> None:
    from colorlab.evaluation_report import METRICS

    summary, grey = result["summary"], result["all_grey"]
    say(f"{result['protocol']['photos']} photos, protocol {result['protocol']['hash']}")
    for key, name, form in METRICS:
        more = ""
        if key in result["intervals"]:
            low, high = result["intervals"][key]
            more = f"  [{low:{form}}, {high:{form}}]"
        if key in result["over_all_grey"]:
            gain = result["over_all_grey"][key]
            more += f"  {gain:+{form}} over all-grey {grey[key]:{form}}"
        say(f"  {name:30}{summary[key]:{form}}{more}")
    for name, found in result.get("fid", {}).items():
        if isinstance(found, dict):
            say(f"  {f'FID ({name})':30}{found['fid']:.3f}")
