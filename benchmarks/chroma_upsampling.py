"""How well low-resolution chroma comes back: bilinear, bicubic and guided, against the truth.

    python benchmarks/chroma_upsampling.py [FOLDER] [--every N]

True a*b* are area-reduced, brought back at full size beside the true L*, and compared with the
original by CIEDE2000: over all pixels, and within two pixels of a colour edge (|gradient of a*b*|
over 5 a pixel). Without a folder only the drawn edges are measured.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from colorlab import _core, rgb_to_lab
from PIL import Image
from skimage.color import deltaE_ciede2000

Plane = npt.NDArray[Any]
METHODS = ("bilinear", "bicubic", "guided")


def upsample(method: str, ab: Plane, lightness: Plane) -> Plane:
    if method != "bicubic":
        return _core.upsample_ab(ab, lightness, upsample=method)
    size = lightness.shape[::-1]
    planes = [Image.fromarray(np.ascontiguousarray(ab[..., c])) for c in range(2)]
    return np.stack([np.asarray(p.resize(size, Image.Resampling.BICUBIC)) for p in planes], -1)


def near_edges(ab: Plane) -> Plane:
    down, across = np.gradient(ab, axis=(0, 1))
    edge = np.sqrt((down**2 + across**2).sum(-1)) > 5
    padded = np.pad(edge, 2)
    height, width = edge.shape
    shifts = [padded[y : y + height, x : x + width] for y in range(5) for x in range(5)]
    return np.logical_or.reduce(shifts)


def errors(lab: Plane, short: int, method: str) -> Plane:
    height, width = lab.shape[:2]
    scale = short / min(height, width)
    ab = np.ascontiguousarray(lab[..., 1:])
    low = _core.resize_area(ab, max(1, round(height * scale)), max(1, round(width * scale)))
    lightness = np.ascontiguousarray(lab[..., 0])
    back = np.dstack([lightness, upsample(method, low, lightness)])
    return np.asarray(deltaE_ciede2000(lab, back))


def drawn() -> dict[str, Plane]:
    """Two colours that differ in lightness, in chroma only, and a disc on texture; 256 x 256."""
    y, x = np.mgrid[:256, :256]
    left, right = np.array([30, 10, -40]), np.array([70, 30, 50])
    edge = np.where((x + 0.3 * y < 171)[..., None], left, right)
    same = edge.copy()
    same[..., 0] = 50
    noise = np.random.default_rng(0).normal(0, 4, (256, 256))
    disc = np.where((np.hypot(x - 120, y - 133) < 70)[..., None], [62, 45, 30], [40, -25, 15])
    disc = disc + np.stack([noise, 0 * noise, 0 * noise], -1)
    pictures = {"edge of lightness": edge, "edge of chroma only": same, "disc on texture": disc}
    return {name: lab.astype(np.float32) for name, lab in pictures.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--every", type=int, default=1, help="measure every N-th photo only")
    options = parser.parse_args()

    print(f"{'drawn, from 32 x 32':24}" + "".join(f"{method:>10}" for method in METHODS))
    for name, lab in drawn().items():
        row = [errors(lab, 32, method).mean() for method in METHODS]
        print(f"{name:24}" + "".join(f"{value:10.3f}" for value in row))
    if options.folder is None:
        return

    overall, edges = defaultdict(list), defaultdict(list)
    files = sorted(options.folder.iterdir())[:: options.every]
    for file in files:
        lab = rgb_to_lab(np.asarray(Image.open(file).convert("RGB")))
        close = near_edges(lab[..., 1:])
        for short in (128, 64, 16):
            for method in METHODS:
                delta = errors(lab, short, method)
                overall[short, method].append(delta.mean())
                if close.any():
                    edges[short, method].append(delta[close].mean())
    print(f"\n{len(files)} photos, mean dE00 overall / near colour edges")
    print(f"{'short side of ab':24}" + "".join(f"{method:>16}" for method in METHODS))
    for short in (128, 64, 16):
        cells = [
            f"{np.mean(overall[short, method]):8.3f} /{np.mean(edges[short, method]):6.3f}"
            for method in METHODS
        ]
        print(f"{short:<24}" + "".join(cells))


if __name__ == "__main__":
    main()
