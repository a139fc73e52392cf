"""What a colorizer gives: colour pixels, with what was promised about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

__all__ = ["Certificate", "ColorizedImage", "Preserve"]

Preserve = Literal["lightness", "luma"]


@dataclass(frozen=True, slots=True)
class Certificate:
    """How far the lightness of the result is from that of the photo, measured on its pixels."""

    preserve: Preserve  #: which promise was kept
    max_delta_l: float  #: largest |L* out - L* in| (L* is 0..100)
    mean_delta_l: float  #: mean of the same
    max_delta_luma: float  #: largest |Y' out - Y' in|, BT.601 luma in 8-bit steps
    mean_delta_luma: float  #: mean of the same
    reduced_chroma: float  #: share of pixels, 0..1, whose chroma was reduced to fit into sRGB
    #: a JPEG's luma was copied bit for bit; then L* was measured at the size of its chroma
    lossless: bool = False

    @classmethod
    def of_copied_luma(cls, measured: Mapping[str, float]) -> Self:
        """Of a JPEG that has its luma from another: what was measured of it, without the error of
        encoding luma again, which did not happen."""
        kept: dict[str, Any] = {**measured, "max_delta_luma": 0.0, "mean_delta_luma": 0.0}
        return cls(preserve="luma", lossless=True, **kept)

    def as_dict(self) -> dict[str, Any]:
        """The certificate as JSON can hold it."""
        return asdict(self)


class ColorizedImage(np.ndarray[Any, np.dtype[Any]]):
    """RGB pixels (H, W, 3), an array like any other, with the certificate of what they keep.

    What is computed or sliced from it is other pixels, so there `certificate` is None.
    """

    certificate: Certificate | None

    @classmethod
    def of(cls, rgb: npt.NDArray[Any], certificate: Certificate) -> Self:
        """These pixels (not a copy), with their certificate."""
        image = rgb.view(cls)
        image.certificate = certificate
        return image

    def __array_finalize__(self, source: Any) -> None:
        self.certificate = None

    def __reduce__(self) -> tuple[Any, ...]:
        pixels: Any = super().__reduce__()  # rebuild, arguments, state
        return pixels[0], pixels[1], (pixels[2], self.certificate)

    def __setstate__(self, state: Any) -> None:
        pixels, self.certificate = state
        super().__setstate__(pixels)
