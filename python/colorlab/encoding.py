"""Pixels and metadata as the bytes of a file: which format, and what fits into it."""

from __future__ import annotations

import os
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from colorlab import _core
from colorlab.arguments import choice, whole
from colorlab.errors import DTypeError, InvalidArgumentError, ShapeError, UnsupportedFormatError
from colorlab.metadata import Metadata, Provenance

__all__ = [
    "Pixels",
    "encode",
    "extension_of",
    "fields_of",
    "jpeg_name_of",
    "known_format",
    "metadata_of",
    "name_of",
]

Pixels: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]

_FORMATS = {
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".png": "png",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".webp": "webp",
}
_SIXTEEN_BITS = ("png", "tiff")


def encode(
    image: npt.NDArray[Any],
    format: str,
    *,
    quality: int = 92,
    compression: int = 1,
    lossless: bool = False,
    metadata: Metadata | None = None,
    provenance: Provenance | None = None,
    profile: Literal["srgb", "source", "none"] = "srgb",
) -> bytes:
    """Encode sRGB pixels in memory: what `write` would have put into a file.

    Args:
        format: an extension that `write` knows, with or without its dot: "png", ".jpg".
        image, quality, compression, lossless, metadata, provenance, profile: as for `write`.

    Raises:
        UnsupportedFormatError, DTypeError, ShapeError, ImageTooLargeError, InvalidArgumentError:
            as `write`.
    """
    known = known_format(format)
    pixels = _checked(image, known)
    pixels, icc = _in_profile(pixels, metadata, profile)
    fields = fields_of(metadata, icc, provenance)
    if known in ("png", "tiff"):
        encoder = _core.encode_png if known == "png" else _core.encode_tiff
        return encoder(pixels, whole("compression", compression, least=0, most=9), fields)
    quality = whole("quality", quality, most=100)
    if known == "webp":
        return _core.encode_webp(pixels, quality, lossless, fields)
    return _core.encode_jpeg(pixels, quality, fields)


def name_of(path: str | os.PathLike[str]) -> str:
    """A path as text; raises InvalidArgumentError for one that no file can have."""
    name = os.fsdecode(path)
    if "\0" in name:
        raise InvalidArgumentError(f"a path cannot hold a null character: {name!r}")
    return name


def jpeg_name_of(path: str | os.PathLike[str]) -> str:
    """As `name_of`, of a file that keeps luma bit for bit; raises UnsupportedFormatError when its
    extension is none of a JPEG."""
    name = name_of(path)
    if _FORMATS.get(extension_of(name).lower()) != "jpeg":
        raise UnsupportedFormatError(
            "bit-exact luma is kept in JPEG only", path=name, hint="Use .jpg or .jpeg"
        )
    return name


def extension_of(name: str) -> str:
    """Of a file's name, with its dot; empty where there is none."""
    return os.path.splitext(name)[1]  # noqa: PTH122 - Path would change the name


def known_format(extension: str) -> str:
    """The format of an extension in any case, with or without its dot; raises
    UnsupportedFormatError for one that is not written."""
    extension = "." + extension.lower().removeprefix(".")
    if extension not in _FORMATS:
        reason = f'cannot write the format of the extension "{extension}"'
        if extension == ".":
            reason = "there is no extension, which chooses the format to write"
        raise UnsupportedFormatError(reason, hint="Use .jpg, .jpeg, .png, .tif, .tiff or .webp")
    return _FORMATS[extension]


def _checked(image: npt.NDArray[Any], format: str) -> Pixels:
    if not hasattr(image, "__array__"):
        raise DTypeError(f"pixels must be a NumPy array, not {type(image).__name__}")
    pixels = np.ascontiguousarray(image) if np.ndim(image) else np.asarray(image)
    if pixels.ndim not in (2, 3):
        raise ShapeError(f"pixels must be (H, W) or (H, W, C), not {pixels.shape}")
    if pixels.dtype.kind == "f":
        hint = "Multiply values of 0..1 by 255, round and convert to uint8"
        raise DTypeError(f"pixels must be integers, not {pixels.dtype}", hint=hint)
    if not pixels.dtype.isnative:
        pixels = pixels.astype(pixels.dtype.newbyteorder("="))
    if pixels.dtype == np.uint16 and format not in _SIXTEEN_BITS:
        raise DTypeError(
            f"{'a JPEG' if format == 'jpeg' else 'a WebP'} holds 8 bits per sample, these pixels "
            "are uint16",
            hint="Write .png or .tif to keep 16 bits, or convert to uint8",
        )
    if pixels.dtype not in (np.uint8, np.uint16):
        raise DTypeError(f"pixels must be uint8 or uint16, not {pixels.dtype}")
    return pixels


def _in_profile(pixels: Pixels, metadata: Metadata | None, profile: str) -> tuple[Pixels, bytes]:
    """sRGB pixels in the colours of the profile asked for, and that profile; empty for none."""
    choice("profile", profile, ("srgb", "source", "none"))
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if profile == "source" and metadata is not None and metadata.icc and channels >= 3:
        return _core.srgb_to_icc(pixels, metadata.icc), metadata.icc
    return pixels, b"" if profile == "none" else _core.srgb_icc(channels)


def fields_of(
    metadata: Metadata | None, icc: bytes, provenance: Provenance | None
) -> dict[str, Any]:
    """Metadata and the note as the native core takes them, with the profile of the pixels."""
    metadata = metadata or Metadata()
    dpi_x, dpi_y = metadata.dpi or (0.0, 0.0)
    fields = {
        "exif": metadata.exif,
        "xmp": metadata.xmp,
        "iptc": metadata.iptc,
        "icc": icc,
        "comment": metadata.comment,
        "dpi_x": dpi_x,
        "dpi_y": dpi_y,
        "orientation": 1,
    }
    if provenance is None:
        return fields
    return _core.with_provenance(fields, provenance.software, provenance.model, provenance.version)


def metadata_of(fields: dict[str, Any]) -> Metadata:
    """Metadata of what the native core gives."""
    dpi_x, dpi_y = fields.pop("dpi_x"), fields.pop("dpi_y")
    return Metadata(**fields, dpi=(dpi_x, dpi_y) if dpi_x > 0 and dpi_y > 0 else None)
