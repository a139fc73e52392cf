"""A video file out: the picture encoded, other streams copied; it appears whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import numpy as np

from colorlab.errors import InvalidArgumentError, OutputError
from colorlab.outputs import make_folder, put_in_place
from colorlab.video.planes import Codes, with_bits
from colorlab.video.reader import LumaFrame, Reader, import_av

__all__ = ["CODECS", "CONTAINERS", "MOST_CRF", "Writer", "default_codec"]

#: extensions of outputs and the containers that they stand for
CONTAINERS = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
}
#: names of codecs: the encoder, its constant-quality option's default, other options
CODECS: dict[str, tuple[str, int | None, dict[str, str]]] = {
    "h264": ("libx264", 18, {"preset": "medium"}),
    "hevc": ("libx265", 20, {"preset": "medium", "x265-params": "log-level=error"}),
    "vp9": ("libvpx-vp9", 24, {"b": "0", "row-mt": "1", "cpu-used": "2", "deadline": "good"}),
    "av1": ("libsvtav1", 24, {"preset": "8"}),
    "ffv1": ("ffv1", None, {"level": "3", "slicecrc": "1"}),
}
#: the worst constant quality of each; 0 is the best
MOST_CRF = {"h264": 51, "hevc": 51, "vp9": 63, "av1": 63}
_EVEN = ("h264", "hevc", "av1")  # cannot encode 4:2:0 of an odd size
_BT709, _KEPT_PRIMARIES = 1, (1, 5, 6, 7)  # SDR's; near enough to sRGB's to be told apart by nobody
_FULL, _LIMITED = 2, 1
_UNKNOWN = (0, 2)


def default_codec(path: str) -> str:
    """The codec that players of such a file expect."""
    return "vp9" if Path(path).suffix.lower() == ".webm" else "h264"


class Writer:
    """A video file that is being written, beside its place until `finish`.

    Args:
        path: of the file; its extension chooses the container.
        reader: whose streams and descriptions are carried over.
        first: the first frame, which tells the size and the coding.
        codec: one of CODECS. crf: constant quality, None for the codec's default.
        overwrite: replace a file that is there.
        comment: appended to the file's comment.

    Raises:
        InvalidArgumentError: no such container or codec, or they do not fit together.
        OutputError: it cannot be written.
    """

    def __init__(
        self,
        path: str,
        reader: Reader,
        first: LumaFrame,
        *,
        codec: str,
        crf: int | None,
        overwrite: bool,
        comment: str | None,
    ) -> None:
        self._av = import_av()
        self.path = path
        self.notes: list[str] = []  #: what a person may want to know
        self._overwrite = overwrite
        self._reader = reader
        if first.decoded.interlaced_frame:
            self.notes.append("it is interlaced: chroma is laid as for whole frames")
        height, width = first.luma.shape
        if codec in _EVEN and (height % 2 or width % 2):
            self.notes.append(
                f"{codec} takes even sizes only: {width} x {height} lost its last row or column"
            )
            height, width = height // 2 * 2, width // 2 * 2
            if not height or not width:
                raise InvalidArgumentError(
                    f"{codec} takes even sizes only, and a side of this video is one pixel",
                    path=reader.path,
                    hint="--codec ffv1 takes every size",
                )
        self.height, self.width = height, width
        self.bits = 8 if first.coding.bits == 8 else 10
        self._format = "yuv420p" if self.bits == 8 else "yuv420p10le"
        self._durations: dict[int, int] = {}
        target = Path(path)
        make_folder(target.parent)
        self._temporary = _temporary(target)
        with self._explained():
            self._container = self._av.open(
                f"file:{self._temporary}",
                "w",
                format=CONTAINERS[target.suffix.lower()],
                container_options=(
                    {"movflags": "+faststart"}
                    if target.suffix.lower() not in (".mkv", ".webm")
                    else {}
                ),
            )
        try:
            with self._explained():
                self._add_streams(first, codec, crf)
                self._describe(comment)
        except BaseException:
            self.abandon()
            raise

    def write(self, frame: LumaFrame, chroma: Sequence[Codes]) -> None:
        """Encodes the next frame: its own luma, with these chroma planes in its coding."""
        picture = self._av.VideoFrame(self.width, self.height, self._format)
        luma = with_bits(frame.luma, frame.coding, self.bits)
        for plane, codes in zip(picture.planes, (luma, *chroma), strict=True):
            rows = np.frombuffer(plane, codes.dtype).reshape(plane.height, -1)
            rows[:, : plane.width] = codes[: plane.height, : plane.width]
        picture.pts, picture.time_base = frame.pts, self._reader.time_base
        _tag(picture, frame)
        self._durations[frame.pts] = frame.duration
        with self._explained():
            self._mux(self._video.encode_lazy(picture))

    def copy(self, packet: Any) -> None:
        """Takes over a packet of another stream as it is."""
        target = self._copies.get(packet.stream.index)
        if target is not None:
            packet.stream = target
            with self._explained():
                self._container.mux(packet)

    def finish(self) -> None:
        """Ends the file and puts it in its place.

        Raises:
            OutputError: it cannot be written, or there is a file by now.
        """
        with self._explained():
            self._mux(self._video.encode_lazy(None))
            self._container.close()
            put_in_place(self._temporary, Path(self.path), overwrite=self._overwrite)

    def abandon(self) -> None:
        """Leaves nothing behind; harmless after `finish`."""
        with contextlib.suppress(self._av.error.FFmpegError, ValueError, OSError):
            self._container.close()  # what it says of an unfinished file concerns nobody
        self._temporary.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abandon()

    def _add_streams(self, first: LumaFrame, codec: str, crf: int | None) -> None:
        encoder, default_crf, options = CODECS[codec]
        if encoder not in self._av.codecs_available:
            raise InvalidArgumentError(
                f"this build of PyAV has no encoder {encoder} for {codec}",
                hint=f"Others are {', '.join(name for name in CODECS if name != codec)}",
            )
        os.environ.setdefault("SVT_LOG", "1")  # else libsvtav1 tells its settings on stderr
        if default_crf is not None:
            options = options | {"crf": str(default_crf if crf is None else crf)}
        try:
            self._video = self._container.add_stream(
                encoder,
                rate=self._reader.rate,
                options=options,
                width=self.width,
                height=self.height,
                time_base=self._reader.time_base,
            )
        except ValueError as error:
            raise InvalidArgumentError(
                f"{codec} does not go into {Path(self.path).suffix}",
                path=self.path,
                hint="A .mkv takes every codec",
            ) from error
        self._video.pix_fmt = self._format
        context = self._video.codec_context
        context.sample_aspect_ratio = self._reader.stream.sample_aspect_ratio or Fraction(1)
        context.thread_type = "AUTO"
        _tag(context, first)
        matrix = first.decoded.side_data.get("DISPLAYMATRIX")
        if matrix is not None:
            self._video.set_display_matrix(np.frombuffer(matrix, "<i4").tolist())
        self._video.metadata.update(_description(self._reader.stream))
        self._copies = {
            each.index: copy for each in self._reader.copied if (copy := self._copy(each))
        }
        self.notes += [
            f"stream {each.index} ({each.type}) is left out" for each in self._reader.left_out
        ]

    def _copy(self, stream: Any) -> Any | None:
        """A stream of the output like one of the input; None where the container cannot hold it."""
        known = stream.codec_context is not None
        name = stream.codec_context.name if known else "of an unknown codec"
        try:
            copy = self._container.add_stream_from_template(stream)
        except ValueError as error:
            if stream.type == "audio":
                raise InvalidArgumentError(
                    f"its sound ({name}) does not go into {Path(self.path).suffix}",
                    path=self.path,
                    hint="A .mkv takes every kind of sound"
                    if known
                    else "Take it out first, as by ffmpeg -i IN -c copy -an OUT",
                ) from error
            self.notes.append(f"stream {stream.index} (subtitle, {name}) is left out")
            return None
        copy.metadata.update(_description(stream))
        copy.disposition = stream.disposition
        return copy

    def _describe(self, comment: str | None) -> None:
        metadata = {
            k: v for k, v in self._reader.metadata.items() if k.lower() not in _OF_CONTAINER
        }
        if comment is not None:
            names = [name for name in metadata if name.lower() == "comment"]
            earlier = " ".join(metadata.pop(name) for name in names)
            metadata["comment"] = f"{earlier} {comment}" if earlier else comment
        self._container.metadata.update(metadata)
        if chapters := self._reader.chapters:
            self._container.set_chapters(chapters)

    def _mux(self, packets: Iterator[Any]) -> None:
        for packet in packets:
            duration = self._durations.pop(packet.pts, 0)
            if duration:
                packet.duration = duration
            self._container.mux(packet)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Errors of the file system, the muxer and the encoder as OutputError."""
        try:
            yield
        except (OSError, self._av.error.FFmpegError) as error:
            reason = f"cannot be written: {getattr(error, 'strerror', None) or error}"
            raise OutputError(reason, path=self.path) from error


_OF_CONTAINER = ("major_brand", "minor_version", "compatible_brands", "encoder", "duration")


def _temporary(target: Path) -> Path:
    """Where a file is written before it is whole; what killed runs left of it is removed."""
    name = hashlib.blake2s(os.fsencode(target.name), digest_size=8).hexdigest()  # fits anywhere
    for path in target.parent.glob(f".colorlab-*-{name}.tmp"):
        if not _runs(path.name.split("-")[1]):
            with contextlib.suppress(OSError):
                path.unlink()
    return target.with_name(f".colorlab-{os.getpid()}-{name}.tmp")


def _runs(process: str) -> bool:
    """Whether there is such a process on this machine."""
    if os.name == "nt" or not process.isdigit():
        return False  # Windows removes no file that a process has open
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True


def _tag(target: Any, frame: LumaFrame) -> None:
    """Says what the codes mean: as in the source, and what it left open."""
    target.color_range = _FULL if frame.coding.full_range else _LIMITED
    target.colorspace = frame.matrix
    primaries, transfer = int(frame.decoded.color_primaries), int(frame.decoded.color_trc)
    target.color_primaries = primaries if primaries in _KEPT_PRIMARIES else _BT709
    target.color_trc = _BT709 if transfer in _UNKNOWN else transfer


def _description(stream: Any) -> dict[str, str]:
    return {k: v for k, v in stream.metadata.items() if k.lower() not in (*_OF_CONTAINER, "rotate")}
