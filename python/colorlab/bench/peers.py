"""The colour conversions of other libraries, as their fast users would call them.

Each function takes a case's inputs and a number of threads (0: all), and gives what is timed. They
reuse outputs where the library can, and convert to and from 8 bits where it cannot.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from colorlab.session import available_cores

__all__ = ["Colors", "opencv", "opencv_jpeg"]

Array = npt.NDArray[Any]
Run = Callable[[], Array]


@dataclass(frozen=True, slots=True)
class Colors:
    """What colour kernels start from."""

    rgb: npt.NDArray[np.uint8]  #: (H, W, 3)
    lab: npt.NDArray[np.float32]  #: (H, W, 3), of rgb
    grey: npt.NDArray[np.uint8]  #: (H, W)
    ab: npt.NDArray[np.float32]  #: (h, w, 2), small, as a generator answers


def opencv(threads: int) -> Any:
    """OpenCV, set to so many threads."""
    cv2 = importlib.import_module("cv2")
    cv2.setNumThreads(threads or available_cores())
    return cv2


def opencv_jpeg(cv2: Any, quality: int) -> list[int]:
    """Its settings for a JPEG of 4:4:4 chroma, as ours are."""
    sampling = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    return [cv2.IMWRITE_JPEG_QUALITY, quality, *sampling]


def opencv_lab(inputs: Colors, threads: int) -> Run:
    """Through float RGB in 0..1."""
    cv2, rgb = opencv(threads), inputs.rgb
    unit, lab = (np.empty(rgb.shape, np.float32) for _ in range(2))

    def run() -> Array:
        np.multiply(rgb, np.float32(1 / 255), out=unit, dtype=np.float32)
        cv2.cvtColor(unit, cv2.COLOR_RGB2Lab, dst=lab)
        return lab

    return run


def opencv_lab_8bit(inputs: Colors, threads: int) -> Run:
    """OpenCV's own 8-bit code: L* in 255ths of 100, a* and b* plus 128."""
    cv2, rgb = opencv(threads), inputs.rgb
    coded = np.empty_like(rgb)

    def run() -> Array:
        cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab, dst=coded)
        return coded

    return run


def opencv_lightness(inputs: Colors, threads: int) -> Run:
    """L*/50 - 1, the network's input."""
    cv2, convert = opencv(threads), opencv_lab(inputs, threads)
    channel, tensor = (np.empty(inputs.rgb.shape[:2], np.float32) for _ in range(2))

    def run() -> Array:
        cv2.extractChannel(convert(), 0, dst=channel)
        cv2.addWeighted(channel, 1 / 50, channel, 0, -1, dst=tensor)
        return tensor

    return run


def opencv_rgb(inputs: Colors, threads: int) -> Run:
    """Through float RGB in 0..1."""
    cv2, lab = opencv(threads), inputs.lab
    unit, rgb = np.empty(lab.shape, np.float32), np.empty(lab.shape, np.uint8)

    def run() -> Array:
        cv2.cvtColor(lab, cv2.COLOR_Lab2RGB, dst=unit)
        cv2.convertScaleAbs(unit, dst=rgb, alpha=255)
        return rgb

    return run


def opencv_rgb_8bit(inputs: Colors, threads: int) -> Run:
    """From OpenCV's own 8-bit code of Lab."""
    cv2 = opencv(threads)
    coded = cv2.cvtColor(inputs.rgb, cv2.COLOR_RGB2Lab)
    rgb = np.empty_like(inputs.rgb)

    def run() -> Array:
        cv2.cvtColor(coded, cv2.COLOR_Lab2RGB, dst=rgb)
        return rgb

    return run


def opencv_recolor(inputs: Colors, threads: int) -> Run:
    """Bilinear ab, merged with L* that is there already, to 8 bits."""
    cv2, ab = opencv(threads), inputs.ab
    height, width = inputs.grey.shape
    lightness = np.ascontiguousarray(
        cv2.cvtColor(np.dstack([inputs.grey] * 3) / np.float32(255), cv2.COLOR_RGB2Lab)[..., 0]
    )
    wide = np.empty((height, width, 2), np.float32)
    lab, unit = np.empty((2, height, width, 3), np.float32)
    rgb = np.empty((height, width, 3), np.uint8)

    def run() -> Array:
        cv2.resize(ab, (width, height), dst=wide, interpolation=cv2.INTER_LINEAR)
        cv2.merge([lightness, wide], dst=lab)
        cv2.cvtColor(lab, cv2.COLOR_Lab2RGB, dst=unit)
        cv2.convertScaleAbs(unit, dst=rgb, alpha=255)
        return rgb

    return run


def skimage_lab(inputs: Colors, threads: int) -> Run:
    """In single precision, which is its fastest."""
    color = importlib.import_module("skimage.color")
    rgb = inputs.rgb
    return lambda: color.rgb2lab(rgb.astype(np.float32) * np.float32(1 / 255))


def skimage_rgb(inputs: Colors, threads: int) -> Run:
    """To 8 bits."""
    color, lab = importlib.import_module("skimage.color"), inputs.lab
    return lambda: np.rint(color.lab2rgb(lab) * 255).astype(np.uint8)


def kornia_lab(inputs: Colors, threads: int) -> Run:
    """On planes, as PyTorch holds images."""
    torch, color = _torch(threads), importlib.import_module("kornia.color")
    planes = torch.from_numpy(np.ascontiguousarray(np.moveaxis(inputs.rgb, -1, 0)))[None]
    return lambda: np.moveaxis(color.rgb_to_lab(planes.float() / 255).numpy()[0], 0, -1)


def kornia_rgb(inputs: Colors, threads: int) -> Run:
    """From planes, to 8 bits."""
    torch, color = _torch(threads), importlib.import_module("kornia.color")
    planes = torch.from_numpy(np.ascontiguousarray(np.moveaxis(inputs.lab, -1, 0)))[None]

    def run() -> Array:
        rgb = (color.lab_to_rgb(planes) * 255).round().to(torch.uint8)
        return np.moveaxis(np.asarray(rgb.numpy()[0]), 0, -1)

    return run


def _torch(threads: int) -> Any:
    torch = importlib.import_module("torch")
    torch.set_num_threads(threads or available_cores())
    return torch


def colour_lab(inputs: Colors, threads: int) -> Run:
    """colour-science, in double precision."""
    colour, rgb = importlib.import_module("colour"), inputs.rgb
    return lambda: np.asarray(colour.XYZ_to_Lab(colour.sRGB_to_XYZ(rgb / 255)))


def colour_rgb(inputs: Colors, threads: int) -> Run:
    """colour-science, to 8 bits."""
    colour, lab = importlib.import_module("colour"), inputs.lab

    def run() -> Array:
        rgb = np.clip(colour.XYZ_to_sRGB(colour.Lab_to_XYZ(lab)), 0, 1)
        codes: Array = np.rint(rgb * 255).astype(np.uint8)
        return codes

    return run


def imagecms_lab(inputs: Colors, threads: int) -> Run:
    """LittleCMS through Pillow: 8 bits, D50, so other numbers."""
    image, cms = importlib.import_module("PIL.Image"), importlib.import_module("PIL.ImageCms")
    transform = cms.buildTransform(
        cms.createProfile("sRGB"), cms.createProfile("LAB"), "RGB", "LAB"
    )
    source, target = image.fromarray(inputs.rgb), image.new("LAB", inputs.rgb.shape[1::-1])

    def run() -> Array:
        transform.apply(source, target)
        return np.asarray(target)

    return run


def imagecms_rgb(inputs: Colors, threads: int) -> Run:
    """LittleCMS through Pillow, from its own 8-bit Lab."""
    image, cms = importlib.import_module("PIL.Image"), importlib.import_module("PIL.ImageCms")
    lab = cms.createProfile("LAB")
    forward = cms.buildTransform(cms.createProfile("sRGB"), lab, "RGB", "LAB")
    backward = cms.buildTransform(lab, cms.createProfile("sRGB"), "LAB", "RGB")
    source = forward.apply(image.fromarray(inputs.rgb))
    target = image.new("RGB", inputs.rgb.shape[1::-1])

    def run() -> Array:
        backward.apply(source, target)
        return np.asarray(target)

    return run


def pyvips_lab(inputs: Colors, threads: int) -> Run:
    """libvips, which always uses its own threads."""
    pyvips, rgb = importlib.import_module("pyvips"), inputs.rgb
    return lambda: np.asarray(
        pyvips.Image.new_from_array(rgb, interpretation="srgb").colourspace("lab").numpy()
    )


def pyvips_rgb(inputs: Colors, threads: int) -> Run:
    """libvips, to 8 bits."""
    pyvips, lab = importlib.import_module("pyvips"), inputs.lab
    return lambda: np.asarray(
        pyvips.Image.new_from_array(lab, interpretation="lab").colourspace("srgb").numpy()
    )
