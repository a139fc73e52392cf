"""Colour for black-and-white photographs."""

from colorlab import _core
from colorlab.color import build_info, cpu_targets, lab_to_rgb, lightness, rgb_to_lab

__version__: str = _core.__version__

__all__ = ["__version__", "build_info", "cpu_targets", "lab_to_rgb", "lightness", "rgb_to_lab"]


def __dir__() -> list[str]:
    return list(__all__)
