"""Folders of small photos, and what lies in them, to compare."""

import hashlib
from pathlib import Path

import colorlab
import numpy as np


def write_noise(folder, count, height, width, *, wider=0):
    """So many grey photos 00.png, 01.png, ... in three folders, each this much wider."""
    for number in range(count):
        path = Path(folder) / f"{number % 3}/{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        size = (height, width + number * wider)
        colorlab.write(path, np.random.default_rng(number).integers(0, 256, size, np.uint8))


def tree(folder):
    """SHA-256 of every file by its path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in Path(folder).rglob("*")
        if path.is_file()
    }
