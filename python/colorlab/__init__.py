"""Colour for black-and-white photographs."""

from colorlab._core import __version__
from colorlab.color import build_info, cpu_targets, lab_to_rgb, lightness, rgb_to_lab

__all__ = ["__version__", "build_info", "cpu_targets", "lab_to_rgb", "lightness", "rgb_to_lab"]


def __dir__() -> list[str]:
    return list(__all__)
