"""Videos: every frame's luma stays as it is, colour comes from the network and is smoothed in time.

A video of any format that PyAV (FFmpeg) decodes becomes one of 4:2:0 whose luma plane is, code for
code, the decoded one; only Cb and Cr are new. So what codecs, grain and restoration left in the
lightness is passed on unchanged, and `preserve="luma"` of photos is the promise that is kept. Three
stages overlap: decoding, the network, and chroma with encoding.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from colorlab.arguments import whole
from colorlab.colorizer import Colorizer, Prepared
from colorlab.errors import InvalidArgumentError
from colorlab.outputs import already_there, is_folder
from colorlab.recoloring import check_finish
from colorlab.video.ahead import ahead
from colorlab.video.planes import chroma_planes, grey_of
from colorlab.video.reader import LumaFrame, Reader
from colorlab.video.smoothing import AbSmoother, Flicker
from colorlab.video.writer import (
    CODECS,
    CONTAINERS,
    MOST_CRF,
    Writer,
    default_codec,
)

__all__ = ["VideoReport", "colorize_video", "output_path"]

_AHEAD = 4  # frames (or packets) between two stages, besides a batch


@dataclass(slots=True)
class VideoReport:
    """What became of a video."""

    path: str
    output: str
    width: int
    height: int
    codec: str
    frames: int = 0
    cuts: int = 0  #: changes of scene, where colour starts anew
    flicker: Flicker = field(default_factory=Flicker)
    reduced_chroma: float = 0.0  #: mean share of pixels whose chroma was reduced to fit into sRGB
    notes: list[str] = field(default_factory=list)  #: what a person may want to know
    seconds: float = 0.0  #: wall time

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON can hold it."""
        return asdict(self)


@dataclass(slots=True)
class _Colored:
    """A frame between the network and the encoder."""

    frame: LumaFrame
    prepared: Prepared  # of the frame upright
    ab: npt.NDArray[np.float32]  # smoothed, of the frame upright


def colorize_video(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    colorizer: Colorizer | None = None,
    saturation: float = 1.0,
    smoothing: float = 0.8,
    codec: str | None = None,
    crf: int | None = None,
    overwrite: bool = False,
    provenance: bool = True,
    on_frame: Callable[[int, int], None] | None = None,
    **options: Any,
) -> VideoReport:
    """Colours a video into another file. Needs PyAV, the extra "video".

    Luma is kept, colour replaced. Times of all frames (also at variable rates; of two at one time
    the second comes a tick later), rotation, the shape of pixels and the tags of colour are carried
    over; sound, subtitles, chapters and descriptions are copied. Samples of more than 8 bits become
    10, other chroma formats 4:2:0.

    Args:
        source: a video file that is SDR.
        output: the file to write: .mp4, .m4v, .mov, .mkv or .webm; or a folder, see `output_path`.
        colorizer: what to colour with; None makes one of `options`, the arguments of `Colorizer`.
        saturation: see `Colorizer.colorize`.
        smoothing: 0..1 (1 excluded), how steady colour is in time; see `AbSmoother`.
        codec: "h264", "hevc", "vp9", "av1" or "ffv1" (lossless); None is h264, for .webm vp9.
        crf: constant quality of the codec, smaller is better; None is visually lossless (h264 18,
            hevc 20, vp9 and av1 24).
        overwrite: replace an output that exists; the input is never overwritten.
        provenance: note in the file's comment that its colour is machine-made.
        on_frame: called after each frame with the number done and the number expected (0 when the
            file does not tell). What it raises stops the work.

    Returns:
        What was done. The output appears when it is whole, or not at all.

    Raises:
        ColorlabError: code "extra_missing" without PyAV.
        InputError, UnsupportedFormatError: there is no SDR video that can be decoded.
        CorruptImageError: a frame is damaged.
        ModelError: no generator to use.
        InvalidArgumentError: an argument makes no sense, or the output is the input.
        OutputError: the output exists or cannot be written.
    """
    path = os.fspath(source)
    target = output_path(path, output)
    chosen = codec or default_codec(target)
    _check(path, target, chosen, crf, overwrite)
    check_finish(saturation, "luma")
    if colorizer is not None and options:
        raise InvalidArgumentError(f"a colorizer and {next(iter(options))}= exclude each other")
    smoother = AbSmoother(smoothing)
    began = time.monotonic()
    with Colorizer(**options) if colorizer is None else nullcontext(colorizer) as ready:
        limits = ready.limits or {}
        with Reader(path, max_pixels=limits.get("max_pixels")) as reader:
            report = _color(
                reader,
                target,
                ready,
                smoother,
                saturation=saturation,
                writing={
                    "codec": chosen,
                    "crf": crf,
                    "overwrite": overwrite,
                    "comment": _comment(ready) if provenance else None,
                },
                on_frame=on_frame,
            )
    report.seconds = time.monotonic() - began
    return report


def output_path(source: str, output: str | os.PathLike[str]) -> str:
    """Where a video goes: to `output`; for a folder, to a file of the source's name in it, with
    .mkv where the source's extension is not written.
    """
    target = os.fspath(output)
    if not is_folder(target) and not target.endswith(os.sep):
        return target
    extension = Path(source).suffix
    if extension.lower() not in CONTAINERS:
        extension = ".mkv"
    return str(Path(target) / (Path(source).stem + extension))


def _are_one(first: str, second: str) -> bool:
    """Whether two names are of one file."""
    try:
        return Path(first).samefile(second)
    except OSError:
        return False


def _check(path: str, target: str, codec: str, crf: int | None, overwrite: bool) -> None:
    """What can be said before anything is opened."""
    if Path(target).suffix.lower() not in CONTAINERS:
        raise InvalidArgumentError(
            f'no such kind of video: "{Path(target).suffix}"',
            code="unsupported_format",
            path=target,
            hint=f"Kinds are {', '.join(CONTAINERS)}",
        )
    if codec not in CODECS:
        raise InvalidArgumentError(
            f"no such codec: {codec!r}", hint=f"Codecs are {', '.join(CODECS)}"
        )
    most = MOST_CRF.get(codec)
    if crf is not None and most is None:
        raise InvalidArgumentError(f"{codec} is lossless and takes no crf")
    if crf is not None:
        whole(f"crf of {codec}", crf, least=0, most=most, besides=" or None")
    if os.path.lexists(target):
        if _are_one(target, path):
            raise InvalidArgumentError(
                "is the input, which is never overwritten", code="output_is_input", path=target
            )
        if not overwrite:
            raise already_there(target)


def _color(
    reader: Reader,
    target: str,
    colorizer: Colorizer,
    smoother: AbSmoother,
    *,
    saturation: float,
    writing: dict[str, Any],
    on_frame: Callable[[int, int], None] | None,
) -> VideoReport:
    batch = colorizer.batch_size
    waiting: list[Any] = []  # packets that come before the first frame tells what to write
    writer: Writer | None = None
    report = VideoReport(reader.path, target, 0, 0, writing["codec"], flicker=smoother.flicker)
    try:
        with (
            ahead(_prepared(reader.items(), colorizer), depth=_AHEAD + batch) as ready,
            ahead(_predicted(ready, colorizer, smoother, batch), depth=_AHEAD + batch) as items,
        ):
            for item in items:
                if not isinstance(item, _Colored):
                    waiting.append(item)
                else:
                    if writer is None:
                        writer = Writer(target, reader, item.frame, **writing)
                    reduced = _finish(item, colorizer, saturation, writer)
                    report.frames += 1
                    report.reduced_chroma += (reduced - report.reduced_chroma) / report.frames
                    if on_frame is not None:
                        on_frame(report.frames, reader.expected_frames)
                if writer is not None:
                    for packet in waiting:
                        writer.copy(packet)
                    waiting.clear()
        if writer is None:
            raise reader.no_frames()
        writer.finish()
    finally:
        if writer is not None:
            writer.abandon()
    report.width, report.height, report.notes = writer.width, writer.height, writer.notes
    report.cuts = smoother.cuts
    return report


def _prepared(
    items: Iterable[LumaFrame | Any], colorizer: Colorizer
) -> Iterator[tuple[LumaFrame, Prepared] | Any]:
    """Frames with what the network sees of them, upright; packets as they are."""
    for item in items:
        if isinstance(item, LumaFrame):
            grey = np.rot90(grey_of(item.luma, item.coding), item.quarter_turns)
            yield item, colorizer.prepare(np.ascontiguousarray(grey))
        else:
            yield item


def _predicted(
    items: Iterable[tuple[LumaFrame, Prepared] | Any],
    colorizer: Colorizer,
    smoother: AbSmoother,
    batch: int,
) -> Iterator[_Colored | Any]:
    """Frames with their colour, smoothed; in batches, with packets in their places."""
    held: list[Any] = []
    frames = 0
    for item in items:
        held.append(item)
        frames += isinstance(item, tuple)
        if frames == batch:
            yield from _predict(held, colorizer, smoother)
            held, frames = [], 0
    yield from _predict(held, colorizer, smoother)


def _predict(
    held: list[Any], colorizer: Colorizer, smoother: AbSmoother
) -> Iterator[_Colored | Any]:
    photos = [item[1] for item in held if isinstance(item, tuple)]
    colors = iter(colorizer.predict(photos))
    for item in held:
        if not isinstance(item, tuple):
            yield item
            continue
        frame, prepared = item
        lightness = (prepared.tensor[0, 0] + np.float32(1)) * np.float32(50)
        yield _Colored(frame, prepared, smoother.smooth(next(colors), lightness))


def _finish(item: _Colored, colorizer: Colorizer, saturation: float, writer: Writer) -> float:
    """Full-size chroma into the file; the share of pixels whose chroma was reduced."""
    turns = -item.frame.quarter_turns
    grey = np.ascontiguousarray(np.rot90(item.prepared.pixels, turns))
    ab = np.ascontiguousarray(np.rot90(item.ab, turns))
    photo = Prepared(grey, item.prepared.tensor)
    cbcr, certificate = colorizer.finish_chroma(photo, ab, saturation=saturation)
    coding = replace(item.frame.coding, bits=writer.bits)
    writer.write(item.frame, chroma_planes(cbcr, grey, coding))
    return certificate.reduced_chroma


def _comment(colorizer: Colorizer) -> str:
    card = colorizer.card
    return f"The colour of this video is machine-made (colorlab, model {card.name} {card.version})."
