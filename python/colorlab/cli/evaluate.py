"""colorlab evaluate: how close colorized photos, or a generator's colours, are to the truth."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colorlab.cli._terminal import emit, progress, say

if TYPE_CHECKING:
    from collections.abc import Callable

_EXAMPLES = """\
examples:
  colorlab evaluate photos/ --model default --json figures.json
  colorlab evaluate photos/ colorized/                 the same tree, colorized by anything

TRUTH is a folder of colour photos, or a .txt file that lists them. With --model they are reduced
to a short side of 256 (area average; smaller ones stay), made grey by their L*, and colorized.
"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "evaluate",
        help="measure a generator, or colorized photos, against colour photos",
        description="Measures PSNR, dE00, CF, AuC and more, beside those of grey photos.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("truth", metavar="TRUTH", type=Path, help="colour photos")
    parser.add_argument(
        "output", metavar="PRED", nargs="?", type=Path, help="the same photos, colorized"
    )
    parser.add_argument("--model", help="a generator's name, an ONNX file, or a run's folder")
    parser.add_argument("--json", metavar="FILE", help='all figures as JSON; "-" is stdout')
    parser.add_argument("--overwrite", action="store_true", help="replace the JSON file")
    parser.add_argument("--limit", type=int, default=0, help="photos, spread evenly (default: all)")
    parser.add_argument("--size", type=int, help="short side that the network sees, pixels")
    parser.add_argument("--threads", type=int, help="of the network (default: every core)")


def run(args: argparse.Namespace) -> int:
    """Does it."""
    from colorlab import evaluation
    from colorlab.errors import InvalidArgumentError

    if (args.output is None) == (args.model is None):
        raise InvalidArgumentError("give either colorized photos (PRED) or --model")
    if args.json not in (None, "-"):
        evaluation.check_free(args.json, overwrite=args.overwrite)
    photos = evaluation.photo_files(args.truth)
    if 0 < args.limit < len(photos):
        photos = [photos[i * len(photos) // args.limit] for i in range(args.limit)]
    root = evaluation.root_of(args.truth)
    if args.output is not None:
        pairs = evaluation.counterparts(photos, root, args.output)
        colorized: Any = lambda path, _truth, _grey: evaluation.read_8bit(pairs[path])  # noqa: E731
        short_side = 0
    else:
        colorized, short_side = _by_model(args), evaluation.SHORT_SIDE
    with progress(len(photos), "measuring") as (advance, narrate):
        found = evaluation.evaluate(
            photos, colorized, root=root, short_side=short_side, on_photo=lambda *_: advance()
        )
        for failure in found.failed:
            narrate(f"colorlab: {failure['reason']}")
    result = found.as_dict() | {"model": args.model}
    _tell(result)
    if args.json == "-":
        emit(result)
    elif args.json is not None:
        evaluation.write_json(args.json, result, overwrite=args.overwrite)
    return 1 if found.failed else 0


def _by_model(args: argparse.Namespace) -> Callable[..., Any]:
    if (Path(args.model) / "checkpoint.npz").is_file():
        from colorlab.cli import _training

        _training.prepare()
        from colorlab.training import architectures, checkpoint, evaluate

        trained = checkpoint.load_run(Path(args.model))
        model = trained.config.model
        inference = architectures.inference(trained.generator, trained.config)
        predict = evaluate.keras_predictor(inference, model.ab_scale)
        size = args.size or model.default_size
        return lambda _path, _truth, grey: evaluate.colorize(grey, predict, size)
    import numpy as np

    from colorlab.colorizer import Colorizer

    colorizer = Colorizer(args.model, threads=args.threads, size=args.size or "auto")
    return lambda _path, _truth, grey: np.asarray(colorizer.colorize(grey))


def _tell(result: dict[str, Any]) -> None:
    summary, grey = result["summary"], result["all_grey"]
    say(f"{result['protocol']['photos']} photos, protocol {result['protocol']['hash']}")
    for key, label, unit in (
        ("psnr", "PSNR", " dB"),
        ("delta_e00", "dE00", ""),
        ("auc", "AuC", " %"),
        ("auc_rebalanced", "AuC rebalanced", " %"),
    ):
        gain = result["over_all_grey"][key]
        say(f"  {label:15}{summary[key]:7.2f}{unit}  ({gain:+.2f} over all-grey {grey[key]:.2f})")
    say(
        f"  {'CF':15}{summary['cf']:7.2f}  ({summary['cf_share']:.0%} of the truth's "
        f"{summary['cf_truth']:.2f})"
    )
    say(f"  {'grey pixels':15}{summary['grey_fraction']:7.1%}")
