"""Codecs in memory: JPEG, PNG, WebP and TIFF, to pixels and back, with equal settings."""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from colorlab import _core, image_io
from colorlab.bench.peers import opencv, opencv_jpeg
from colorlab.bench.pictures import megapixels, picture
from colorlab.bench.race import OURS, Case, Competitor

__all__ = ["cases"]

Array = npt.NDArray[Any]
Run = Callable[[], Any]

QUALITY, COMPRESSION = 92, 4
#: mean error, codes, that quality 92 leaves in the test picture's noise
_LOSS = {"jpeg": 5.0, "png": 0.0, "webp": 8.0, "tiff": 0.0}


@dataclass(frozen=True, slots=True)
class File:
    """A picture and one file of it."""

    format: str
    pixels: npt.NDArray[np.uint8]  #: (H, W, 3)
    data: bytes


def cases(sizes: Sequence[str] = ("1024", "12MP")) -> Iterator[Case]:
    """Each format read and written at these sizes, by one thread; only JPEG above one megapixel.

    Deflate and WebP take seconds for large photos, and are no faster or slower there.
    """
    for format in _LOSS:
        for way, table, error in (("read", _READ, _read_error), ("write", _WRITE, _written_error)):
            for size in sizes:
                if format != "jpeg" and megapixels(size) > 2:
                    continue
                yield Case(
                    suite="files",
                    name=f"{format}-{way}",
                    title=f"{format.upper()} {'to' if way == 'read' else 'from'} 8-bit RGB",
                    size=size,
                    threads=1,
                    work=megapixels(size),
                    unit="MP/s",
                    inputs=partial(_file, format, size),
                    all_competitors=table[format],
                    error=error,
                    error_in="codes, mean",
                )


def _file(format: str, size: str) -> File:
    pixels = picture(size)
    return File(format, pixels, _encode(format, pixels))


def _encode(format: str, pixels: npt.NDArray[np.uint8]) -> bytes:
    if format == "jpeg":
        return _core.encode_jpeg(pixels, QUALITY)
    if format == "webp":
        return _core.encode_webp(pixels, QUALITY)
    if format == "tiff":
        return _core.encode_tiff(pixels, COMPRESSION)
    return _core.encode_png(pixels, COMPRESSION)


def _read_error(file: File, pixels: Array) -> float:
    return float(np.abs(pixels.astype(np.int16) - file.pixels).mean())


def _written_error(file: File, data: Any) -> float:
    return _read_error(file, image_io.read(bytes(data)))


def our_reader(file: File, threads: int) -> Run:
    return lambda: image_io.read(file.data)


def our_writer(file: File, threads: int) -> Run:
    return lambda: _encode(file.format, file.pixels)


def opencv_reader(file: File, threads: int) -> Run:
    cv2, data = opencv(threads), np.frombuffer(file.data, np.uint8)
    return lambda: cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)


def opencv_writer(file: File, threads: int) -> Run:
    cv2 = opencv(threads)
    bgr = np.ascontiguousarray(file.pixels[..., ::-1])
    settings = {
        "jpeg": opencv_jpeg(cv2, QUALITY),
        "png": [cv2.IMWRITE_PNG_COMPRESSION, COMPRESSION],
        "webp": [cv2.IMWRITE_WEBP_QUALITY, QUALITY],
    }[file.format]
    extension = {"jpeg": ".jpg"}.get(file.format, f".{file.format}")
    return lambda: cv2.imencode(extension, bgr, settings)[1]


def pillow_reader(file: File, threads: int) -> Run:
    image = importlib.import_module("PIL.Image")
    return lambda: np.asarray(image.open(io.BytesIO(file.data)).convert("RGB"))


def pillow_writer(file: File, threads: int) -> Run:
    source = importlib.import_module("PIL.Image").fromarray(file.pixels)
    formats: dict[str, dict[str, Any]] = {
        "jpeg": {"quality": QUALITY, "subsampling": 0},
        "png": {"compress_level": COMPRESSION},
        "webp": {"quality": QUALITY},
        "tiff": {"compression": "tiff_adobe_deflate"},
    }
    settings = formats[file.format]

    def run() -> bytes:
        buffer = io.BytesIO()
        source.save(buffer, file.format.upper(), **settings)
        return buffer.getvalue()

    return run


def simplejpeg_reader(file: File, threads: int) -> Run:
    simplejpeg = importlib.import_module("simplejpeg")
    out = np.empty_like(file.pixels)
    return lambda: simplejpeg.decode_jpeg(file.data, "RGB", buffer=out)


def simplejpeg_writer(file: File, threads: int) -> Run:
    simplejpeg = importlib.import_module("simplejpeg")
    return lambda: simplejpeg.encode_jpeg(file.pixels, QUALITY, "RGB", "444")


def imagecodecs_reader(file: File, threads: int) -> Run:
    tifffile = importlib.import_module("tifffile")
    return lambda: tifffile.imread(io.BytesIO(file.data), maxworkers=1)


def _table(
    ours: Any, opencv_way: Any, pillow: Any, more: dict[str, tuple[Competitor, ...]]
) -> dict[str, tuple[Competitor, ...]]:
    return {
        format: (
            Competitor(OURS, ours, loss),
            *([Competitor("OpenCV", opencv_way, loss, ("cv2",))] if format != "tiff" else []),
            Competitor("Pillow", pillow, loss, ("PIL",)),
            *more.get(format, ()),
        )
        for format, loss in _LOSS.items()
    }


_READ = _table(
    our_reader,
    opencv_reader,
    pillow_reader,
    {
        "jpeg": (Competitor("simplejpeg", simplejpeg_reader, _LOSS["jpeg"], ("simplejpeg",)),),
        "tiff": (
            Competitor("tifffile, imagecodecs", imagecodecs_reader, 0, ("tifffile", "imagecodecs")),
        ),
    },
)
_WRITE = _table(
    our_writer,
    opencv_writer,
    pillow_writer,
    {"jpeg": (Competitor("simplejpeg", simplejpeg_writer, _LOSS["jpeg"], ("simplejpeg",)),)},
)
