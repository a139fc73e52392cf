"""Recolouring 12 megapixels against OpenCV (resize, merge, cvtColor), one thread, reused outputs.

    python benchmarks/recolor_speed.py [TARGET...]

Needs opencv-python-headless. Medians of interleaved repeats; TARGET is a name of
colorlab.cpu_targets() (default: the best).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median

import cv2
import numpy as np
from colorlab import _core

HEIGHT, WIDTH, REPEATS = 3000, 4000, 9


def main() -> None:
    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (60, 80), dtype=np.uint8)
    smooth = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    grey = cv2.add(smooth, rng.integers(0, 16, (HEIGHT, WIDTH), dtype=np.uint8))
    ab = 6 * cv2.GaussianBlur(rng.normal(0, 18, (256, 256, 2)).astype(np.float32), (0, 0), 6)
    out = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    lightness = _core.lightness(grey)
    wide = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    lab, rgb = np.zeros((2, HEIGHT, WIDTH, 3), np.float32)
    bytes_of = np.zeros((HEIGHT, WIDTH, 3), np.uint8)

    def opencv() -> None:  # it is given L*; the others start from grey
        cv2.resize(ab, (WIDTH, HEIGHT), dst=wide, interpolation=cv2.INTER_LINEAR)
        cv2.merge([lightness, wide], dst=lab)
        cv2.cvtColor(lab, cv2.COLOR_Lab2RGB, dst=rgb)
        cv2.convertScaleAbs(rgb, dst=bytes_of, alpha=255)

    def ours(preserve: str, upsample: str, certify: bool) -> Callable[[], None]:
        def run() -> None:
            _core.recolor(
                grey, ab, preserve=preserve, upsample=upsample, out=out, threads=1, certify=certify
            )

        return run

    runs = {
        "OpenCV bilinear": opencv,
        "bilinear": ours("lightness", "bilinear", False),
        "guided": ours("lightness", "guided", False),
        "bilinear, certified": ours("lightness", "bilinear", True),
        "guided, certified": ours("lightness", "guided", True),
        "guided, luma": ours("luma", "guided", False),
    }
    for target in sys.argv[1:] or [""]:
        _core.force_target(target)
        times: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(REPEATS):
            for name, run in runs.items():
                begin = time.perf_counter()
                run()
                times[name].append(time.perf_counter() - begin)
        print(f"{_core.active_target()}, {WIDTH} x {HEIGHT}, ab 256 x 256, 1 thread")
        peer = median(times["OpenCV bilinear"])
        for name, values in times.items():
            middle = median(values)
            rate = HEIGHT * WIDTH / middle / 1e6
            print(f"  {name:22}{middle * 1e3:8.1f} ms {rate:6.0f} MP/s {peer / middle:6.2f}x")
    # The two paint the same, except where OpenCV clips and colorlab reduces chroma.
    painted = _core.recolor(grey, ab, upsample="bilinear")[0]
    assert np.median(np.abs(bytes_of.astype(int) - painted)) == 0


if __name__ == "__main__":
    main()
