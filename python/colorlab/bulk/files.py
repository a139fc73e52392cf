"""A photo's file in, a coloured file out: what is not pixels goes along."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from colorlab import image_io
from colorlab.errors import ColorlabError
from colorlab.metadata import Metadata, Provenance
from colorlab.outputs import make_folder

__all__ = ["PhotoFile", "keeps_luma", "read_photo", "write_chroma", "write_photo"]

EIGHT_BITS = (".jpg", ".jpeg", ".webp")
JPEG = (".jpg", ".jpeg")


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """What a file held."""

    pixels: npt.NDArray[Any]  #: (H, W) or (H, W, 3), sRGB, upright
    alpha: npt.NDArray[Any] | None  #: (H, W), of the pixels' dtype
    metadata: Metadata
    grey_jpeg: bytes | None = None  #: the file itself, if its luma may be kept bit for bit


def read_photo(
    path: str, *, limits: image_io.Limits | None = None, data: bytes | None = None
) -> PhotoFile:
    """Decodes a file, or its content where that is known; raises as `colorlab.read`."""
    if data is None:
        data = image_io.read_file(path, limits=limits)
    try:
        pixels, metadata = image_io.read(data, mode="unchanged", limits=limits, with_metadata=True)
        if pixels.ndim == 2 and image_io.probe(data, limits=limits).format == "jpeg":
            return PhotoFile(pixels, None, metadata, data)
    except ColorlabError as error:
        raise error.with_path(path) from None
    if pixels.ndim == 3 and pixels.shape[2] in (2, 4):
        color = pixels[..., 0] if pixels.shape[2] == 2 else pixels[..., :3]
        return PhotoFile(np.ascontiguousarray(color), pixels[..., -1], metadata)
    return PhotoFile(pixels, None, metadata)


def write_photo(
    path: str,
    rgb: npt.NDArray[Any],
    source: PhotoFile,
    *,
    quality: int,
    overwrite: bool,
    provenance: Provenance | None,
) -> None:
    """Encodes colours for a photo, with its alpha where the format has one and its metadata.

    Makes the folder that is missing. Formats of 8 bits get 16-bit pixels rounded.

    Raises:
        OutputError: the file exists, or it or its folder cannot be made.
    """
    target = Path(path)
    extension = target.suffix.lower()
    make_folder(target.parent)
    if source.alpha is not None and extension not in JPEG:
        rgb = np.dstack([rgb, source.alpha])
    if rgb.dtype == np.uint16 and extension in EIGHT_BITS:
        rgb = image_io.to_8bit(rgb)
    image_io.write(
        target,
        np.asarray(rgb),
        quality=quality,
        overwrite=overwrite,
        metadata=source.metadata,
        provenance=provenance,
    )


def keeps_luma(path: str, source: PhotoFile) -> bool:
    """Whether a photo's luma can go into this file bit for bit: from grey JPEG to JPEG."""
    return source.grey_jpeg is not None and Path(path).suffix.lower() in JPEG


def write_chroma(
    path: str,
    cbcr: npt.NDArray[np.uint8],
    source: PhotoFile,
    *,
    limits: image_io.Limits | None,
    quality: int,
    overwrite: bool,
    provenance: Provenance | None,
) -> None:
    """Adds chroma to a grey JPEG, otherwise as `write_photo`.

    Raises:
        UnsupportedFormatError: its profile says that its luma is not sRGB's.
        OutputError: as `write_photo`.
    """
    assert source.grey_jpeg is not None
    target = Path(path)
    make_folder(target.parent)
    image_io.add_chroma(
        target,
        source.grey_jpeg,
        cbcr,
        quality=quality,
        overwrite=overwrite,
        metadata=source.metadata,
        provenance=provenance,
        limits=limits,
        decoded=True,
    )
