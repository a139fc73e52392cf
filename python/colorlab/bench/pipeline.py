"""End to end: grey JPEGs in a folder to colour JPEGs in another, by the same generator.

The peers are the clean, straightforward pipelines that one would write without colorlab: a thread
pool whose threads decode, prepare, run one shared ONNX Runtime session, colour and encode.
"""

from __future__ import annotations

import importlib
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from colorlab import bulk, color, evaluation, image_io
from colorlab.bench.peers import opencv, opencv_jpeg
from colorlab.bench.pictures import SIZES, picture
from colorlab.bench.race import OURS, Case, Competitor
from colorlab.colorizer import Colorizer
from colorlab.model import registry
from colorlab.model.card import INPUT_NAME, OUTPUT_NAME
from colorlab.render import render_size
from colorlab.session import available_cores, import_runtime

__all__ = ["Folder", "cases", "folder"]

Array = npt.NDArray[Any]

QUALITY = 92
_COUNTS = {"256": 96, "12MP": 6}  # photos


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Folder:
    """Grey JPEGs, and where their colours go."""

    files: list[Path]
    output: Path
    model: registry.ModelSource = "default"

    def made_by(self, name: str) -> Path:
        """The folder for one competitor's results: written over in every run, for a file system
        that frees files while it makes others is slower at both."""
        made = self.output / name
        made.mkdir(parents=True, exist_ok=True)
        return made


def cases(counts: Mapping[str, int] = _COUNTS) -> Iterator[Case]:
    """So many photos of each size: of small ones the network is all, of large ones the pixels."""
    for size, count in counts.items():
        yield Case(
            suite="pipeline",
            name="colorize",
            title=f"{count} grey JPEGs to colour JPEGs, with the network",
            size=size,
            threads=0,
            work=count,
            unit="photos/s",
            inputs=partial(folder, size, count),
            all_competitors=_ALL,
            error=_error,
            error_in="L*, mean",
        )


def folder(size: str, count: int) -> Folder:
    """So many drawn photos of a size in SIZES, grey; deleted when the result is let go."""
    place = Path(tempfile.mkdtemp(prefix="colorlab-bench-"))
    files = []
    for number in range(count):
        grey = evaluation.to_grey(picture(SIZES[size], seed=number))
        files.append(place / f"{number:04}.jpg")
        image_io.write(files[-1], grey, quality=QUALITY)
    made = Folder(files, place / "out")
    weakref.finalize(made, shutil.rmtree, place, ignore_errors=True)
    return made


def _error(photos: Folder, made: Path) -> float:
    """Mean change of lightness in the worst photo; each must be there, in its size."""
    changes = []
    for path in photos.files:
        before, after = image_io.read(path, mode="grey"), image_io.read(made / path.name)
        if after.shape[:2] != before.shape:
            return np.inf
        change = color.lightness(after) - color.lightness(before)
        changes.append(float(np.abs(change).mean()))
    return max(changes)


def our_pipeline(photos: Folder, threads: int) -> Callable[[], Path]:
    """`colorlab.bulk`, as the command line calls it."""
    colorizer, made = Colorizer(photos.model, threads=threads or None), photos.made_by("colorlab")

    def run() -> Path:
        bulk.bulk(photos.files, made, colorizer=colorizer, quality=QUALITY, overwrite=True)
        return made

    return run


def network_alone(photos: Folder, threads: int) -> Callable[[], None]:
    """The network's own time for the photos: ready tensors, nothing else done, one pass after the
    other with all threads."""
    colorizer = Colorizer(photos.model, threads=threads or None)
    ready = [colorizer.prepare(path) for path in photos.files]

    def run() -> None:
        for photo in ready:
            colorizer.predict([photo])

    return run


def network_side_by_side(photos: Folder, threads: int) -> Callable[[], None]:
    """As `network_alone`, with as many passes at once as `colorlab.bulk` has."""
    colorizer = Colorizer(photos.model, threads=threads or None)
    ready = [colorizer.prepare(path) for path in photos.files]
    passes = colorizer.passes_at_once()

    of_each = max(1, colorizer.threads // passes)

    def run() -> None:
        with ThreadPoolExecutor(passes) as pool:
            list(pool.map(lambda photo: colorizer.predict([photo], threads=of_each), ready))

    return run


def opencv_pipeline(photos: Folder, threads: int) -> Callable[[], Path]:
    """OpenCV for all but the network."""
    cv2 = opencv(1)  # the pool has the threads
    jpeg = opencv_jpeg(cv2, QUALITY)
    size, scale, session = _network(photos, threads)
    made = photos.made_by("opencv")

    def one(path: Path) -> None:
        grey = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_GRAYSCALE)
        height, width = grey.shape
        rgb = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB).astype(np.float32) / 255
        lightness = cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab)[..., 0]
        small = cv2.resize(lightness, size(height, width)[::-1], interpolation=cv2.INTER_AREA)
        ab = session.run([OUTPUT_NAME], {INPUT_NAME: (small / 50 - 1)[None, None]})[0][0]
        wide = cv2.resize(ab.transpose(1, 2, 0) * np.float32(scale), (width, height))
        colored = cv2.cvtColor(cv2.merge([lightness, wide]), cv2.COLOR_Lab2RGB)
        bgr = cv2.cvtColor((colored * 255).round().astype(np.uint8), cv2.COLOR_RGB2BGR)
        cv2.imencode(".jpg", bgr, jpeg)[1].tofile(made / path.name)

    return lambda: _in_pool(one, photos, made)


def skimage_pipeline(photos: Folder, threads: int) -> Callable[[], Path]:
    """Pillow for files and resizing, scikit-image for colour."""
    image, skimage = importlib.import_module("PIL.Image"), importlib.import_module("skimage.color")
    size, scale, session = _network(photos, threads)
    made = photos.made_by("skimage")

    def resized(plane: Array, height: int, width: int, filter: Any) -> Array:
        return np.asarray(image.fromarray(plane).resize((width, height), filter))

    def one(path: Path) -> None:
        grey = np.asarray(image.open(path).convert("RGB")).astype(np.float32) / 255
        lightness = skimage.rgb2lab(grey)[..., 0]
        height, width = lightness.shape
        small = resized(lightness, *size(height, width), image.Resampling.BOX)
        ab = session.run([OUTPUT_NAME], {INPUT_NAME: (small / 50 - 1)[None, None]})[0][0]
        wide = [
            resized(plane * np.float32(scale), height, width, image.Resampling.BILINEAR)
            for plane in ab
        ]
        colored = skimage.lab2rgb(np.dstack([lightness, *wide]))
        pixels = (colored * 255).round().astype(np.uint8)
        image.fromarray(pixels).save(made / path.name, quality=QUALITY, subsampling=0)

    return lambda: _in_pool(one, photos, made)


def _network(
    photos: Folder, threads: int
) -> tuple[Callable[[int, int], tuple[int, int]], float, Any]:
    """The render size of a photo, ab_scale, and a session with ONNX Runtime's own defaults."""
    model = registry.load(photos.model)
    card = model.card
    options = import_runtime().SessionOptions()
    options.intra_op_num_threads = threads or available_cores()
    session = import_runtime().InferenceSession(
        model.data, options, providers=["CPUExecutionProvider"]
    )
    size = partial(render_size, size=card.default_size, stride=card.stride)
    return size, card.ab_scale, session


def _in_pool(one: Callable[[Path], None], photos: Folder, made: Path) -> Path:
    with ThreadPoolExecutor(available_cores()) as pool:
        list(pool.map(one, photos.files))
    return made


_ALL = (
    Competitor(OURS, our_pipeline, 0.5),
    Competitor("the network alone", network_alone),
    Competitor("the network alone, passes side by side", network_side_by_side),
    # Neither keeps the lightness of colours outside of sRGB.
    Competitor("OpenCV, ONNX Runtime", opencv_pipeline, 2, ("cv2",)),
    Competitor("Pillow, scikit-image, ONNX Runtime", skimage_pipeline, 2, ("PIL", "skimage")),
)
