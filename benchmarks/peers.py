"""The colour conversions of other libraries, as their fast users would call them.

Each peer takes 8-bit RGB or float Lab and reuses its outputs where its interface can. A peer that
is not installed is absent, and `missing()` says so.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

NAMES = ("cv2", "skimage", "kornia", "colour", "PIL", "pyvips")
Array = np.ndarray[Any, Any]


def load(name: str) -> Any | None:
    """The module, or None where it is not installed or cannot be loaded."""
    try:
        return importlib.import_module(name)
    except (ImportError, OSError):
        return None


def missing() -> list[str]:
    return [name for name in NAMES if load(name) is None]


@dataclass(frozen=True)
class Case:
    """One way to do one conversion: `run()` gives the result, `tolerance` bounds its error."""

    peer: str
    run: Callable[[], Array]
    tolerance: float


def rgb_to_lab(rgb: Array) -> list[Case]:
    """8-bit RGB to float Lab (or the peer's 8-bit Lab); tolerance in L*, a*, b*."""
    cases = []
    if cv2 := load("cv2"):
        cv2.setNumThreads(1)
        unit = np.empty(rgb.shape, np.float32)
        lab = np.empty(rgb.shape, np.float32)
        coded = np.empty_like(rgb)

        def opencv() -> Array:
            np.multiply(rgb, np.float32(1 / 255), out=unit, dtype=np.float32)
            return cv2.cvtColor(unit, cv2.COLOR_RGB2Lab, dst=lab)

        def opencv_8bit() -> Array:
            cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab, dst=coded)
            return coded

        cases += [Case("OpenCV float", opencv, 1.0), Case("OpenCV 8-bit", opencv_8bit, np.inf)]
    if load("skimage"):
        from skimage.color import rgb2lab

        cases.append(
            Case("scikit-image", lambda: rgb2lab(rgb.astype(np.float32) * np.float32(1 / 255)), 0.1)
        )
    if load("kornia") and (torch := load("torch")):
        from kornia.color import rgb_to_lab as kornia_lab

        torch.set_num_threads(1)
        planes = torch.from_numpy(np.ascontiguousarray(np.moveaxis(rgb, -1, 0)))[None]
        cases.append(
            Case(
                "kornia",
                lambda: np.moveaxis(kornia_lab(planes.float() / 255).numpy()[0], 0, -1),
                0.1,
            )
        )
    if colour := load("colour"):
        cases.append(
            Case("colour-science", lambda: colour.XYZ_to_Lab(colour.sRGB_to_XYZ(rgb / 255)), 0.1)
        )
    if load("PIL"):
        from PIL import Image, ImageCms

        transform = ImageCms.buildTransform(
            ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
        )
        picture = Image.fromarray(rgb)
        cases.append(
            Case(
                "Pillow ImageCms 8-bit",
                lambda: np.asarray(ImageCms.applyTransform(picture, transform)),
                np.inf,  # D50 and 8 bits: not the same numbers
            )
        )
    if pyvips := load("pyvips"):
        cases.append(
            Case(
                "pyvips",
                lambda: (
                    pyvips.Image.new_from_array(rgb, interpretation="srgb")
                    .colourspace("lab")
                    .numpy()
                ),
                0.1,
            )
        )
    return cases


def rgb_to_network_lightness(rgb: Array) -> list[Case]:
    """8-bit RGB to L*/50 - 1; tolerance in that."""
    if not (cv2 := load("cv2")):
        return []
    lab = next(case for case in rgb_to_lab(rgb) if case.peer == "OpenCV float")
    channel = np.empty(rgb.shape[:2], np.float32)
    tensor = np.empty(rgb.shape[:2], np.float32)

    def opencv() -> Array:
        cv2.extractChannel(lab.run(), 0, dst=channel)
        return cv2.addWeighted(channel, 1 / 50, channel, 0, -1, dst=tensor)

    return [Case("OpenCV float", opencv, 0.02)]


def lab_to_rgb8(lab: Array) -> list[Case]:
    """Float Lab to 8-bit RGB; tolerance in codes."""
    cases = []
    if cv2 := load("cv2"):
        cv2.setNumThreads(1)
        unit = np.empty(lab.shape, np.float32)
        rgb = np.empty(lab.shape, np.uint8)

        def opencv() -> Array:
            cv2.cvtColor(lab, cv2.COLOR_Lab2RGB, dst=unit)
            return cv2.convertScaleAbs(unit, dst=rgb, alpha=255)

        cases.append(Case("OpenCV float", opencv, 3))
    if load("skimage"):
        from skimage.color import lab2rgb

        cases.append(Case("scikit-image", lambda: np.rint(lab2rgb(lab) * 255).astype(np.uint8), 1))
    return cases
