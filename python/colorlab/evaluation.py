"""Colorized photos against the truth: which photos, which metrics, under which protocol.

Two results are comparable if and only if their protocols have the same hash: the same files, the
same sizes, the same grey, the same version of the metrics.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from colorlab import _core, color, image_io, scores
from colorlab.errors import (
    ColorlabError,
    InputError,
    InputNotFoundError,
    InvalidArgumentError,
    OutputError,
)
from colorlab.scores import Scores

__all__ = [
    "FITS",
    "SHORT_SIDE",
    "Evaluation",
    "Fit",
    "Measured",
    "Scores",
    "check_free",
    "counterparts",
    "evaluate",
    "fitted",
    "name_of",
    "photo_files",
    "read_8bit",
    "root_of",
    "spread",
    "to_grey",
    "truth_at",
    "write_json",
]

SHORT_SIDE = 256
METRICS_VERSION = 1
_EXTENSIONS = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"}

_Photo = TypeVar("_Photo")
Fit = Literal["keep", "crop", "stretch"]
#: how a photo becomes one of the short side asked for, in the words of the protocol
FITS: dict[Fit, str] = {
    "keep": "area average, aspect kept, never enlarged",
    "crop": "largest centred square, area average (bilinear where enlarged)",
    "stretch": "to a square, aspect not kept, area average (bilinear where enlarged)",
}

Bytes = npt.NDArray[np.uint8]


def photo_files(source: Path) -> list[Path]:
    """Every photo below a folder, by extension, sorted by path; or those that a .txt file lists.

    A list has one path per line, relative to the list's own folder unless absolute; empty lines and
    those that start with # do not count.

    Raises:
        InputNotFoundError: there is no such folder or list. InvalidArgumentError: it names no
            photo. InputError: the list cannot be read.
    """
    if source.suffix.lower() == ".txt" and source.is_file():
        try:
            lines = source.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"the list cannot be read: {error}", path=str(source)) from error
        names = [line.strip() for line in lines]
        files = [source.parent / name for name in names if name and not name.startswith("#")]
    elif source.is_dir():
        found = (p for p in source.rglob("*") if p.suffix.lower() in _EXTENSIONS)
        files = sorted(p for p in found if p.is_file())
    else:
        raise InputNotFoundError(
            "there is no such folder or list of photos",
            path=str(source),
            hint="Give a folder, or a .txt file that lists photos",
        )
    if not files:
        raise InvalidArgumentError("there are no photos in it", path=str(source))
    return files


def spread(photos: Sequence[_Photo], count: int) -> list[_Photo]:
    """At most `count` of the photos, whatever stands for each, evenly over their order; all for 0.

    Raises:
        InvalidArgumentError: `count` is negative.
    """
    if count < 0:
        raise InvalidArgumentError(f"a limit of photos must be at least 0, not {count}")
    if not 0 < count < len(photos):
        return list(photos)
    return [photos[i * len(photos) // count] for i in range(count)]


def root_of(source: Path) -> Path:
    """What the names of the photos of a folder or list are relative to."""
    return source if source.is_dir() else source.parent


def read_8bit(path: Path) -> Bytes:
    """A photo's RGB pixels, uint8 (H, W, 3), 16 bits rounded to 8; raises as `colorlab.read`."""
    return image_io.to_8bit(image_io.read(path))


def truth_at(path: Path, short_side: int = SHORT_SIDE, fit: Fit = "keep") -> Bytes:
    """A colour photo at this short side, pixels: uint8 (H, W, 3); see `fitted`.

    Raises:
        InputError, ImageError: as `colorlab.read`.
    """
    return fitted(image_io.read(path), short_side, fit)


def fitted(pixels: npt.NDArray[Any], short_side: int, fit: Fit = "keep") -> Bytes:
    """A photo, uint8 or uint16 (H, W, 3), with this short side in pixels, as `FITS` describes.

    Returns:
        uint8 (h, w, 3); for a short side of 0 of the photo's own size.
    """
    if short_side == 0:
        return image_io.to_8bit(pixels)
    if fit == "keep":
        return image_io.reduced(pixels, short_side)
    if fit == "crop":
        height, width = pixels.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        pixels = np.ascontiguousarray(pixels[top : top + side, left : left + side])
    return image_io.resized(pixels, short_side, short_side)


def to_grey(rgb: Bytes) -> Bytes:
    """The grey photo, uint8 (H, W), whose displayed L* is that of a colour photo (H, W, 3)."""
    l_star = color.lightness(rgb)
    neutral = np.stack([l_star, np.zeros_like(l_star), np.zeros_like(l_star)], -1)
    return np.ascontiguousarray(color.lab_to_rgb(neutral)[..., 1], np.uint8)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured: `summary` of the outputs, `all_grey` of no colour at all, all rows."""

    protocol: dict[str, Any]
    summary: dict[str, float]
    intervals: dict[str, tuple[float, float]]  #: 95 %, of most of the summary
    all_grey: dict[str, float]
    rows: list[dict[str, Any]]
    failed: list[dict[str, str]]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON, with the gains over all-grey."""
        gains = {
            key: self.summary[key] - self.all_grey[key]
            for key in ("psnr", "ssim", "delta_e00", "delta_e76", "auc", "auc_rebalanced")
        }
        return {
            "protocol": self.protocol,
            "summary": self.summary,
            "intervals": {key: list(ends) for key, ends in self.intervals.items()},
            "all_grey": self.all_grey,
            "over_all_grey": gains,
            "photos": self.rows,
            "failed": self.failed,
        }


@dataclass(frozen=True, slots=True)
class Measured:
    """One photo that was measured, while it is at hand."""

    row: dict[str, Any]
    truth: Bytes  #: (H, W, 3)
    grey: Bytes  #: (H, W)
    output: Bytes  #: (H, W, 3)
    cells: npt.NDArray[np.int64]
    grey_row: dict[str, Any]
    grey_cells: npt.NDArray[np.int64]


Colorized = Callable[[Path, Bytes, Bytes], Bytes]


def evaluate(
    truths: Sequence[Path],
    colorized: Colorized,
    *,
    root: Path,
    short_side: int = SHORT_SIDE,
    fit: Fit = "keep",
    workers: int = 1,
    on_photo: Callable[[int, int], None] = lambda *_: None,
    on_measured: Callable[[Measured], None] = lambda _: None,
) -> Evaluation:
    """Measures colorized photos against the truth, in memory for a few of them.

    Args:
        truths: colour photos, named relative to `root` in the protocol and the rows.
        colorized: gives the uint8 RGB result for (path, truth, grey), of the truth's size; called
            by as many threads at once as there are workers.
        short_side: truths are reduced to it; 0 leaves them as they are.
        fit: how; see `FITS`.
        workers: photos measured at once; the result does not depend on it.
        on_photo: told (done, total) after each photo.
        on_measured: given each photo with its pixels, in their order.

    A photo that cannot be read or coloured is listed in `failed` and not measured.

    Raises:
        InvalidArgumentError: no photo could be measured.
    """
    outputs, greys = Scores(), Scores()
    failed: list[dict[str, str]] = []

    def one(path: Path) -> Measured | ColorlabError:
        try:
            return _measured(path, name_of(path, root), colorized, short_side, fit)
        except ColorlabError as error:
            return error

    for number, (path, found) in enumerate(_in_order(one, truths, workers), 1):
        if isinstance(found, ColorlabError):
            name = name_of(path, root)
            failed.append({"name": name, "code": found.code, "reason": str(found)})
        else:
            outputs.take(found.row, found.cells)
            greys.take(found.grey_row, found.grey_cells)
            on_measured(found)
        on_photo(number, len(truths))
    if not outputs.rows:
        first = f": {failed[0]['reason']}" if failed else ""
        raise InvalidArgumentError(f"no photo could be measured{first}", path=str(root))
    protocol = protocol_of((row["name"] for row in outputs.rows), short_side, fit)
    return Evaluation(
        protocol,
        outputs.summary(),
        outputs.intervals(),
        greys.summary(),
        outputs.rows,
        failed,
    )


def _measured(path: Path, name: str, colorized: Colorized, short_side: int, fit: Fit) -> Measured:
    truth = truth_at(path, short_side, fit)
    grey = to_grey(truth)
    output = colorized(path, truth, grey)
    row, cells = scores.measure(name, truth, output)
    all_grey = scores.measure(name, truth, np.repeat(grey[..., None], 3, axis=2))
    return Measured(row, truth, grey, output, cells, *all_grey)


def _in_order(
    one: Callable[[Path], Measured | ColorlabError], paths: Sequence[Path], workers: int
) -> Iterator[tuple[Path, Measured | ColorlabError]]:
    """What `one` gives for each path, in their order, few of them ahead."""
    if workers == 1:
        yield from ((path, one(path)) for path in paths)
        return
    ahead: deque[tuple[Path, Future[Measured | ColorlabError]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for path in paths:
                ahead.append((path, pool.submit(one, path)))
                if len(ahead) > 2 * workers:
                    first, found = ahead.popleft()
                    yield first, found.result()
            for first, found in ahead:
                yield first, found.result()
        finally:
            pool.shutdown(cancel_futures=True)


def name_of(path: Path, root: Path) -> str:
    """What a photo is called in protocols and rows."""
    try:
        return path.relative_to(root).as_posix()
    except ValueError:  # an absolute path in a list
        return path.as_posix()


def check_free(path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Finds out early that a result would have no place.

    Raises:
        OutputError: the file exists (code "output_exists"), is a folder, or lies in none.
    """
    place, name = Path(path), os.fspath(path)
    if place.is_dir():
        raise OutputError("is a folder", path=name, hint="Name a file in it")
    if not overwrite and os.path.lexists(place):
        raise OutputError(
            "there is a file of this name already",
            code="output_exists",
            path=name,
            hint="Allow overwriting or choose another name",
        )
    if not place.absolute().parent.is_dir():
        raise OutputError("its folder does not exist", path=name, hint="Create the folder first")


def write_json(path: str | os.PathLike[str], result: Mapping[str, Any], *, overwrite: bool) -> None:
    """Writes figures as a JSON file, all or nothing.

    Raises:
        OutputError: the file exists (code "output_exists") or cannot be written.
    """
    text = json.dumps(dict(result), indent=1) + "\n"
    _core.write_file_atomically(os.fspath(path), text.encode(), overwrite=overwrite)


def protocol_of(names: Iterable[str], short_side: int, fit: Fit = "keep") -> dict[str, Any]:
    """What a number depends on besides the colorizer, and its hash."""
    listing = "".join(f"{name}\n" for name in names)
    protocol: dict[str, Any] = {
        "metrics_version": METRICS_VERSION,
        "short_side": short_side,
        "resize": FITS[fit],
        "grey": "8-bit sRGB grey of the truth's L*",
        "photos": listing.count("\n"),
        "photos_sha256": hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest(),
    }
    digest = hashlib.sha256(json.dumps(protocol, sort_keys=True).encode()).hexdigest()
    return protocol | {"hash": digest[:16]}


def counterparts(truths: Sequence[Path], root: Path, output: Path) -> dict[Path, Path]:
    """For each truth the file of the same relative name, or else stem, in a folder or list.

    Raises:
        InputNotFoundError: a truth has no counterpart, or there is no such folder or list.
        InputError, InvalidArgumentError: as `photo_files`.
    """
    base = root_of(output)
    by_name = {Path(name_of(path, base)): path for path in photo_files(output)}
    by_stem = {name.with_suffix(""): path for name, path in by_name.items()}
    pairs = {}
    for path in truths:
        name = Path(name_of(path, root))
        found = by_name.get(name) or by_stem.get(name.with_suffix(""))
        if found is None:
            raise InputNotFoundError(
                "this photo has no colorized counterpart", path=str(base / name.with_suffix(""))
            )
        pairs[path] = found
    return pairs
