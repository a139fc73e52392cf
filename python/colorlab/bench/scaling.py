"""How speed and memory grow: with size, threads, batch, workers."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from colorlab import color, evaluation, image_io
from colorlab.bench import pipeline
from colorlab.bench.pictures import picture
from colorlab.bench.plots import Curves
from colorlab.bulk import bulk
from colorlab.colorizer import Colorizer, recolor
from colorlab.errors import ColorlabError
from colorlab.session import available_cores

__all__ = ["measure", "peak_memory"]

_SIDES = (64, 128, 256, 512, 1024, 2048, 4096)
_MEGAPIXELS = (1, 3, 12, 24, 48)
_PHOTOS = 32
_REPEATS, _LEAST_SECONDS = 3, 0.2


def measure() -> Iterator[Curves]:
    """Every curve, each as it is done."""
    yield _against_size()
    yield _against_threads()
    yield _against_batch()
    yield _against_workers()
    yield _memory()


def _seconds(run: Callable[..., Any], *arguments: Any, **options: Any) -> float:
    """The median wall time of a call, after one that does not count."""
    run(*arguments, **options)
    times: list[float] = []
    while len(times) < _REPEATS or sum(times) < _LEAST_SECONDS:
        begin = time.perf_counter()
        run(*arguments, **options)
        times.append(time.perf_counter() - begin)
    return median(times)


def _kernels(side: int) -> dict[str, Callable[[int], Any]]:
    """Full-resolution work on a square photo, given a number of threads."""
    rgb = picture((side, side))
    grey = np.ascontiguousarray(rgb[..., 1])
    ab = np.full((64, 64, 2), 10, np.float32)
    lab, out = color.rgb_to_lab(rgb), np.empty_like(rgb)
    return {
        "RGB to L*a*b*": lambda threads: color.rgb_to_lab(rgb, out=lab, threads=threads),
        "recolouring": lambda threads: recolor(grey, ab, out=out, threads=threads),
    }


def _against_size() -> Curves:
    cores = available_cores()
    series: dict[str, list[list[float]]] = {}
    for side in _SIDES:
        for name, run in _kernels(side).items():
            for threads in sorted({1, cores}):
                seconds = _seconds(run, threads)
                label = f"{name}, {threads} thread{'s' if threads > 1 else ''}"
                megapixels = side * side / 1e6
                series.setdefault(label, []).append([megapixels, megapixels / seconds])
    title = "Speed against image size"
    return Curves("size", title, "megapixels", "MP/s", series, logarithmic=True)


def _against_threads() -> Curves:
    side = 3464  # 12 megapixels
    counts = range(1, available_cores() + 1)
    series = {
        name: [[float(n), side * side / 1e6 / _seconds(run, n)] for n in counts]
        for name, run in _kernels(side).items()
    }
    return Curves("threads", "Speed against threads, 12 MP", "threads", "MP/s", series)


def _against_batch() -> Curves:
    points = []
    with Colorizer() as colorizer:
        side = colorizer.card.default_size
        photo = colorizer.prepare(picture((side, side)))
    for batch in (1, 2, 4, 8):
        with Colorizer(batch_size=batch) as colorizer:
            seconds = _seconds(colorizer.predict, [photo] * batch)
        points.append([float(batch), batch / seconds])
    title = f"The network against its batch, {side} px"
    return Curves("batch", title, "photos per pass", "photos/s", {"the network": points})


def _against_workers() -> Curves:
    points = []
    with Colorizer() as colorizer:
        for workers in _powers_of_two(2 * available_cores()):
            folder = pipeline.folder("256", _PHOTOS)
            options: dict[str, Any] = {"colorizer": colorizer, "workers": workers}
            seconds = _seconds(bulk, folder.files, folder.output, overwrite=True, **options)
            points.append([float(workers), _PHOTOS / seconds])
    title = "Photographs of 256 px, files to files, against workers"
    return Curves("workers", title, "workers", "photos/s", {"colorlab.bulk": points})


def _powers_of_two(most: int) -> Sequence[int]:
    return [1 << n for n in range(most.bit_length()) if 1 << n <= most]


def _memory() -> Curves:
    points = []
    with tempfile.TemporaryDirectory(prefix="colorlab-bench-") as name:
        for megapixels in _MEGAPIXELS:
            side = round((megapixels * 1e6) ** 0.5)
            path = Path(name) / f"{megapixels}.jpg"
            image_io.write(path, evaluation.to_grey(picture((side, side))))
            peak = peak_memory(path, path.with_suffix(".out.jpg"))
            points.append([float(megapixels), peak / 1e6])
    title = "Memory of `colorlab colorize` for one photo"
    return Curves("memory", title, "megapixels", "peak RSS, MB", {"JPEG to JPEG": points})


def peak_memory(path: Path, output: Path, *options: str) -> int:
    """Bytes of resident memory, at most, of a process that colours one photo.

    Raises:
        ColorlabError: it failed.
    """
    words = ["colorize", str(path), "-o", str(output), *options]
    command = [sys.executable, "-c", _COLORIZE_AND_TELL, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ColorlabError(f"colouring failed: {done.stderr.strip()}", path=str(path))
    return int(done.stdout)


# Linux hands the peak of the parent on to getrusage of a child, so there the child's own is read.
_COLORIZE_AND_TELL = """
import re, resource, sys
from colorlab.cli.main import main
code = main(sys.argv[1:])
if sys.platform == "linux":
    peak = int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]) * 1024
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(peak)
sys.exit(code)
"""
