"""Colour for black-and-white photographs.

    import colorlab
    rgb = colorlab.colorize("grandmother.jpg")
    colorlab.write("grandmother-colour.png", rgb)

Importing colorlab loads NumPy and the native core; what needs more (ONNX Runtime) is loaded when it
is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from colorlab import errors
from colorlab._core import __version__
from colorlab.color import (
    build_info,
    colorfulness,
    cpu_targets,
    delta_e,
    lab_to_rgb,
    lightness,
    rgb_to_lab,
)
from colorlab.errors import *  # noqa: F403 - every error is part of the face
from colorlab.image_io import ImageInfo, add_chroma, encode, probe, read, read_metadata, write
from colorlab.metadata import Metadata, Provenance

if TYPE_CHECKING:
    from colorlab import bulk
    from colorlab.bulk import BulkReport
    from colorlab.colorizer import Colorizer, colorize, recolor
    from colorlab.model import registry as models
    from colorlab.model.card import ModelCard
    from colorlab.result import Certificate, ColorizedImage
    from colorlab.rows import RowReader, RowWriter, create_rows, open_rows
    from colorlab.tiling import Tile, map_tiles, tiles
    from colorlab.video import VideoReport, colorize_video

# Where each name lies that is loaded when it is first used; no attribute means the module itself.
_LAZY = {
    "BulkReport": ("colorlab.bulk", "BulkReport"),
    "Certificate": ("colorlab.result", "Certificate"),
    "ColorizedImage": ("colorlab.result", "ColorizedImage"),
    "Colorizer": ("colorlab.colorizer", "Colorizer"),
    "ModelCard": ("colorlab.model.card", "ModelCard"),
    "RowReader": ("colorlab.rows", "RowReader"),
    "RowWriter": ("colorlab.rows", "RowWriter"),
    "Tile": ("colorlab.tiling", "Tile"),
    "VideoReport": ("colorlab.video", "VideoReport"),
    "bulk": ("colorlab.bulk", ""),
    "colorize": ("colorlab.colorizer", "colorize"),
    "colorize_video": ("colorlab.video", "colorize_video"),
    "create_rows": ("colorlab.rows", "create_rows"),
    "map_tiles": ("colorlab.tiling", "map_tiles"),
    "models": ("colorlab.model.registry", ""),
    "open_rows": ("colorlab.rows", "open_rows"),
    "recolor": ("colorlab.colorizer", "recolor"),
    "tiles": ("colorlab.tiling", "tiles"),
}

__all__ = [
    "BulkReport",
    "Certificate",
    "ColorizedImage",
    "Colorizer",
    "ImageInfo",
    "Metadata",
    "ModelCard",
    "Provenance",
    "RowReader",
    "RowWriter",
    "Tile",
    "VideoReport",
    "__version__",
    "add_chroma",
    "build_info",
    "bulk",
    "colorfulness",
    "colorize",
    "colorize_video",
    "cpu_targets",
    "create_rows",
    "delta_e",
    "encode",
    "errors",
    "lab_to_rgb",
    "lightness",
    "map_tiles",
    "models",
    "open_rows",
    "probe",
    "read",
    "read_metadata",
    "recolor",
    "rgb_to_lab",
    "tiles",
    "write",
]
__all__ += errors.__all__


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'colorlab' has no attribute {name!r}")
    place, attribute = _LAZY[name]
    module = importlib.import_module(place)
    value = getattr(module, attribute) if attribute else module
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
