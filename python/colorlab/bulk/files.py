"""A photo's file in, a coloured file out: what is not pixels goes along."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from colorlab import image_io
from colorlab.errors import OutputError
from colorlab.metadata import Metadata, Provenance

__all__ = ["PhotoFile", "read_photo", "write_photo"]

_EIGHT_BITS = (".jpg", ".jpeg", ".webp")
_WITHOUT_ALPHA = (".jpg", ".jpeg")


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """What a file held."""

    pixels: npt.NDArray[Any]  #: (H, W) or (H, W, 3), sRGB, upright
    alpha: npt.NDArray[Any] | None  #: (H, W), of the pixels' dtype
    metadata: Metadata


def read_photo(path: str, *, limits: image_io.Limits | None = None) -> PhotoFile:
    """Decodes a file; raises as `colorlab.read`."""
    pixels, metadata = image_io.read(path, mode="unchanged", limits=limits, with_metadata=True)
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
    if source.alpha is not None and extension not in _WITHOUT_ALPHA:
        rgb = np.dstack([rgb, source.alpha])
    if rgb.dtype == np.uint16 and extension in _EIGHT_BITS:
        rgb = image_io.to_8bit(rgb)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = f"the folder cannot be made: {error.strerror or error}"
        raise OutputError(reason, path=str(target.parent)) from error
    image_io.write(
        target,
        np.asarray(rgb),
        quality=quality,
        overwrite=overwrite,
        metadata=source.metadata,
        provenance=provenance,
    )
