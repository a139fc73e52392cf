"""What a run is trained on: photos by the native loader, or images that are made."""

from __future__ import annotations

import csv
import dataclasses
import glob
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from colorlab import _core, evaluation, image_io
from colorlab.color import lab_to_rgb
from colorlab.errors import ImageError, TrainingError
from numpy.typing import NDArray

from . import shapes
from .config import Config, DataConfig

Item = tuple[str, str, int, int]  # source, name, offset, size
Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


def index(sources: Sequence[Path]) -> list[Item]:
    """Every photo in the given folders, files, tar shards, globs and .txt lists of such.

    A list names one source a line, relative to its own folder; lines that start with # do not
    count. Raises TrainingError when there is no photo.
    """
    found = [path for source in sources for path in _expanded(source)]
    items: list[Item] = _core.index_photos([str(path) for path in found]) if found else []
    if not items:
        raise TrainingError(
            "no photos found",
            path=str(sources[0]) if sources else None,
            hint="Give folders, photos or .tar shards of JPEG, PNG or WebP files.",
        )
    return items


def _expanded(source: Path) -> list[Path]:
    if source.suffix.lower() == ".txt" and source.is_file():
        try:  # with the mark that editors put first, and file names that are no UTF-8
            text = source.read_text(encoding="utf-8-sig", errors="surrogateescape")
        except OSError as error:
            raise TrainingError(f"cannot be read: {error.strerror}", path=str(source)) from error
        lines = [line.strip() for line in text.splitlines()]
        return [source.parent / line for line in lines if line and not line.startswith("#")]
    if source.exists() or not glob.has_magic(str(source)):
        return [source]
    matches = sorted(Path(match) for match in glob.glob(str(source), recursive=True))  # noqa: PTH207
    if not matches:
        raise TrainingError("nothing matches it", path=str(source))
    return matches


def shard(items: Sequence[Item], worker: int, workers: int) -> list[Item]:
    """The photos of one worker of several that train on one data set: every `workers`-th."""
    if not 0 <= worker < workers:
        raise TrainingError(f"there is no worker {worker} of {workers}: they count from 0")
    return list(items[worker::workers])


def data_hash(items: Sequence[Item]) -> str:
    """SHA-256 over names and sizes: tells two data sets apart, not two versions of one file."""
    digest = hashlib.sha256()
    for source, name, _, size in items:
        digest.update(f"{Path(source).name}\0{name}\0{size}\n".encode())
    return digest.hexdigest()


def item_weights(items: Sequence[Item], config: DataConfig) -> list[float] | None:
    """A draw weight per item by its source in the manifest; None when every photo counts alike."""
    if not config.source_weights:
        return None
    if not config.manifest:
        raise TrainingError("data.source_weights needs data.manifest")
    hint = "A CSV with the columns file and source; none is needed without data.source_weights."
    try:
        with Path(config.manifest).open(encoding="utf-8-sig", newline="") as file:
            source_of = {row["file"]: row["source"] for row in csv.DictReader(file)}
    except KeyError as error:
        reason = f"the manifest has no column {error}"
        raise TrainingError(reason, path=config.manifest, hint=hint) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = f"the manifest cannot be read: {getattr(error, 'strerror', None) or error}"
        raise TrainingError(reason, path=config.manifest, hint=hint) from error
    known = set(source_of.values())
    unknown = set(config.source_weights) - known
    if unknown:
        raise TrainingError(
            f"data.source_weights names {sorted(unknown)[0]}, which no row has",
            path=config.manifest,
            hint=f"Sources: {', '.join(sorted(known))}.",
        )
    return [
        float(config.source_weights.get(source_of.get(Path(name).name, ""), 1.0))
        for _, name, _, _ in items
    ]


class Loader(Protocol):
    """Endless batches: lightness [N,c,c,1] (L*/50-1) and ab [N,c,c,2] over ab_scale, float32."""

    def next(self) -> tuple[Floats, Floats]: ...

    def failed(self) -> list[tuple[str, str]]: ...


class Source(Protocol):
    """What a run is trained on; `fingerprint` tells one data set from another."""

    fingerprint: str

    def open(self, *, seed: int, first_sample: int) -> Loader: ...

    def photos(self, count: int, *, short_side: int = 512) -> list[Bytes]:
        """Up to `count` pictures, uint8 RGB, spread over all that are there and can be read; those
        whose short side is longer are area-reduced."""
        ...


def open_source(sources: Sequence[Path], config: Config) -> Source:
    """The photos, or the shapes that `config.data.source` asks for.

    Raises:
        TrainingError: no photos, or photos for a run that makes its own images.
    """
    if config.data.source == "photos":
        return PhotoSource(index(sources), config)
    if sources:
        raise TrainingError(
            f"a run on {config.data.source} makes its own images", hint="Leave --data out."
        )
    return ShapeSource(config)


class PhotoSource:
    """Photos in folders, files and tar shards, by the native loader."""

    def __init__(self, items: Sequence[Item], config: Config) -> None:
        self.items, self.config = list(items), config
        self.fingerprint = data_hash(items)

    def open(self, *, seed: int, first_sample: int) -> Loader:
        data = self.config.data
        native = _core.PhotoLoader(
            self.items,
            batch=data.batch,
            crop=data.crop,
            min_scale=data.min_scale,
            flip=data.flip,
            ab_scale=self.config.model.ab_scale,
            seed=seed,
            first_sample=first_sample,
            threads=data.threads,
            weights=item_weights(self.items, data),
            film=dataclasses.asdict(self.config.augment),
        )
        return PhotoLoader(native)

    def photos(self, count: int, *, short_side: int = 512) -> list[Bytes]:
        images, reason = [], None
        for item in evaluation.spread(self.items, count):
            try:
                images.append(image_io.reduced(read(item), short_side))
            except (ImageError, OSError) as error:  # training skips them, too
                reason = error
        if not images:
            raise TrainingError(f"none of the photos can be read: {reason}") from reason
        return images


def read(item: Item) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """An item's pixels, RGB [H,W,3]. Raises ImageError or OSError when they cannot be had."""
    source, _, offset, size = item
    with Path(source).open("rb") as file:
        file.seek(offset)
        return image_io.read(file.read(size))


class PhotoLoader:
    """Batches by the native loader."""

    def __init__(self, native: _core.PhotoLoader) -> None:
        self._native = native

    def next(self) -> tuple[Floats, Floats]:
        """lightness [N,c,c,1] and ab [N,c,c,2]. Raises TrainingError where next to no photo can
        be read."""
        try:
            return self._native.next()
        except ImageError as error:
            failed = self.failed()
            if not failed:
                raise
            raise TrainingError(
                f"cannot be read: {failed[0][1]}; nor could {len(failed) - 1} others of the photos",
                path=failed[0][0],
                hint="`colorlab train --inspect-data` finds those that can.",
            ) from error

    def failed(self) -> list[tuple[str, str]]:
        """Paths of the photos that could not be read so far, with the reasons."""
        return self._native.failed()


class ShapeSource:
    """Coloured shapes, see shapes.py."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.fingerprint = hashlib.sha256(b"colorlab shapes 1").hexdigest()

    def open(self, *, seed: int, first_sample: int) -> Loader:
        return shapes.ShapeLoader(
            batch=self.config.data.batch,
            crop=self.config.data.crop,
            ab_scale=self.config.model.ab_scale,
            seed=seed,
            first_sample=first_sample,
        )

    def photos(self, count: int, *, short_side: int = 512) -> list[Bytes]:
        lab, _ = shapes.render(0, count, self.config.data.crop, self.config.seed + 1)
        return list(lab_to_rgb(lab))
