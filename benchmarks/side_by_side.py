"""colorlab and its peers in turn, on one thread: medians of interleaved repeats, as ratios.

    python benchmarks/side_by_side.py [--size 12MP] [--repeats 7] [--json FILE]

Times are the process's CPU time, which other programs on the machine disturb least. Every result is
checked before it is timed; peers that are not installed are named and left out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import colorlab
import numpy as np
import peers
import photos
from colorlab import _core

Array = np.ndarray[Any, Any]


def on_target(target: str, run: Callable[[], Array]) -> Callable[[], Array]:
    def forced() -> Array:
        _core.force_target(target)
        return run()

    return forced


def planar(array: Array) -> Array:
    """The same (H, W, C), stored as planes."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(array, -1, 0)), 0, -1)


def ours(runs: dict[str, Callable[[], Array]], tolerance: float) -> list[peers.Case]:
    return [
        peers.Case(f"colorlab {target} {layout}".strip(), on_target(target, run), tolerance)
        for target in colorlab.cpu_targets()
        for layout, run in runs.items()
    ]


def exact_lab(rgb: Array) -> Array:
    """L*a*b* of 8-bit RGB in double precision."""
    unit = rgb / 255
    linear = np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4)
    primaries = np.array([[0.64, 0.33, 0.03], [0.30, 0.60, 0.10], [0.15, 0.06, 0.79]]).T
    white = np.array([0.3127, 0.3290, 0.3583]) / 0.3290
    t = linear @ (primaries * np.linalg.solve(primaries, white)).T / white
    f = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    fx, fy, fz = np.moveaxis(f, -1, 0)
    return np.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)], -1)


@dataclass(frozen=True)
class Contest:
    """One conversion: its competitors, the first to measure the others by, and their error."""

    name: str
    error_in: str
    cases: list[peers.Case]
    error: Callable[[Array], float]


def contests(size: str) -> Iterator[Contest]:
    rgb = photos.picture(size)
    some = (slice(None, None, 7), slice(None, None, 5))  # pixels that are checked
    exact = exact_lab(rgb[some])
    lab = colorlab.rgb_to_lab(rgb)
    l_star = np.ascontiguousarray(lab[..., 0])
    rgb_planes, lab_planes = planar(rgb), planar(lab)
    lab_out, lab_out_planes = np.empty_like(lab), planar(np.empty_like(lab))
    rgb_out, rgb_out_planes = np.empty_like(rgb), planar(np.empty_like(rgb))
    l_out = np.empty_like(l_star)

    def far_from(truth: Array) -> Callable[[Array], float]:
        return lambda result: float(np.abs(result[some] - truth).max())

    yield Contest(
        "RGB8 to Lab f32",
        "L*a*b*",
        peers.rgb_to_lab(rgb)
        + ours(
            {
                "": lambda: colorlab.rgb_to_lab(rgb, out=lab_out, threads=1),
                "planar": lambda: colorlab.rgb_to_lab(rgb_planes, out=lab_out_planes, threads=1),
            },
            1e-4,
        ),
        far_from(exact),
    )
    to_tensor = {"threads": 1, "scale": 1 / 50, "offset": -1.0, "out": l_out}
    yield Contest(
        "RGB8 to network lightness",
        "L*/50 - 1",
        peers.rgb_to_network_lightness(rgb)
        + ours(
            {
                "": lambda: _core.lightness(rgb, **to_tensor),
                "planar": lambda: _core.lightness(rgb_planes, **to_tensor),
            },
            4e-6,
        ),
        far_from(exact[..., 0] / 50 - 1),
    )
    yield Contest(
        "Lab f32 to RGB8",
        "codes",
        peers.lab_to_rgb8(lab)
        + ours(
            {
                "": lambda: colorlab.lab_to_rgb(lab, out=rgb_out, threads=1),
                "planar": lambda: colorlab.lab_to_rgb(lab_planes, out=rgb_out_planes, threads=1),
            },
            0,
        ),
        far_from(rgb[some].astype(np.int64)),
    )


def measure(cases: list[peers.Case], repeats: int) -> list[float]:
    """Median CPU seconds of each case; the cases take turns."""
    seconds: list[list[float]] = [[] for _ in cases]
    for repeat in range(repeats + 1):
        for case, times in zip(cases, seconds, strict=True):
            begin = time.process_time()
            case.run()
            if repeat > 0:  # the first warms caches up and touches outputs
                times.append(time.process_time() - begin)
    return [statistics.median(times) for times in seconds]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=photos.SIZES, default="12MP")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    height, width = photos.SIZES[options.size]
    report = []
    for contest in contests(options.size):
        errors = []
        for case in contest.cases:
            errors.append(contest.error(case.run()) if case.tolerance < np.inf else np.nan)
            if errors[-1] > case.tolerance:
                raise AssertionError(f"{contest.name}: {case.peer} is off by {errors[-1]}")
        seconds = measure(contest.cases, options.repeats)
        print(f"\n### {contest.name}, {options.size}, one thread\n")
        print(f"| | MP/s | ratio | largest error ({contest.error_in}) |\n|---|---|---|---|")
        for case, taken, error in zip(contest.cases, seconds, errors, strict=True):
            speed = height * width / taken / 1e6
            wrong = "" if np.isnan(error) else f"{error:.2g}"
            print(f"| {case.peer} | {speed:.0f} | {seconds[0] / taken:.2f} | {wrong} |", flush=True)
            report.append(
                {
                    "conversion": contest.name,
                    "size": options.size,
                    "case": case.peer,
                    "megapixels_per_second": speed,
                    "ratio": seconds[0] / taken,
                    "error": None if np.isnan(error) else error,
                }
            )
    _core.force_target("")
    if absent := peers.missing():
        print(f"not installed, left out: {', '.join(absent)}", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
