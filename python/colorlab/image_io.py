"""Reading and writing photographs: JPEG, PNG, TIFF, WebP and BMP in; JPEG, PNG, TIFF and WebP out.

Formats are told by their first bytes, never by the file's name. Pixels are NumPy arrays of shape
(H, W) or (H, W, C), RGB order, `uint8` (0..255) or, from files of more than 8 bits, `uint16`
(0..65535). EXIF orientation is already applied and ICC colours are already sRGB. Every error names
the file.

To colorize a photo and keep what its file says::

    pixels, metadata = read("old.tif", with_metadata=True)
    ...
    write("new.tif", colored, metadata=metadata, provenance=Provenance(model="default"))
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from colorlab import _core
from colorlab.arguments import whole
from colorlab.encoding import (
    Pixels,
    encode,
    extension_of,
    fields_of,
    jpeg_name_of,
    metadata_of,
    name_of,
)
from colorlab.errors import ColorlabError, ImageTooLargeError, InputError, InvalidArgumentError
from colorlab.metadata import Metadata, Provenance
from colorlab.resizing import reduced, resized, to_8bit

__all__ = [
    "ImageInfo",
    "Limits",
    "Metadata",
    "Pixels",
    "Provenance",
    "Source",
    "add_chroma",
    "encode",
    "probe",
    "read",
    "read_file",
    "read_metadata",
    "reduced",
    "resized",
    "to_8bit",
    "write",
]


class BinaryFile(Protocol):
    """Anything with a `read` that gives bytes."""

    def read(self) -> bytes: ...


Source: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryFile
Limits: TypeAlias = Mapping[str, int]
Mode: TypeAlias = Literal["rgb", "grey", "unchanged"]


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What an image's header says; `height` and `width` are those after EXIF orientation."""

    format: Literal["jpeg", "png", "webp", "tiff", "bmp"]
    height: int
    width: int
    channels: int  #: 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA; palettes, inks count as what they show
    bits: int  #: per sample of the pixels that `read` gives: 8 or 16
    animated: bool  #: there are more frames or pages than the first, which is the one `read` gives


@overload
def read(
    src: Source,
    *,
    mode: Mode = ...,
    on_truncated: Literal["error", "fill"] = ...,
    limits: Limits | None = ...,
    colors: Literal["srgb", "stored"] = ...,
    reduce: int = ...,
    with_metadata: Literal[False] = ...,
) -> Pixels: ...


@overload
def read(
    src: Source,
    *,
    mode: Mode = ...,
    on_truncated: Literal["error", "fill"] = ...,
    limits: Limits | None = ...,
    colors: Literal["srgb", "stored"] = ...,
    reduce: int = ...,
    with_metadata: Literal[True],
) -> tuple[Pixels, Metadata]: ...


def read(
    src: Source,
    *,
    mode: Mode = "rgb",
    on_truncated: Literal["error", "fill"] = "error",
    limits: Limits | None = None,
    colors: Literal["srgb", "stored"] = "srgb",
    reduce: int = 1,
    with_metadata: bool = False,
) -> Pixels | tuple[Pixels, Metadata]:
    """Decode a photograph.

    Args:
        src: a path, the encoded bytes, or a binary file object (read to its end).
        mode: "rgb" gives (H, W, 3) whatever the file holds; alpha is dropped, not blended.
            "grey" gives (H, W): luma (BT.601) of colour files, for a JPEG exactly the one it
            stores. "unchanged" gives the file's channels: (H, W) or (H, W, 2 | 3 | 4), alpha last
            and not multiplied in.
        on_truncated: what to do with a file that ends early: raise, or return what was decoded
            with the rest zero.
        limits: replaces some of the defaults max_pixels (178,956,970), max_side (131,072 pixels),
            max_file_bytes, max_decoded_bytes (2 GiB each), max_jpeg_scans (100) and
            max_metadata_bytes (8 MiB).
        colors: "srgb" converts through the file's ICC profile (LittleCMS, relative colorimetric);
            a file without a usable one is taken as sRGB. "stored" leaves the samples as they are.
        reduce: 1, 2, 4 or 8: a JPEG comes so many times smaller (sides rounded up), for much less
            work than shrinking it afterwards; other formats keep their size.
        with_metadata: return (pixels, `Metadata`) instead of pixels.

    Returns:
        A new `uint8` array, or `uint16` for PNG and TIFF of more than 8 bits; (H, W) or (H, W, C)
        as `mode` says, upright, C-contiguous.

    Raises:
        InputError: the file is not there (also a FileNotFoundError) or cannot be read.
        UnsupportedFormatError: no photo of a format above. CorruptImageError: a damaged one.
        TruncatedImageError: one that ends early. ImageTooLargeError: one over a limit.
        InvalidArgumentError: an unknown mode, on_truncated, limit, colors or reduce, or `src` is
            nothing to read from.
    """
    if reduce not in (1, 2, 4, 8):
        raise InvalidArgumentError(f"reduce must be 1, 2, 4 or 8, not {reduce!r}")
    data, path = _load(src, limits)
    plain = plain_limits(limits)
    try:
        pixels: Pixels = _core.decode(
            data,
            mode=mode,
            on_truncated=on_truncated,
            limits=plain,
            colors=colors,
            reduce=reduce,
        )
        if not with_metadata:
            return pixels
        return pixels, metadata_of(_core.read_metadata(data, limits=plain))
    except ImageTooLargeError as error:
        raise ImageTooLargeError(
            error.reason, code=error.code, path=error.path or path, hint=_instead(error.hint, path)
        ) from None
    except ColorlabError as error:
        raise error.with_path(path) from None


def _instead(hint: str | None, path: str | None) -> str | None:
    """What to do with a photo that is too large to be held."""
    if path is None or hint is None:
        return hint
    rows = "colorlab colorize and colorlab.bulk colour such a file row by row"
    return f"{hint}; {rows}, colorlab.open_rows reads it so"


def read_file(path: str | os.PathLike[str], *, limits: Limits | None = None) -> bytes:
    """A whole file's bytes, for those who read it more than once.

    Raises:
        InputError, ImageTooLargeError, InvalidArgumentError: as `read`.
    """
    return bytes(_load(path, limits)[0])


def read_metadata(src: Source, *, limits: Limits | None = None) -> Metadata:
    """EXIF, XMP, IPTC, ICC, comment and resolution of a file, without decoding its pixels.

    A damaged block is left out, and so is one over max_metadata_bytes, packed or unpacked.

    Args:
        src, limits: as for `read`.

    Raises:
        InputError, ImageError, InvalidArgumentError: as `read`.
    """
    data, path = _load(src, limits)
    try:
        return metadata_of(_core.read_metadata(data, limits=plain_limits(limits)))
    except ColorlabError as error:
        raise error.with_path(path) from None


def probe(src: Source, *, limits: Limits | None = None) -> ImageInfo:
    """Read an image's header without decoding its pixels.

    A file is not read any further, so its size does not matter, and it may be one of up to 2^30
    pixels, which `colorlab.open_rows` would read.

    Args:
        src, limits: as for `read`.

    Raises:
        InputError, ImageError, InvalidArgumentError: as `read`.
    """
    if isinstance(src, str | os.PathLike) and Path(src).is_file():
        header = _core.RowReader(os.fsdecode(src), limits=plain_limits(limits))
        sides = (header.height, header.width)
        height, width = sides[::-1] if header.orientation >= 5 else sides
        return ImageInfo(
            header.format, height, width, header.channels, header.bits, header.animated
        )
    data, path = _load(src, limits)
    try:
        return ImageInfo(**_core.probe(data, limits=plain_limits(limits)))
    except ColorlabError as error:
        raise error.with_path(path) from None


def write(
    path: str | os.PathLike[str],
    image: npt.NDArray[Any],
    *,
    quality: int = 92,
    compression: int = 1,
    lossless: bool = False,
    overwrite: bool = False,
    metadata: Metadata | None = None,
    provenance: Provenance | None = None,
    profile: Literal["srgb", "source", "none"] = "srgb",
    permissions: int | None = None,
    mtime_ns: int | None = None,
) -> None:
    """Encode sRGB pixels and write them; the file appears whole or not at all.

    Args:
        path: its extension chooses the format: .jpg, .jpeg, .png, .tif, .tiff or .webp, in any
            case.
        image: `uint8` (H, W) or (H, W, 1 | 3) for JPEG; (H, W, 3 | 4) for WebP; `uint8` or
            `uint16` (H, W) or (H, W, 1..4) for PNG and TIFF. Never changed.
        quality: of a JPEG or WebP, 1..100; from 90 on a JPEG's chroma keeps its full resolution.
        compression: of a PNG or TIFF (deflate), 0 (none) to 9 (smallest); pixels are the same. Of a
            photograph 9 saves a few percent over 1, and takes many times as long.
        lossless: a WebP that keeps every sample; `quality` is then not used.
        overwrite: replace an existing file.
        metadata: what to carry over from the photo's first file. JPEG cannot hold EXIF or XMP of
            more than 64 KiB: such a block is left out. WebP holds no IPTC and no comment.
        provenance: the note that the colour is machine-made; None writes none.
        profile: "srgb" tags the pixels as sRGB. "source" converts colours to the RGB profile of
            `metadata` and embeds that; where there is none it is "srgb". "none" writes no tag.
        permissions: of the new file, as 0o640; else those of the file it replaces, or the usual.
        mtime_ns: when it is to be dated, nanoseconds since 1970, as `os.stat` gives; else now.

    Raises:
        UnsupportedFormatError: another extension.
        DTypeError: no array, one of floats, or `uint16` for JPEG and WebP.
        ShapeError: no such pixels in that format.
        ImageTooLargeError: sides that the format cannot hold.
        InvalidArgumentError: a setting out of range, or a source profile that cannot be used.
        OutputError: the file exists (code "output_exists") or cannot be written.
    """
    name = name_of(path)
    try:
        data = encode(
            image,
            extension_of(name),
            quality=quality,
            compression=compression,
            lossless=lossless,
            metadata=metadata,
            provenance=provenance,
            profile=profile,
        )
        _core.write_file_atomically(
            name, data, overwrite=overwrite, permissions=permissions, modified=mtime_ns
        )
    except ColorlabError as error:
        raise error.with_path(name) from None


def add_chroma(
    path: str | os.PathLike[str],
    src: Source,
    cbcr: npt.NDArray[np.uint8],
    *,
    quality: int = 92,
    overwrite: bool = False,
    metadata: Metadata | None = None,
    provenance: Provenance | None = None,
    limits: Limits | None = None,
    decoded: bool = False,
    permissions: int | None = None,
    mtime_ns: int | None = None,
) -> None:
    """Write a colour JPEG whose luma is that of a JPEG, bit for bit: only chroma is added.

    The quantised luma coefficients are copied, never decoded, so every viewer shows the same luma.

    Args:
        path: the file to write, .jpg or .jpeg.
        src: the JPEG to colour: grey, or YCbCr, whose own chroma is then replaced.
        cbcr: JFIF's Cb and Cr (128 is none), `uint8` (H, W, 2) of the upright photo for 4:4:4, or
            (ceil(H/2), ceil(W/2), 2) for 4:2:0.
        quality: of the chroma, 1..100.
        overwrite, metadata, provenance, permissions, mtime_ns: as in `write`. The pixels keep the
            orientation that they have in `src`, and the tag says so.
        decoded: `src` is known to be whole, because it was read before; it is not checked again.

    Raises:
        UnsupportedFormatError: no JPEG, or one whose luma is not sRGB's (by its ICC profile) or not
            stored at full resolution; another extension.
        DTypeError, ShapeError: cbcr is no such array.
        InvalidArgumentError: the quality is out of range.
        TruncatedImageError, CorruptImageError, ImageTooLargeError, InputError: as `read`.
        OutputError: as `write`.
    """
    name = jpeg_name_of(path)
    quality = whole("quality", quality, most=100)
    data, source_path = _load(src, limits)
    try:
        fields = fields_of(metadata, _core.srgb_icc(3), provenance)
        encoded = _core.add_chroma_to_jpeg(
            data,
            np.ascontiguousarray(cbcr),
            quality,
            fields,
            limits=plain_limits(limits),
            decoded=decoded,
        )
    except ColorlabError as error:
        raise error.with_path(source_path or name) from None
    _core.write_file_atomically(
        name, encoded, overwrite=overwrite, permissions=permissions, modified=mtime_ns
    )


def _load(src: Source, limits: Limits | None) -> tuple[bytes | bytearray | memoryview, str | None]:
    """The encoded bytes, and the name of the file they came from if there is one."""
    if isinstance(src, bytes | bytearray | memoryview):
        return src, None
    if isinstance(src, str | os.PathLike):
        name = name_of(src)
        return _core.read_file(name, limits=plain_limits(limits)), name
    reader = getattr(src, "read", None)
    if reader is None:
        raise InvalidArgumentError(
            f"cannot read an image from {type(src).__name__}",
            hint="Give a path, bytes or a binary file object",
        )
    label = getattr(src, "name", None)
    path = label if isinstance(label, str) else None
    try:
        data = reader()
    except UnicodeDecodeError:  # of a file opened as text
        data = ""
    except (OSError, ValueError) as error:  # a closed file is a ValueError
        reason = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        raise InputError(reason, path=path) from error
    if not isinstance(data, bytes | bytearray | memoryview):
        raise InvalidArgumentError(
            "the file object gives no bytes", path=path, hint='Open the file with mode "rb"'
        )
    return data, path


def plain_limits(limits: Limits | None) -> dict[str, int] | None:
    """Limits as the native core takes them.

    Raises:
        InvalidArgumentError: they are no mapping; what is in it the core checks.
    """
    if limits is not None and not isinstance(limits, Mapping):
        raise InvalidArgumentError(
            f"limits are a mapping, not {limits!r}", hint='As limits={"max_pixels": 1000000}'
        )
    return None if limits is None else dict(limits)
