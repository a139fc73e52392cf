"""Reading and writing photographs: JPEG, PNG and WebP in, JPEG and PNG out.

Formats are told by their first bytes, never by the file's name. Pixels are NumPy arrays of shape
(H, W) or (H, W, C), RGB order, `uint8` (0..255) or, from 16-bit PNG, `uint16` (0..65535); EXIF
orientation is already applied. Every error names the file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from colorlab import _core
from colorlab.errors import (
    ColorlabError,
    DTypeError,
    InputError,
    InvalidArgumentError,
    ShapeError,
    UnsupportedFormatError,
)

__all__ = ["ImageInfo", "Limits", "Pixels", "Source", "probe", "read", "write"]


class BinaryFile(Protocol):
    """Anything with a `read` that gives bytes."""

    def read(self) -> bytes: ...


Source: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryFile
Pixels: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
Limits: TypeAlias = Mapping[str, int]

_JPEG_EXTENSIONS = (".jpg", ".jpeg")
_PNG_EXTENSIONS = (".png",)


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What an image's header says; `height` and `width` are those after EXIF orientation."""

    format: Literal["jpeg", "png", "webp"]
    height: int
    width: int
    channels: int  #: 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA; palettes count as what they show
    bits: int  #: per sample of the pixels that `read` gives: 8 or 16
    animated: bool  #: there are more frames than the first, which is the one `read` gives


def read(
    src: Source,
    *,
    mode: Literal["rgb", "grey", "unchanged"] = "rgb",
    on_truncated: Literal["error", "fill"] = "error",
    limits: Limits | None = None,
) -> Pixels:
    """Decode a photograph.

    Args:
        src: a path, the encoded bytes, or a binary file object (read to its end).
        mode: "rgb" gives (H, W, 3) whatever the file holds; alpha is dropped, not blended.
            "grey" gives (H, W): luma (BT.601) of colour files, for a JPEG exactly the one it
            stores. "unchanged" gives the file's channels: (H, W) or (H, W, 2 | 3 | 4).
        on_truncated: what to do with a file that ends early: raise, or return what was decoded
            with the rest zero.
        limits: replaces some of the defaults max_pixels (178,956,970), max_side (131,072),
            max_file_bytes, max_decoded_bytes (2 GiB each), max_jpeg_scans (100) and
            max_metadata_bytes (8 MiB).

    Returns:
        A new `uint8` array, or `uint16` for 16-bit PNG.

    Raises:
        InputError: the file is not there (also a FileNotFoundError) or cannot be read.
        UnsupportedFormatError, CorruptImageError, TruncatedImageError, ImageTooLargeError.
        InvalidArgumentError: an unknown mode or limit.
    """
    data, path = _load(src, limits)
    try:
        return _core.decode(data, mode=mode, on_truncated=on_truncated, limits=_plain(limits))
    except ColorlabError as error:
        raise error.with_path(path) from None


def probe(src: Source, *, limits: Limits | None = None) -> ImageInfo:
    """Read an image's header without decoding its pixels; raises as `read` does."""
    data, path = _load(src, limits)
    try:
        return ImageInfo(**_core.probe(data, limits=_plain(limits)))
    except ColorlabError as error:
        raise error.with_path(path) from None


def write(
    path: str | os.PathLike[str],
    image: npt.NDArray[Any],
    *,
    quality: int = 92,
    compression: int = 4,
    overwrite: bool = False,
) -> None:
    """Encode pixels and write them; the file appears whole or not at all.

    Args:
        path: its extension chooses the format: .jpg, .jpeg or .png, in any case.
        image: `uint8` (H, W) or (H, W, 1 | 3) for JPEG; `uint8` or `uint16` (H, W) or
            (H, W, 1..4) for PNG. Never changed.
        quality: of a JPEG, 1..100; from 90 on chroma keeps its full resolution.
        compression: of a PNG, 0 (none) to 9 (smallest); pixels are the same at any.
        overwrite: replace an existing file.

    Raises:
        UnsupportedFormatError: another extension.
        DTypeError: floats, or `uint16` for a JPEG. ShapeError: no such pixels in that format.
        InvalidArgumentError: quality or compression out of range.
        OutputError: the file exists (code "output_exists") or cannot be written.
    """
    name = os.fsdecode(path)
    try:
        _core.write_file_atomically(
            name, _encode(name, image, quality, compression), overwrite=overwrite
        )
    except ColorlabError as error:
        raise error.with_path(name) from None


def _encode(name: str, image: npt.NDArray[Any], quality: int, compression: int) -> bytes:
    extension = os.path.splitext(name)[1].lower()  # noqa: PTH122 - Path would change the name
    if extension not in _JPEG_EXTENSIONS + _PNG_EXTENSIONS:
        reason = f'cannot write the format of the extension "{extension}"'
        raise UnsupportedFormatError(reason, hint="Use .jpg, .jpeg or .png")
    pixels = np.ascontiguousarray(image) if np.ndim(image) else np.asarray(image)
    if pixels.ndim not in (2, 3):
        raise ShapeError(f"pixels must be (H, W) or (H, W, C), not {pixels.shape}")
    if pixels.dtype.kind == "f":
        hint = "Multiply values of 0..1 by 255, round and convert to uint8"
        raise DTypeError(f"pixels must be integers, not {pixels.dtype}", hint=hint)
    if not pixels.dtype.isnative:
        pixels = pixels.astype(pixels.dtype.newbyteorder("="))
    if extension in _JPEG_EXTENSIONS:
        if pixels.dtype == np.uint16:
            raise DTypeError(
                "a JPEG holds 8 bits per sample, these pixels are uint16",
                hint="Write .png to keep 16 bits, or convert to uint8",
            )
        return _core.encode_jpeg(pixels, quality)
    return _core.encode_png(pixels, compression)


def _load(src: Source, limits: Limits | None) -> tuple[bytes | bytearray | memoryview, str | None]:
    """The encoded bytes, and the name of the file they came from if there is one."""
    if isinstance(src, bytes | bytearray | memoryview):
        return src, None
    if isinstance(src, str | os.PathLike):
        name = os.fsdecode(src)
        if "\0" in name:
            raise InvalidArgumentError(f"a path cannot hold a null character: {name!r}")
        return _core.read_file(name, limits=_plain(limits)), name
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
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
        raise InputError(reason, path=path) from error
    if not isinstance(data, bytes | bytearray | memoryview):
        raise InvalidArgumentError(
            "the file object gives no bytes", path=path, hint='Open the file with mode "rb"'
        )
    return data, path


def _plain(limits: Limits | None) -> dict[str, int] | None:
    return None if limits is None else dict(limits)
