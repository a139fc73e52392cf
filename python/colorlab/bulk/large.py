"""Photos too large to be held: which they are, and how their files come into being row by row."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from colorlab import rows
from colorlab.bulk.files import EIGHT_BITS, JPEG
from colorlab.colorizer import Colorizer, PreparedRows
from colorlab.errors import ImageTooLargeError, UnsupportedFormatError
from colorlab.metadata import Provenance
from colorlab.outputs import make_folder
from colorlab.recoloring import memory_of
from colorlab.result import Certificate, Preserve

__all__ = ["MEMORY", "is_large", "write_rows"]

MEMORY = 256 << 20  #: bytes that such a photo takes whatever its size: bands, a row of tiles
_SMALLEST = 1 << 24  # pixels; below, a photo is held however little memory is allowed


def is_large(photo: rows.RowReader, output: str, *, preserve: Preserve, max_memory: int) -> bool:
    """Whether a photo is to be coloured row by row: it may not be held, or needs more memory than
    there should be.

    Raises:
        ImageTooLargeError: it may not be held, and its output cannot be written row by row.
    """
    extension = Path(output).suffix.lower()
    if not photo.fits_in_memory:
        if extension == ".webp":
            raise ImageTooLargeError(
                "the photo is too large to be held in memory, as a WebP has to be",
                path=output,
                hint="Write JPEG, PNG or TIFF instead: --format tif",
            )
        return True
    pixels = photo.shape[0] * photo.shape[1]
    return (
        pixels >= _SMALLEST
        and memory_of(photo) > max_memory
        and not photo.whole_because
        and not (_keeps_luma(photo, output, preserve) and not photo.copies_luma)
        and extension != ".webp"
    )


def _keeps_luma(photo: rows.RowReader, output: str, preserve: Preserve) -> bool:
    """Whether luma should stay bit for bit: from grey JPEG to JPEG."""
    is_grey_jpeg = photo.format == "jpeg" and len(photo.shape) == 2
    return preserve == "luma" and is_grey_jpeg and Path(output).suffix.lower() in JPEG


def write_rows(
    path: str,
    photo: PreparedRows,
    ab: npt.NDArray[np.float32],
    colorizer: Colorizer,
    *,
    saturation: float,
    preserve: Preserve,
    threads: int,
    quality: int,
    overwrite: bool,
    provenance: Provenance | None,
) -> Certificate:
    """The photo in colour, as `bulk.files.write_photo` would write it: with its alpha where the
    format has one, its metadata, its tiles, and its orientation as a tag.

    Raises:
        OutputError, ImageError.
    """
    target = Path(path)
    extension = target.suffix.lower()
    make_folder(target.parent)
    source = photo.rows
    about = source.metadata()
    out: rows.RowWriter | rows.ChromaWriter
    if _keeps_luma(source, path, preserve):
        # The luma of other JPEGs is encoded anew below, and the certificate says so.
        with contextlib.suppress(UnsupportedFormatError):
            out = rows.create_chroma(
                target,
                source,
                quality=quality,
                overwrite=overwrite,
                metadata=about,
                provenance=provenance,
            )
            with out:
                return colorizer.finish_rows(photo, ab, out, saturation=saturation, threads=threads)
    has_alpha = len(source.shape) == 3 and source.shape[2] in (2, 4) and extension not in JPEG
    out = rows.create_rows(
        target,
        (*source.shape[:2], 4 if has_alpha else 3),
        np.uint8 if extension in EIGHT_BITS else source.dtype,
        quality=quality,
        overwrite=overwrite,
        metadata=about,
        provenance=provenance,
        orientation=source.orientation,
        tile=source.tile,
    )
    with out:
        return colorizer.finish_rows(
            photo, ab, out, saturation=saturation, preserve=preserve, threads=threads
        )
