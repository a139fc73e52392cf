"""All of a scan's way but the network: a grey JPEG and an ab grid to a colour JPEG; and its start,
the small lightness that the network sees.

The peers do the same work with what their users have: Lab of OpenCV in float and in 8 bits, and
Pillow with scikit-image. Each writes a file of 4:4:4 chroma, but where luma is copied, 4:2:0.
"""

from __future__ import annotations

import importlib
import io
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from colorlab import _core, color, colorizer, evaluation, image_io
from colorlab.bench.peers import opencv, opencv_jpeg
from colorlab.bench.pictures import SIZES, megapixels, picture
from colorlab.bench.race import OURS, Case, Competitor

__all__ = ["cases"]

Array = npt.NDArray[Any]
Run = Callable[[], Any]

QUALITY = 92
_GRID = 256  # short side of the ab grid and of the network's input


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Scan:
    """A grey JPEG, the colour for it, and where the result goes."""

    source: Path
    target: Path
    grey: npt.NDArray[np.uint8]  #: (H, W), as decoded
    ab: npt.NDArray[np.float32]  #: (256, 256, 2)


def cases(sizes: Sequence[str] = ("12MP",)) -> Iterator[Case]:
    """Both promises, and the network's input, by one thread."""
    for size in sizes:
        for name, title, competitors, error, unit in (
            ("recolor-luma", "Grey JPEG to colour JPEG, luma kept", _LUMA, _luma_error, "Y', max"),
            (
                "recolor-lightness",
                "Grey JPEG to colour JPEG, lightness kept",
                _LIGHTNESS,
                _lightness_error,
                "L*, mean",
            ),
            (
                "jpeg-to-input",
                "Grey JPEG to 256 px lightness",
                _INPUT,
                _input_error,
                "L*, mean",
            ),
        ):
            yield Case(
                suite="archive",
                name=name,
                title=title,
                size=size,
                threads=1,
                work=megapixels(size),
                unit="MP/s",
                inputs=partial(_scan, size),
                all_competitors=competitors,
                error=error,
                error_in=unit,
            )


def _scan(size: str) -> Scan:
    place = Path(tempfile.mkdtemp(prefix="colorlab-bench-"))
    rgb = picture(SIZES[size])
    source = place / "grey.jpg"
    image_io.write(source, evaluation.to_grey(rgb), quality=QUALITY)
    ab = color.rgb_to_lab(image_io.resized(rgb, _GRID, _GRID))[..., 1:] * np.float32(0.7)
    grey = image_io.to_8bit(image_io.read(source, mode="grey"))
    scan = Scan(source, place / "color.jpg", grey, np.ascontiguousarray(ab))
    weakref.finalize(scan, shutil.rmtree, place, ignore_errors=True)
    return scan


def _luma_error(scan: Scan, _: object) -> float:
    luma = image_io.read(scan.target, mode="grey")  # the Y plane
    return float(np.abs(luma.astype(np.int16) - scan.grey).max())


def _lightness_error(scan: Scan, _: object) -> float:
    colored = image_io.read(scan.target)
    if float(colored.std(axis=2).mean()) < 1:  # it is grey still
        return np.inf
    return float(np.abs(color.lightness(colored) - color.lightness(scan.grey)).mean())


def _input_error(scan: Scan, result: Array) -> float:
    exact = _core.preprocess(scan.grey, _GRID, result.shape[-1])
    return float(np.abs(result - exact).mean() * 50)


def our_luma(scan: Scan, threads: int) -> Run:
    """Compressed luma copied, only chroma made."""

    def run() -> None:
        data = image_io.read_file(scan.source)
        grey = image_io.to_8bit(image_io.read(data, mode="grey"))
        cbcr, _ = _core.chroma_for_luma(grey, scan.ab, threads=threads)
        image_io.add_chroma(scan.target, data, cbcr, quality=QUALITY, overwrite=True, decoded=True)

    return run


def our_lightness(scan: Scan, threads: int) -> Run:
    """As the `Colorizer` does it: edge-guided, within sRGB at constant L*, certified."""

    def run() -> None:
        grey = image_io.read(scan.source, mode="grey")
        colored = colorizer.recolor(grey, scan.ab, threads=threads)
        image_io.write(scan.target, colored, quality=QUALITY, overwrite=True)

    return run


def our_input(scan: Scan, threads: int) -> Run:
    """A JPEG decoded by an eighth, a quarter or half while that leaves the input's size."""
    data = image_io.read_file(scan.source)
    height, width = scan.grey.shape
    scale = next(scale for scale in (8, 4, 2, 1) if min(height, width) // scale >= _GRID)
    wide = round(_GRID * width / height)

    def run() -> Array:
        grey = image_io.read(data, mode="grey", reduce=scale)
        return _core.preprocess(grey, _GRID, wide, threads=threads)

    return run


def opencv_float(scan: Scan, threads: int) -> Run:
    """Float Lab, bilinear."""
    cv2 = opencv(threads)
    jpeg = opencv_jpeg(cv2, QUALITY)

    def run() -> None:
        grey = cv2.imdecode(np.fromfile(scan.source, np.uint8), cv2.IMREAD_GRAYSCALE)
        unit = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR).astype(np.float32) / 255
        lightness = cv2.cvtColor(unit, cv2.COLOR_BGR2Lab)[..., 0]
        wide = cv2.resize(scan.ab, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
        colored = cv2.cvtColor(cv2.merge([lightness, wide]), cv2.COLOR_Lab2BGR)
        bgr = cv2.convertScaleAbs(colored, alpha=255)
        cv2.imencode(".jpg", bgr, jpeg)[1].tofile(scan.target)

    return run


def opencv_8bit(scan: Scan, threads: int) -> Run:
    """OpenCV's 8-bit Lab, in which 243 of 256 greys survive."""
    cv2 = opencv(threads)
    jpeg = opencv_jpeg(cv2, QUALITY)
    coded = np.clip(scan.ab + 128, 0, 255).round().astype(np.uint8)

    def run() -> None:
        grey = cv2.imdecode(np.fromfile(scan.source, np.uint8), cv2.IMREAD_GRAYSCALE)
        lab = cv2.cvtColor(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), cv2.COLOR_BGR2Lab)
        wide = cv2.resize(coded, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
        lightness = cv2.extractChannel(lab, 0)
        colored = cv2.cvtColor(cv2.merge([lightness, wide]), cv2.COLOR_Lab2BGR)
        cv2.imencode(".jpg", colored, jpeg)[1].tofile(scan.target)

    return run


def skimage_pillow(scan: Scan, threads: int) -> Run:
    """Pillow for files, scikit-image for colour."""
    image, skimage = importlib.import_module("PIL.Image"), importlib.import_module("skimage.color")

    def run() -> None:
        grey = np.asarray(image.open(scan.source).convert("RGB")).astype(np.float32) / 255
        lightness = skimage.rgb2lab(grey)[..., 0]
        size = lightness.shape[::-1]
        wide = [
            np.asarray(image.fromarray(plane).resize(size, image.Resampling.BILINEAR))
            for plane in np.ascontiguousarray(scan.ab.transpose(2, 0, 1))
        ]
        colored = skimage.lab2rgb(np.dstack([lightness, *wide]))
        pixels = (colored * 255).round().astype(np.uint8)
        image.fromarray(pixels).save(scan.target, quality=QUALITY, subsampling=0)

    return run


def _small_input(small: Array, lightness: Callable[[Array], Array]) -> Array:
    return lightness(small)[None, None] / np.float32(50) - np.float32(1)


def opencv_input(scan: Scan, threads: int) -> Run:
    """Decoded at an eighth, then by area."""
    cv2 = opencv(threads)
    data = np.fromfile(scan.source, np.uint8)
    height, width = scan.grey.shape
    wide = round(_GRID * width / height)
    reduced = cv2.IMREAD_REDUCED_GRAYSCALE_8 if height // 8 >= _GRID else cv2.IMREAD_GRAYSCALE

    def lightness(small: Array) -> Array:
        unit = cv2.cvtColor(small, cv2.COLOR_GRAY2RGB).astype(np.float32) / 255
        result: Array = cv2.cvtColor(unit, cv2.COLOR_RGB2Lab)[..., 0]
        return result

    def run() -> Array:
        small = cv2.resize(cv2.imdecode(data, reduced), (wide, _GRID), interpolation=cv2.INTER_AREA)
        return _small_input(small, lightness)

    return run


def pillow_input(scan: Scan, threads: int) -> Run:
    """Draft mode, then a box filter."""
    image, skimage = importlib.import_module("PIL.Image"), importlib.import_module("skimage.color")
    data = image_io.read_file(scan.source)
    height, width = scan.grey.shape
    wide = round(_GRID * width / height)

    def lightness(small: Array) -> Array:
        result: Array = skimage.rgb2lab(np.dstack([small] * 3))[..., 0].astype(np.float32)
        return result

    def run() -> Array:
        picture = image.open(io.BytesIO(data))
        picture.draft("L", (wide, _GRID))
        return _small_input(
            np.asarray(picture.resize((wide, _GRID), image.Resampling.BOX)), lightness
        )

    return run


def simplejpeg_input(scan: Scan, threads: int) -> Run:
    """libjpeg-turbo's own scaling, then colorlab's lightness."""
    simplejpeg = importlib.import_module("simplejpeg")
    data = image_io.read_file(scan.source)
    height, width = scan.grey.shape
    wide = round(_GRID * width / height)

    def run() -> Array:
        small = simplejpeg.decode_jpeg(data, "GRAY", min_height=_GRID, min_width=wide, min_factor=8)
        return _core.preprocess(small[..., 0], _GRID, wide, threads=threads)

    return run


# The peers' loss is that of encoding once more, and of colours outside of sRGB.
_LUMA = (
    Competitor(OURS, our_luma, 0),
    Competitor("OpenCV, float", opencv_float, modules=("cv2",)),
    Competitor("OpenCV, 8 bits", opencv_8bit, modules=("cv2",)),
    Competitor("Pillow, scikit-image", skimage_pillow, modules=("PIL", "skimage")),
)
_LIGHTNESS = (
    Competitor(OURS, our_lightness, 1.0),
    Competitor("OpenCV, float", opencv_float, 2.0, ("cv2",)),
    Competitor("OpenCV, 8 bits", opencv_8bit, 2.0, ("cv2",)),
    Competitor("Pillow, scikit-image", skimage_pillow, 2.0, ("PIL", "skimage")),
)
_INPUT = (
    Competitor(OURS, our_input, 0.5),
    Competitor("simplejpeg", simplejpeg_input, 0.5, ("simplejpeg",)),
    Competitor("OpenCV, reduced", opencv_input, 2.0, ("cv2",)),
    Competitor("Pillow, draft", pillow_input, 2.0, ("PIL", "skimage")),
)
