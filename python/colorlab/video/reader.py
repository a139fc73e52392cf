"""A video file in: its frames decoded one after the other, what is not its picture as packets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import numpy as np

from colorlab import extras
from colorlab.errors import (
    CorruptImageError,
    ImageTooLargeError,
    InputError,
    InputNotFoundError,
    UnsupportedFormatError,
)
from colorlab.video.planes import Codes, Coding

__all__ = ["LumaFrame", "Reader", "import_av"]

_MAX_PIXELS = 178_956_970  # of a frame, as of a photo unless the limits say otherwise
_RED_BLUE = {  # matrix coefficients (ITU-T H.273): weights of red and blue in luma
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
}
_BT709, _BT601 = 1, 6  # of HD and SD
_HDR = {16: "PQ", 18: "HLG"}  # transfer characteristics
_FULL, _LIMITED = 2, 1
_COPIED = ("audio", "subtitle")
_CENTRED = ("mjpeg", "mpeg1video")  # have chroma between the columns of luma
_ALWAYS_LIMITED = ("h264", "hevc", "av1", "vp9", "vp8", "mpeg2video", "mpeg4")


@dataclass(frozen=True, slots=True)
class LumaFrame:
    """A frame as it was decoded, of which only luma is wanted."""

    luma: Codes  #: (H, W), codes; a view into the decoder's buffer
    coding: Coding
    pts: int  #: in units of the stream's time base
    duration: int  #: the same; 0 where it is not known
    quarter_turns: int  #: anticlockwise, that show it upright
    matrix: int  #: matrix coefficients, ITU-T H.273
    decoded: Any  #: PyAV's frame: tells other colour properties and side data


def import_av() -> Any:
    """PyAV; raises ColorlabError with code "extra_missing" where it is not installed."""
    return extras.load("av", "videos need PyAV", extra="video")


class Reader:
    """An open video file.

    Raises:
        InputNotFoundError, InputError: it cannot be read.
        UnsupportedFormatError: there is no video in it that can be decoded.
        ImageTooLargeError: its frames are over the limit, which is checked before they are decoded.
    """

    def __init__(self, path: str, *, max_pixels: int | None = None) -> None:
        self.path = path
        self._av = import_av()
        self._container = self._open(path)
        try:
            self.stream = self._choose_stream()
            self._limit(max_pixels or _MAX_PIXELS)
        except BaseException:
            self._container.close()
            raise
        #: streams that are copied, and those that are left out
        self.copied = [each for each in self._container.streams if each.type in _COPIED]
        self.left_out = [
            each
            for each in self._container.streams
            if each.type not in _COPIED and not self._is(each)
        ]

    @property
    def metadata(self) -> dict[str, str]:
        """Of the file: title, comment, ..."""
        return dict(self._container.metadata)

    @property
    def chapters(self) -> list[Any]:
        """Of the file."""
        return list(self._container.chapters())

    @property
    def time_base(self) -> Fraction:
        """Seconds in a unit of `LumaFrame.pts`."""
        return Fraction(self.stream.time_base)

    @property
    def rate(self) -> Fraction:
        """Frames per second, on average."""
        return Fraction(self.stream.average_rate or self.stream.guessed_rate or 25)

    @property
    def expected_frames(self) -> int:
        """About how many frames there are; 0 where the file does not tell."""
        if self.stream.frames:
            return int(self.stream.frames)
        if self.stream.duration is not None:
            return round(int(self.stream.duration) * self.time_base * self.rate)
        if self._container.duration is not None:
            return round(Fraction(self._container.duration, 1_000_000) * self.rate)
        return 0

    def items(self) -> Iterator[LumaFrame | Any]:
        """Frames of the video and packets of the copied streams, as they lie in the file.

        Raises:
            CorruptImageError: a frame cannot be decoded.
            UnsupportedFormatError: the size of the frames changes, or it is no SDR video.
        """
        last: LumaFrame | None = None
        try:
            for packet in self._container.demux([self.stream, *self.copied]):
                if not self._is(packet.stream):
                    if packet.dts is not None:  # else the end of the stream, without content
                        yield packet
                    continue
                for frame in packet.decode():
                    last = self._luma_frame(frame, last)
                    yield last
        except self._av.error.FFmpegError as error:
            where = f" after {float(last.pts * self.time_base):.2f} s" if last is not None else ""
            raise CorruptImageError(
                f"it is damaged{where}: {error.strerror or error}",
                path=self.path,
                hint="Repair it first, as by ffmpeg -i IN -c copy OUT",
            ) from error

    def no_frames(self) -> UnsupportedFormatError:
        """The error for a video that has come to its end without one."""
        return UnsupportedFormatError("there is no frame in its video", path=self.path)

    def close(self) -> None:
        """Lets go of the file."""
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, path: str) -> Any:
        errors = self._av.error
        if not os.path.lexists(path):
            raise InputNotFoundError("there is no such file", path=path)
        if Path(path).is_dir():
            raise InputError("is a folder, not a video", path=path)
        try:
            # As a file, whatever its name looks like: no address is ever opened.
            return self._av.open(
                f"file:{path}",
                "r",
                container_options={"protocol_whitelist": "file"},
                metadata_errors="replace",
            )
        except OSError as error:
            if isinstance(error, errors.InvalidDataError):
                reason = "no video of a kind that can be read"
                raise UnsupportedFormatError(reason, path=path) from error
            raise InputError(f"cannot be read: {error.strerror or error}", path=path) from error
        except (errors.FFmpegError, ValueError) as error:
            reason = f"no video of a kind that can be read: {error}"
            raise UnsupportedFormatError(reason, path=path) from error

    def _choose_stream(self) -> Any:
        for stream in self._container.streams.video:
            if not stream.disposition & self._av.stream.Disposition.attached_pic:
                if stream.codec_context is None:
                    break
                stream.thread_type = "AUTO"
                return stream
        raise UnsupportedFormatError("there is no video in it that can be decoded", path=self.path)

    def _limit(self, most: int) -> None:
        context = self.stream.codec_context
        if context.width * context.height > most:
            raise ImageTooLargeError(
                f"frames of {context.width} x {context.height} pixels are over the limit of {most}",
                path=self.path,
            )
        context.options = {"max_pixels": str(most)}

    def _is(self, stream: Any) -> bool:
        return bool(stream.index == self.stream.index)

    def _luma_frame(self, frame: Any, last: LumaFrame | None) -> LumaFrame:
        if frame.color_trc in _HDR:
            raise UnsupportedFormatError(
                f"it is {_HDR[frame.color_trc]} (HDR)", path=self.path, hint="Tone-map it to SDR"
            )
        plain = _with_luma_plane(frame)
        component = plain.format.components[0]
        dtype = np.uint8 if component.bits == 8 else np.uint16
        plane = plain.planes[0]
        rows = np.frombuffer(plane, dtype).reshape(plane.height, -1)
        luma = rows[:, : plain.width]
        if last is not None and last.luma.shape != luma.shape:
            size = f"{luma.shape[1]} x {luma.shape[0]}"
            raise UnsupportedFormatError(f"frames change their size to {size}", path=self.path)
        pts = frame.pts
        if last is not None:
            if pts is None:
                pts = last.pts + round(1 / (self.rate * self.time_base))
            pts = max(pts, last.pts + 1)  # of two at one time, an encoder takes only one
        matrix = _matrix_of(frame)
        red, blue = _RED_BLUE[matrix]
        coding = Coding(
            component.bits,
            self._is_full_range(frame),
            red,
            blue,
            left=self.stream.codec_context.name not in _CENTRED,
        )
        return LumaFrame(
            luma,
            coding,
            int(pts or 0),
            int(frame.duration or 0),
            _quarter_turns(frame),
            matrix,
            frame,
        )

    def _is_full_range(self, frame: Any) -> bool:
        if frame.color_range in (_FULL, _LIMITED):
            return bool(frame.color_range == _FULL)
        if frame.format.name.startswith("yuvj"):
            return True
        grey = frame.format.name.startswith("gray")
        return grey and self.stream.codec_context.name not in _ALWAYS_LIMITED


def _quarter_turns(frame: Any) -> int:
    """From the display matrix; one that mirrors, or turns by another angle, is as good as none."""
    found = frame.side_data.get("DISPLAYMATRIX")
    if found is None:
        return 0
    a, b, _, c, d = (int(each) >> 16 for each in np.frombuffer(found, "<i4")[:5])
    return {(1, 0, 0, 1): 0, (0, 1, -1, 0): 3, (-1, 0, 0, -1): 2, (0, -1, 1, 0): 1}.get(
        (a, b, c, d), 0
    )


def _matrix_of(frame: Any) -> int:
    """Matrix coefficients: as tagged, else by size, as players guess."""
    if int(frame.colorspace) in _RED_BLUE:
        return int(frame.colorspace)
    return _BT709 if frame.height >= 720 or frame.width >= 1280 else _BT601


def _with_luma_plane(frame: Any) -> Any:
    """The frame, or what it is converted to where luma has no plane of its own to be taken from."""
    form = frame.format
    first, *others = form.components
    packed = first.plane != 0 or any(each.plane == 0 for each in others)
    shifted = form.name.startswith(("p0", "p2", "p4"))  # samples in the upper bits
    plain = 8 <= first.bits <= 16 and not (form.is_big_endian or form.has_palette)
    if first.is_luma and plain and not (packed or shifted):
        return frame
    deep = first.bits > 8
    return frame.reformat(format="yuv420p10le" if deep else "yuv420p", interpolation="AREA")
