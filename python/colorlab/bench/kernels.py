"""Colour kernels: L*a*b* and back, the network's input, recolouring at full resolution."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from colorlab import _core, color, evaluation, image_io
from colorlab.bench import peers
from colorlab.bench.peers import Array, Colors
from colorlab.bench.pictures import SIZES, megapixels, picture
from colorlab.bench.race import OURS, Case, Competitor

__all__ = ["cases"]

_SOME = (slice(None, None, 7), slice(None, None, 5))  # pixels that are checked
_GRID = 256  # side of the small ab
_SMALL = 1.1  # megapixels that the slow are given at most


def cases(sizes: Sequence[str] = tuple(SIZES), threads: Sequence[int] = (1, 0)) -> Iterator[Case]:
    """Every kernel at these sizes and numbers of threads (0: all)."""
    kernels: tuple[tuple[Any, ...], ...] = (
        ("rgb8-to-lab", "8-bit RGB to L*a*b*", _LAB, _lab_error, "L*a*b*"),
        ("rgb8-to-input", "8-bit RGB to the network's input", _INPUT, _input_error, "L*/50 - 1"),
        ("lab-to-rgb8", "L*a*b* to 8-bit RGB", _RGB, _rgb_error, "codes"),
        ("recolor", "8-bit grey and small ab to 8-bit RGB", _RECOLOR, _grey_error, "L*"),
        (
            "recolor-vivid",
            "8-bit grey and small ab, a tenth of it outside of sRGB, to 8-bit RGB",
            _RECOLOR,
            _grey_error,
            "L*",
            _vivid,
        ),
    )
    for name, title, competitors, error, error_in, *others in kernels:
        inputs = others[0] if others else _colors
        for size in sizes:
            for count in threads:
                yield Case(
                    "kernels", name, title, size, count, megapixels(size), "MP/s",
                    partial(inputs, size), competitors, error, error_in,
                )  # fmt: skip


def _colors(size: str) -> Colors:
    """The colours of a picture, its grey, and its own colours made small, as a generator's are."""
    rgb = picture(size)
    lab = color.rgb_to_lab(rgb)
    side = min(_GRID, *rgb.shape[:2])
    small = color.rgb_to_lab(image_io.resized(rgb, side, side))
    return Colors(rgb, lab, evaluation.to_grey(rgb), np.ascontiguousarray(small[..., 1:]))


def _vivid(size: str) -> Colors:
    """Colours that have nothing to do with the grey: many are outside of sRGB at its lightness."""
    noise = np.random.default_rng(1).normal(0, 15, (16, 16, 2))
    ab = np.kron(noise, np.ones((4, 4, 1))).astype(np.float32)
    colors = _colors(size)
    return replace(colors, grey=np.ascontiguousarray(colors.rgb[..., 1]), ab=ab)


def exact_lab(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """L*a*b* of 8-bit RGB in double precision, by its definitions (IEC 61966-2-1, CIE 15)."""
    unit = rgb / 255
    linear = np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4)
    primaries = np.array([[0.64, 0.33, 0.03], [0.30, 0.60, 0.10], [0.15, 0.06, 0.79]]).T
    white = np.array([0.3127, 0.3290, 0.3583]) / 0.3290
    t = linear @ (primaries * np.linalg.solve(primaries, white)).T / white
    f = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    fx, fy, fz = np.moveaxis(f, -1, 0)
    return np.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)], -1)


def _lab_error(inputs: Colors, lab: Array) -> float:
    found = lab[_SOME]
    if found.dtype == np.uint8:  # OpenCV's code; of others only the order of magnitude is checked
        found = found * np.array([100 / 255, 1, 1]) - [0, 128, 128]
    return float(np.abs(found - exact_lab(inputs.rgb[_SOME])).max())


def _input_error(inputs: Colors, tensor: Array) -> float:
    exact = exact_lab(inputs.rgb[_SOME])[..., 0] / 50 - 1
    return float(np.abs(tensor[_SOME] - exact).max())


def _rgb_error(inputs: Colors, rgb: Array) -> float:
    return float(np.abs(rgb[_SOME].astype(int) - inputs.rgb[_SOME]).max())


def _grey_error(inputs: Colors, rgb: Array) -> float:
    """Mean change of lightness: what is painted must be the photo still."""
    change = color.lightness(rgb) - color.lightness(inputs.grey)
    return float(np.abs(change).mean())


def _planar(array: Array) -> Array:
    """The same (H, W, C), stored as planes."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(array, -1, 0)), 0, -1)


def _as_it_is(array: Array) -> Array:
    return array


def _lab(layout: Callable[[Array], Array]) -> Callable[[Colors, int], Callable[[], Any]]:
    def prepare(inputs: Colors, threads: int) -> Callable[[], Any]:
        rgb, out = layout(inputs.rgb), layout(np.empty_like(inputs.lab))
        return lambda: color.rgb_to_lab(rgb, out=out, threads=threads)

    return prepare


def _input(layout: Callable[[Array], Array]) -> Callable[[Colors, int], Callable[[], Any]]:
    def prepare(inputs: Colors, threads: int) -> Callable[[], Any]:
        rgb, out = layout(inputs.rgb), np.empty(inputs.rgb.shape[:2], np.float32)
        return lambda: _core.lightness(rgb, out=out, threads=threads, scale=1 / 50, offset=-1)

    return prepare


def _rgb(layout: Callable[[Array], Array]) -> Callable[[Colors, int], Callable[[], Any]]:
    def prepare(inputs: Colors, threads: int) -> Callable[[], Any]:
        lab, out = layout(inputs.lab), layout(np.empty_like(inputs.rgb))
        return lambda: color.lab_to_rgb(lab, out=out, threads=threads)

    return prepare


def _recolor(upsample: str, *, certify: bool) -> Callable[[Colors, int], Callable[[], Any]]:
    def prepare(inputs: Colors, threads: int) -> Callable[[], Any]:
        out = np.empty_like(inputs.rgb)

        def run() -> Array:
            options: dict[str, Any] = {"upsample": upsample, "certify": certify}
            _core.recolor(inputs.grey, inputs.ab, out=out, threads=threads, **options)
            return out

        return run

    return prepare


_CV2, _SKIMAGE, _KORNIA = ("cv2",), ("skimage",), ("torch", "kornia")
_LAB = (
    Competitor(OURS, _lab(_as_it_is), 1e-4),
    Competitor(f"{OURS}, planes", _lab(_planar), 1e-4),
    Competitor("OpenCV float", peers.opencv_lab, 1, _CV2),
    Competitor("OpenCV 8-bit", peers.opencv_lab_8bit, 4, _CV2),
    Competitor("pyvips", peers.pyvips_lab, 0.1, ("pyvips",)),
    Competitor("Pillow ImageCms 8-bit", peers.imagecms_lab, modules=("PIL",), threaded=False),
    Competitor("scikit-image", peers.skimage_lab, 0.1, _SKIMAGE, threaded=False, largest=_SMALL),
    Competitor("kornia", peers.kornia_lab, 0.1, _KORNIA, largest=_SMALL),
    Competitor("colour-science", peers.colour_lab, 0.1, ("colour",), False, largest=_SMALL),
)
_INPUT = (
    Competitor(OURS, _input(_as_it_is), 4e-6),
    Competitor(f"{OURS}, planes", _input(_planar), 4e-6),
    Competitor("OpenCV float", peers.opencv_lightness, 0.02, _CV2),
)
_RGB = (
    Competitor(OURS, _rgb(_as_it_is), 0),
    Competitor(f"{OURS}, planes", _rgb(_planar), 0),
    Competitor("OpenCV float", peers.opencv_rgb, 3, _CV2),
    Competitor("OpenCV 8-bit", peers.opencv_rgb_8bit, 24, _CV2),
    Competitor("pyvips", peers.pyvips_rgb, 2, ("pyvips",)),
    Competitor("Pillow ImageCms 8-bit", peers.imagecms_rgb, 40, ("PIL",), threaded=False),
    Competitor("scikit-image", peers.skimage_rgb, 1, _SKIMAGE, threaded=False, largest=_SMALL),
    Competitor("kornia", peers.kornia_rgb, 1, _KORNIA, largest=_SMALL),
    Competitor("colour-science", peers.colour_rgb, 1, ("colour",), False, largest=_SMALL),
)
_RECOLOR = (
    Competitor(OURS, _recolor("guided", certify=True), 0.1),
    Competitor(f"{OURS}, no certificate", _recolor("guided", certify=False), 0.1),
    Competitor(f"{OURS}, bilinear, no certificate", _recolor("bilinear", certify=False), 0.1),
    # It clips what sRGB cannot show, which changes the lightness.
    Competitor("OpenCV float, bilinear", peers.opencv_recolor, 1, _CV2),
)
