"""OpenCV keeps BGR, the rest of colorlab RGB: the one place where the two meet."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

import colorlab
from colorlab.errors import ShapeError

__all__ = ["colorize_bgr", "swap_red_and_blue"]


def colorize_bgr(
    image: npt.NDArray[Any], *, colorizer: colorlab.Colorizer | None = None, **options: Any
) -> npt.NDArray[Any]:
    """Colours a picture as `cv2.imread` gives it.

    Args:
        image: grey (H, W), BGR (H, W, 3) or BGRA (H, W, 4), uint8, uint16, or float32 in 0..1.
        colorizer: what to colour with; None loads the default generator for this one picture.
        options: of `Colorizer.colorize`: saturation, preserve, size.

    Returns:
        BGR, or BGRA with the same alpha; an array of its own, as `cv2.imwrite` wants it.

    Raises:
        ShapeError, DTypeError, ...: as `Colorizer.colorize`.
    """
    if not isinstance(image, np.ndarray) or image.ndim not in (2, 3):
        hint = "cv2.imread gives None where it cannot read" if image is None else None
        raise ShapeError("a picture of OpenCV is an array (H, W) or (H, W, 1..4)", hint=hint)
    alpha = image[..., 3:] if image.ndim == 3 and image.shape[2] == 4 else None
    pixels = swap_red_and_blue(image if alpha is None else image[..., :3])
    if colorizer is None:
        with colorlab.Colorizer() as own:
            rgb = own.colorize(pixels, **options)
    else:
        rgb = colorizer.colorize(pixels, **options)
    bgr = swap_red_and_blue(np.asarray(rgb))
    return bgr if alpha is None else np.concatenate([bgr, alpha], axis=2)


def swap_red_and_blue(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """BGR as RGB and RGB as BGR, (H, W, 3), in an array of its own; grey as it is."""
    if image.ndim == 3 and image.shape[2] == 3:
        return np.ascontiguousarray(image[..., ::-1])
    return image
