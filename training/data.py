"""Photos as training batches, by the native loader."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path

from colorlab import _core
from colorlab.errors import TrainingError

from .config import Config, DataConfig

Item = tuple[str, str, int, int]  # source, name, offset, size


def index(sources: Sequence[Path]) -> list[Item]:
    """Every photo in the given folders, files and tar shards. Raises TrainingError when none is."""
    items = _core.index_photos([str(s) for s in sources])
    if not items:
        raise TrainingError(
            "no photos found",
            path=str(sources[0]) if sources else None,
            hint="Give folders, photos or .tar shards of JPEG, PNG or WebP files.",
        )
    return items


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
    try:
        with Path(config.manifest).open(encoding="utf-8", newline="") as file:
            source_of = {row["file"]: row["source"] for row in csv.DictReader(file)}
    except (OSError, KeyError) as error:
        raise TrainingError(
            str(error), path=config.manifest, hint="A CSV with the columns file and source."
        ) from error
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


def open_loader(
    items: Sequence[Item], config: Config, *, seed: int, first_sample: int
) -> _core.PhotoLoader:
    """Endless batches; `.next()` gives lightness [N,c,c,1] and ab [N,c,c,2], float32."""
    data = config.data
    return _core.PhotoLoader(
        list(items),
        batch=data.batch,
        crop=data.crop,
        min_scale=data.min_scale,
        flip=data.flip,
        ab_scale=config.model.ab_scale,
        seed=seed,
        first_sample=first_sample,
        threads=data.threads,
        weights=item_weights(items, data),
        film=dataclasses.asdict(config.augment),
    )
