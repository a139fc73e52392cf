"""colorlab video: a video into colour."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from typing import TYPE_CHECKING

from colorlab.cli._colorizer import add_looks, add_machine, options_of
from colorlab.cli._parser import add_verb
from colorlab.cli._terminal import emit, progress, say

if TYPE_CHECKING:
    from collections.abc import Callable

_MORE = """\
examples:
  colorlab video newsreel.mp4 -o newsreel-colour.mp4
  colorlab video tape.mpg -o tape.mkv --smoothing 0.9
  # lossless: luma bit for bit
  colorlab video master.mkv -o master-colour.mkv --codec ffv1

exit codes:
  0 all well, 2 usage, 3 the video could not be coloured, 4 no generator to use,
  5 too little memory, 130 interrupted, 143 terminated
"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the verb."""
    parser = add_verb(
        subparsers,
        "video",
        help="colour a video",
        description="Colours a video. Only chroma is new: the luma of every frame goes to the "
        "encoder as it was decoded; sound, subtitles and the times of frames are copied.",
        more=_MORE,
    )
    parser.add_argument("input", metavar="IN", help="any video that FFmpeg decodes")
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="OUT",
        help="a .mp4, .m4v, .mov, .mkv or .webm file; or a folder",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an output that exists")
    parser.add_argument(
        "--json", action="store_true", help="what was done, as one JSON line on stdout"
    )
    looks = add_looks(parser)
    looks.add_argument(
        "--smoothing",
        type=float,
        default=0.8,
        help="how steady colours are in time, from 0 (each frame alone) to below 1 (default: 0.8)",
    )
    looks.add_argument(
        "--codec",
        choices=("h264", "hevc", "vp9", "av1", "ffv1"),
        help="of the video (default: h264, for .webm vp9); ffv1 is lossless",
    )
    looks.add_argument(
        "--crf",
        type=int,
        help="constant quality of the codec: smaller is better and larger files "
        "(default: h264 18, hevc 20, vp9 and av1 24)",
    )
    add_machine(parser)


def run(args: argparse.Namespace) -> int:
    """Does it."""
    from colorlab.video import colorize_video

    with ExitStack() as stack:
        report = colorize_video(
            args.input,
            args.output,
            saturation=args.saturation,
            smoothing=args.smoothing,
            codec=args.codec,
            crf=args.crf,
            overwrite=args.overwrite,
            provenance=not args.no_provenance,
            on_frame=_shown(stack),
            **options_of(args),
        )
    for note in report.notes:
        say(f"colorlab: {note}")
    if args.json:
        emit({"status": "ok"} | report.as_dict())
    rate = report.frames / max(report.seconds, 1e-6)
    say(
        f"colorlab: {report.frames} frames coloured in {report.seconds:.1f} s ({rate:.1f} a "
        f"second), {report.cuts} cuts, in {report.output}"
    )
    return 0


def _shown(stack: ExitStack) -> Callable[[int, int], None]:
    """What is to be called after each frame; the first call knows how many there will be."""
    advance: list[Callable[[], None]] = []

    def on_frame(done: int, expected: int) -> None:
        if not advance:
            advance.append(stack.enter_context(progress(expected, "colouring"))[0])
        advance[0]()

    return on_frame
