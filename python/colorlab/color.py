"""sRGB and CIE L*a*b*: exact, native, any layout.

sRGB is IEC 61966-2-1 under D65, L*a*b* CIE 15:2018 (CIE 1976) with its exact fractions. RGB arrays
have shape (..., 3) in RGB order and hold `uint8` (0..255), `uint16` (0..65535) or `float32`
(0..1; NaN reads as 0, values outside are clamped). Lab arrays are `float32`: L* 0..100, a* and b*
signed. Planes are as good as interleaved pixels: pass `np.moveaxis(planes, 0, -1)` for (3, H, W),
and the like as `out`. Inputs are never changed and never copied, whatever their strides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from colorlab import _core

__all__ = [
    "build_info",
    "colorfulness",
    "cpu_targets",
    "delta_e",
    "lab_to_rgb",
    "lightness",
    "rgb_to_lab",
]

Float: TypeAlias = npt.NDArray[np.float32]
Samples: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.float32]


def rgb_to_lab(rgb: Samples, *, out: Float | None = None, threads: int | None = None) -> Float:
    """CIE L*a*b* of sRGB pixels; within 1e-4 of double precision.

    Args:
        rgb: (..., 3) `uint8`, `uint16` or `float32`.
        out: where to write: `float32` of the input's shape, any strides, no memory in common.
        threads: None chooses; the result does not depend on it.

    Returns:
        (..., 3) `float32`: `out` if given, else a new array. Large outputs are worth reusing.

    Raises:
        ShapeError, DTypeError: an array is not as described.
        InvalidArgumentError: `out` is read-only or overlaps the input.
    """
    return _core.rgb_to_lab(rgb, out=out, threads=threads or 0)


def lab_to_rgb(
    lab: Float,
    *,
    dtype: Literal["uint8", "uint16", "float32"] = "uint8",
    gamut: Literal["chroma", "clip"] = "chroma",
    out: Samples | None = None,
    threads: int | None = None,
) -> Samples:
    """sRGB pixels of CIE L*a*b*; every 8-bit colour survives `rgb_to_lab` and back.

    Args:
        lab: (..., 3) `float32`; L* is clamped to 0..100, a* and b* to -1000..1000, NaN reads as 0.
        dtype: of the result; integers are rounded to nearest.
        gamut: what becomes of colours that sRGB cannot show. "chroma" shrinks a* and b* alike
            until they fit, which keeps L* and hue; "clip" clamps R, G and B.
        out: where to write: `dtype` of the input's shape, any strides, no memory in common.
        threads: None chooses; the result does not depend on it.

    Returns:
        (..., 3) `dtype`: `out` if given, else a new array.

    Raises:
        ShapeError, DTypeError: an array is not as described.
        InvalidArgumentError: a choice is unknown, `out` is read-only or overlaps the input.
    """
    return _core.lab_to_rgb(lab, dtype=dtype, gamut=gamut, out=out, threads=threads or 0)


def lightness(image: Samples, *, out: Float | None = None, threads: int | None = None) -> Float:
    """L* (0..100) of displayed grey or of sRGB pixels; within 1e-4.

    Args:
        image: grey (H, W) or (..., H, W, 1), or RGB (..., H, W, 3); `uint8`, `uint16`, `float32`.
        out: where to write: `float32` of the result's shape, no memory in common.
        threads: None chooses; the result does not depend on it.

    Returns:
        (..., H, W) `float32`: `out` if given, else a new array.

    Raises:
        ShapeError, DTypeError: an array is not as described.
        InvalidArgumentError: `out` is read-only or overlaps the input.
    """
    return _core.lightness(image, out=out, threads=threads or 0)


def delta_e(
    lab1: npt.NDArray[Any],
    lab2: npt.NDArray[Any],
    *,
    formula: Literal["2000", "76"] = "2000",
    threads: int | None = None,
) -> npt.NDArray[np.float64]:
    """Colour differences of two arrays of L*a*b*, computed in double precision.

    Args:
        lab1, lab2: (..., 3) of one shape and any real type.
        formula: "2000" is CIEDE2000 (CIE 142-2001 with kL = kC = kH = 1, as in Sharma, Wu & Dalal
            2005); "76" the Euclidean distance (CIE 1976).
        threads: None chooses; the result does not depend on it.

    Returns:
        (...) `float64`, 0 and more; about 1 is a just noticeable difference.

    Raises:
        ShapeError, DTypeError: an array is not as described.
        InvalidArgumentError: there is no such formula.
    """
    return _core.delta_e(lab1, lab2, formula=formula, threads=threads or 0)


def colorfulness(
    rgb: Samples,
    *,
    variant: Literal["hasler", "absolute"] = "hasler",
    threads: int | None = None,
) -> float:
    """How colourful an image looks (Hasler & Suesstrunk 2003), on the scale of 8-bit codes.

    With rg = R - G and yb = (R + G) / 2 - B, it is sqrt(var rg + var yb) + 0.3 sqrt((mean rg)^2 +
    (mean yb)^2): 0 for grey, about 40 for an average photograph.

    Args:
        rgb: (H, W, 3) `uint8`, `uint16` or `float32`.
        variant: "hasler" as published; "absolute" takes the magnitudes of rg and yb, as the
            published evaluations of DDColor and CT2 do, and is smaller.
        threads: None chooses; the result does not depend on it.

    Returns:
        At least 0, which is for grey and for no pixels.

    Raises:
        ShapeError, DTypeError: the array is not as described.
        InvalidArgumentError: there is no such variant.
    """
    return _core.colorfulness(rgb, variant=variant, threads=threads or 0)


def cpu_targets() -> Sequence[str]:
    """The SIMD targets that this build holds and this CPU runs, best first.

    The environment variable COLORLAB_FORCE_TARGET names one to be used instead of the best.
    """
    return tuple(_core.cpu_targets())


def build_info() -> dict[str, Any]:
    """Version, compiler and SIMD targets of the native core, and "codecs": the libraries that files
    go through, with their versions.
    """
    return _core.build_info() | {"codecs": _core.codec_versions()}
