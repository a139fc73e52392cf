"""Photographs row by row, for those too large to be held in memory.

A `RowReader` gives the pixels that `colorlab.read` gives, in bands from the top down, and a
`RowWriter` takes such bands. Both work on files, a few bands of memory each::

    with colorlab.open_rows("map.tif") as photo:
        with colorlab.create_rows("map.png", photo.shape, photo.dtype) as out:
            for band in photo:
                out.write(255 - band)
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from colorlab import _core, encoding, image_io
from colorlab.arguments import choice, whole
from colorlab.encoding import Pixels
from colorlab.errors import ColorlabError, DTypeError, InvalidArgumentError, ShapeError
from colorlab.image_io import Limits
from colorlab.metadata import Metadata, Provenance
from colorlab.result import Certificate, Preserve

__all__ = [
    "ChromaWriter",
    "RowReader",
    "RowWriter",
    "create_chroma",
    "create_rows",
    "open_rows",
    "turned",
    "turned_back",
]


class RowReader:
    """A photo's pixels in bands of rows, each read from the file when it is asked for.

    JPEG, PNG and TIFF come row by row. What can only be decoded as a whole (WebP, BMP, interlaced
    PNG, progressive JPEG too large for the limits, some TIFF) is, within the limits of
    `colorlab.read`; `whole_because` then says why.

    The rows lie as the file stores them: `orientation` is not applied, because a photo turned on
    its side cannot come row by row. `turned` turns what was made of them.

    Made by `open_rows`. Iterating starts at the first row each time.
    """

    def __init__(self, core: _core.RowReader, path: str, limits: dict[str, int] | None) -> None:
        self._core = core
        self._path = path
        self._limits = limits

    path = property(lambda self: self._path, doc="The file's name.")

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W) or (H, W, C) of all rows, as stored."""
        core = self._core
        plane = (core.height, core.width)
        return plane if core.channels == 1 else (*plane, core.channels)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the samples: `uint8` or `uint16`."""
        return np.dtype(np.uint16 if self._core.bits == 16 else np.uint8)

    @property
    def format(self) -> str:
        """The file's: "jpeg", "png", "tiff", "webp" or "bmp"."""
        return self._core.format

    @property
    def orientation(self) -> int:
        """EXIF's, 1..8: how the rows are to be turned for display."""
        return self._core.orientation

    @property
    def upright(self) -> tuple[int, int]:
        """Height and width on display, pixels."""
        height, width = self._core.height, self._core.width
        return (width, height) if self.orientation >= 5 else (height, width)

    @property
    def tile(self) -> tuple[int, int]:
        """Height and width of a TIFF's tiles, pixels; (0, 0) where there are none."""
        return self._core.tile

    @property
    def animated(self) -> bool:
        """There are more pages or frames than the first, which is the one that is read."""
        return self._core.animated

    @property
    def whole_because(self) -> str:
        """Empty, or why this file is decoded as a whole."""
        return self._core.whole_because

    @property
    def fits_in_memory(self) -> bool:
        """Whether `colorlab.read` would take the photo under these limits."""
        return self._core.fits_in_memory

    def metadata(self) -> Metadata:
        """As `colorlab.read_metadata`.

        Raises:
            InputError: the file cannot be read any more.
        """
        return encoding.metadata_of(self._core.metadata())

    def __iter__(self) -> Iterator[Pixels]:
        """Bands (h, W) or (h, W, C) of `dtype`, each an array of its own, from the first row on.

        Raises:
            CorruptImageError, TruncatedImageError, InputError: when a damaged row is reached.
            OperationCancelled: after `cancel`.
        """
        self._core.rewind()
        while (band := self._core.next()) is not None:
            yield band

    def reduce_lightness(self, sizes: Sequence[tuple[int, int]]) -> list[npt.NDArray[np.float32]]:
        """The lightness of the photo at several sizes, in one reading of it.

        Args:
            sizes: height and width of each, pixels, as the rows lie.

        Returns:
            For each size L*, 0..100, float32 (height, width), area-averaged.

        Raises:
            ShapeError: a side is less than 1. ImageError, OperationCancelled: as iterating.
        """
        return self._core.reduce_lightness(list(sizes))

    def recolor(
        self,
        out: RowWriter,
        ab: npt.NDArray[np.float32],
        *,
        guide: npt.NDArray[np.float32] | None = None,
        preserve: Preserve = "lightness",
        upsample: Literal["guided", "bilinear"] = "guided",
        threads: int | None = None,
    ) -> Certificate:
        """`colorlab.recolor` from file to file, bit for bit: writes all rows in colour.

        Args:
            out: of this photo's height and width, 3 channels or 4 (alpha is carried over), and its
                dtype, or `uint8`. It still has to be finished.
            ab: a* and b*, float32 (h, w, 2) of any size, lying as the rows do.
            guide: the lightness, float32 (h, w), as `reduce_lightness` gives it; saves a reading.
                One of another size is not used.
            preserve, upsample, threads: as of `colorlab.recolor`.

        Returns:
            The certificate of what was written.

        Raises:
            ShapeError, DTypeError: `out`, `ab` or `guide` is not as described.
            InvalidArgumentError: no such choice, or a* or b* that are not finite.
            OutputError: rows cannot be written.
            ImageError, OperationCancelled: as iterating.
        """
        measured = self._core.recolor(
            out._core, ab, guide, preserve=preserve, upsample=upsample, threads=threads or 0
        )
        return Certificate(preserve=preserve, lossless=False, **measured)

    def add_chroma(
        self,
        out: ChromaWriter,
        ab: npt.NDArray[np.float32],
        *,
        upsample: Literal["guided", "bilinear"] = "guided",
        threads: int | None = None,
    ) -> Certificate:
        """Colour for a grey JPEG that keeps its luma bit for bit; see `copies_luma`.

        Args:
            out: of this photo, made by `create_chroma`. It still has to be finished.
            ab, upsample, threads: as for `recolor`.

        Returns:
            The certificate of what was written.

        Raises:
            As `recolor`.
        """
        measured = self._core.add_chroma(out._core, ab, upsample=upsample, threads=threads or 0)
        return Certificate.of_copied_luma(measured)

    @property
    def copies_luma(self) -> bool:
        """Whether the luma of this file can be kept bit for bit, row by row: grey baseline JPEG."""
        grey = self.format == "jpeg" and len(self.shape) == 2
        return grey and _core.may_copy_luma(self._path, limits=self._limits)

    def cancel(self) -> None:
        """From another thread: what is going on here ends soon, with OperationCancelled."""
        self._core.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass  # the file closes with the object


class _Output:
    """A file that appears, whole, when it is finished.

    As a context manager it finishes by itself; after an exception nothing is left behind.
    """

    def __init__(self, core: Any, path: str) -> None:
        self._core = core
        self._path = path

    path = property(lambda self: self._path, doc="The file to be.")

    def finish(self) -> None:
        """After the last row: the file appears.

        Raises:
            ShapeError: rows are missing. OutputError: the file exists by now (code
                "output_exists") or cannot be written.
            InvalidArgumentError: it is finished or abandoned already.
        """
        self._core.finish()

    def abandon(self) -> None:
        """Leaves nothing behind, unless it is finished."""
        self._core.abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            self.finish()
        else:
            self.abandon()


class RowWriter(_Output):
    """A JPEG, PNG or TIFF that is written band by band and appears, whole, at `finish`.

    As a context manager it finishes by itself; after an exception nothing is left behind. Made by
    `create_rows`.
    """

    def __init__(
        self, core: _core.RowWriter, path: str, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> None:
        super().__init__(core, path)
        self._shape, self._dtype = shape, dtype

    def write(self, rows: npt.NDArray[Any]) -> None:
        """The next rows, as many as come handy.

        Args:
            rows: (h, W) or (h, W, C) of the dtype that the file was begun with.

        Raises:
            ShapeError, DTypeError: they do not fit, or are more than are missing.
            OutputError: they cannot be written.
            InvalidArgumentError: the file is finished or abandoned already.
        """
        rows = np.ascontiguousarray(rows)
        if rows.dtype != self._dtype:
            raise DTypeError(f"rows must be {self._dtype}, not {rows.dtype}", path=self._path)
        if rows.shape[1:] != self._shape[1:]:
            wanted = ", ".join(str(side) for side in ("h", *self._shape[1:]))
            raise ShapeError(f"rows must be ({wanted}), not {rows.shape}", path=self._path)
        self._core.write(rows)


class ChromaWriter(_Output):
    """A colour JPEG that has the compressed luma of a grey one; `RowReader.add_chroma` fills it."""


def open_rows(
    path: str | os.PathLike[str],
    *,
    mode: image_io.Mode = "unchanged",
    on_truncated: Literal["error", "fill"] = "error",
    limits: Limits | None = None,
    colors: Literal["srgb", "stored"] = "srgb",
    band_rows: int | None = None,
) -> RowReader:
    """Opens a photograph to be read row by row; the pixels are those of `colorlab.read`.

    Args:
        path: of the file.
        mode, on_truncated, colors: as of `colorlab.read`.
        limits: replaces some of the defaults, which here are max_pixels 2^30 (1.07 Gpx), max_side
            131,072, max_file_bytes 16 GiB and max_decoded_bytes 512 MiB, of what has to be held at
            a time. What is decoded as a whole has the defaults of `colorlab.read`.
        band_rows: rows at a time, where the file does not hold more together; None chooses.

    Returns:
        The reader; `shape` and `dtype` are those of all rows.

    Raises:
        As `colorlab.read` for what the header tells; damaged pixels raise when they are reached.
    """
    name = encoding.name_of(path)
    plain = image_io.plain_limits(limits)
    core = _core.RowReader(
        name,
        mode=mode,
        on_truncated=on_truncated,
        limits=plain,
        colors=colors,
        band_rows=0 if band_rows is None else whole("band_rows", band_rows, besides=" or None"),
    )
    return RowReader(core, name, plain)


def create_rows(
    path: str | os.PathLike[str],
    shape: tuple[int, ...],
    dtype: npt.DTypeLike = np.uint8,
    *,
    quality: int = 92,
    compression: int = 1,
    overwrite: bool = False,
    metadata: Metadata | None = None,
    provenance: Provenance | None = None,
    profile: Literal["srgb", "none"] = "srgb",
    orientation: int = 1,
    tile: tuple[int, int] = (0, 0),
    permissions: int | None = None,
    mtime_ns: int | None = None,
) -> RowWriter:
    """Begins a photograph that is written row by row, as `colorlab.write` would write it whole.

    Args:
        path: its extension chooses the format: .jpg, .jpeg, .png, .tif or .tiff, in any case.
        shape: (H, W) or (H, W, C) of all rows.
        dtype: `uint8`, or `uint16` for PNG and TIFF.
        quality, compression, overwrite, metadata, provenance, permissions, mtime_ns: as of
            `colorlab.write`.
        profile: "srgb" tags the pixels as sRGB, "none" writes no tag.
        orientation: 1..8, how the rows are to be turned for display; the file's tag says so.
        tile: height and width of a TIFF's tiles, rounded up to multiples of 16; (0, 0) writes
            strips. A TIFF is a BigTIFF where 4 GiB may not be enough.

    Returns:
        The writer, which wants all rows, and then to be finished.

    Raises:
        As `colorlab.write`, before any row is written.
    """
    name = encoding.name_of(path)
    try:
        shape = _checked_shape(shape)
        kind = _checked_dtype(dtype)
        choice("profile", profile, ("srgb", "none"))
        channels = shape[2] if len(shape) == 3 else 1
        icc = _core.srgb_icc(channels) if profile == "srgb" else b""
        core = _core.RowWriter(
            name,
            encoding.known_format(encoding.extension_of(name)),
            shape[0],
            shape[1],
            channels,
            bits=8 * kind.itemsize,
            metadata=encoding.fields_of(metadata, icc, provenance),
            quality=quality,
            compression=compression,
            orientation=orientation,
            tile=tile,
            overwrite=overwrite,
            permissions=permissions,
            modified=mtime_ns,
        )
    except ColorlabError as error:
        raise error.with_path(name) from None
    return RowWriter(core, name, shape, kind)


def create_chroma(
    path: str | os.PathLike[str],
    source: RowReader,
    *,
    quality: int = 92,
    overwrite: bool = False,
    metadata: Metadata | None = None,
    provenance: Provenance | None = None,
) -> ChromaWriter:
    """Begins a colour JPEG with the luma of a grey one: what `colorlab.add_chroma` writes, but the
    photo is never held.

    Args:
        path, quality, overwrite, metadata, provenance: as for `colorlab.add_chroma`.
        source: the photo, whose `copies_luma` is true.

    Returns:
        The writer, to be filled by `source.add_chroma`, and then to be finished.

    Raises:
        UnsupportedFormatError: the photo's compressed luma cannot be copied as it stands (it is no
            grey baseline JPEG in sRGB); another extension than a JPEG's.
        InvalidArgumentError: the quality is out of range.
        OutputError: the file exists (code "output_exists") or cannot be written.
    """
    name = encoding.jpeg_name_of(path)
    core = _core.ChromaWriter(
        source.path,
        name,
        metadata=encoding.fields_of(metadata, _core.srgb_icc(3), provenance),
        quality=quality,
        orientation=source.orientation,
        overwrite=overwrite,
        limits=source._limits,
    )
    return ChromaWriter(core, name)


def turned(plane: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """What lies as stored, (h, w) or (h, w, C), as an EXIF orientation of 1..8 displays it: a
    view, of shape (w, h) or (w, h, C) from 5 on."""
    if orientation in (2, 3, 7, 8):
        plane = plane[:, ::-1]
    if orientation in (3, 4, 6, 7):
        plane = plane[::-1]
    return plane.swapaxes(0, 1) if orientation >= 5 else plane


def turned_back(plane: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """What is displayed by an orientation as it has to be stored: undoes `turned`."""
    return turned(plane, {6: 8, 8: 6}.get(orientation, orientation))


def _checked_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    try:
        sides = tuple(whole("a side", side) for side in shape)
    except (TypeError, InvalidArgumentError):  # no sequence at all, or not of such numbers
        sides = ()
    if len(sides) not in (2, 3):
        raise ShapeError(f"pixels are (H, W) or (H, W, C), not {shape}")
    return sides


def _checked_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = None
    if kind not in (np.uint8, np.uint16):
        raise DTypeError(f"pixels must be uint8 or uint16, not {dtype if kind is None else kind}")
    return kind
