"""A photo's own lightness joined with colour of a lower resolution, and what is ready for that."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from colorlab import _core
from colorlab.arguments import choice
from colorlab.errors import InvalidArgumentError
from colorlab.inputs import to_pixels
from colorlab.result import Certificate, ColorizedImage, Preserve
from colorlab.rows import RowReader

__all__ = ["Prepared", "PreparedRows", "Upsample", "check_finish", "memory_of", "recolor"]

Upsample = Literal["guided", "bilinear"]

_MAX_SATURATION = 10.0


class Ready(Protocol):
    """A photo ready for the network, however its pixels are held."""

    @property
    def tensor(self) -> npt.NDArray[np.float32]:
        """(1, 1, h, w) = L*/50 - 1 at the render size, upright."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A photo ready for the network."""

    pixels: npt.NDArray[Any]  #: as given: (H, W) or (H, W, 3)
    tensor: npt.NDArray[np.float32]  #: (1, 1, h, w) = L*/50 - 1 at the render size


@dataclass(frozen=True, slots=True)
class PreparedRows:
    """A photo that is read row by row, ready for the network."""

    rows: RowReader
    tensor: npt.NDArray[np.float32]  #: (1, 1, h, w) = L*/50 - 1 at the render size, upright
    guides: tuple[npt.NDArray[np.float32], ...]  #: L* as stored, at sizes that colour may have


def memory_of(photo: npt.NDArray[Any] | RowReader) -> int:
    """Bytes that a photo, (H, W) or (H, W, C), needs when it is held: in and out, and as much again
    for full-size colour and the encoder's buffer."""
    channels = photo.shape[2] if len(photo.shape) == 3 else 1
    return photo.shape[0] * photo.shape[1] * photo.dtype.itemsize * (channels + 3) * 2


def recolor(
    image: npt.NDArray[Any],
    ab: npt.NDArray[np.float32],
    *,
    preserve: Preserve = "lightness",
    upsample: Upsample = "guided",
    out: npt.NDArray[Any] | None = None,
    threads: int | None = None,
) -> ColorizedImage:
    """Joins a photo's own lightness with colour of a lower resolution.

    Args:
        image: (H, W), (H, W, 1) or (H, W, 3), uint8, uint16, or float32 in 0..1. Never changed.
        ab: a* and b*, float32 (h, w, 2), of any size; it is stretched over the photo.
        preserve: "lightness" keeps L* (within 0.5, mean <= 0.1 in 8 bits), "luma" keeps
            Y' of BT.601. What does not fit into sRGB loses chroma, never lightness.
        upsample: "guided" follows the edges of the photo (He & Sun, Fast Guided Filter, 2015);
            "bilinear" does not.
        out: where the result goes: (H, W, 3), C-contiguous, of the photo's dtype.
        threads: at most so many; None chooses. The result does not depend on it.

    Returns:
        RGB (H, W, 3) of the photo's dtype, with its `certificate`.

    Raises:
        ShapeError, DTypeError: an array is not as described.
        InvalidArgumentError: no such choice; a* or b* that are not finite; `out` is read-only or
            overlaps the photo.
    """
    pixels = to_pixels(image)
    rgb, measured = _core.recolor(
        pixels, ab, preserve=preserve, upsample=upsample, out=out, threads=threads or 0
    )
    return ColorizedImage.of(rgb, Certificate(preserve=preserve, lossless=False, **measured))


def check_finish(saturation: object, preserve: object) -> None:
    """Checks arguments of `Colorizer.finish`.

    Raises:
        InvalidArgumentError: saturation is not 0..10, or there is no such promise to keep.
    """
    if (
        not isinstance(saturation, int | float | np.number)
        or not math.isfinite(saturation)
        or not 0 <= saturation <= _MAX_SATURATION
    ):
        raise InvalidArgumentError(f"saturation must be 0..{_MAX_SATURATION:g}, not {saturation!r}")
    choice("preserve", preserve, ("lightness", "luma"))
