"""Colorized photos against the truth: which photos, which metrics, under which protocol.

Two results are comparable if and only if their protocols have the same hash: the same files, the
same sizes, the same grey, the same version of the metrics.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from colorlab import _core, color, image_io, metrics
from colorlab.errors import (
    ColorlabError,
    InputError,
    InputNotFoundError,
    InvalidArgumentError,
    OutputError,
    ShapeError,
)

__all__ = [
    "SHORT_SIDE",
    "Evaluation",
    "Scores",
    "check_free",
    "counterparts",
    "evaluate",
    "photo_files",
    "root_of",
    "to_grey",
    "truth_at",
    "write_json",
]

SHORT_SIDE = 256
METRICS_VERSION = 1
_EXTENSIONS = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"}
_BIN = 10.0  # side of the ab cells that the rebalanced AuC gives equal weight

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
        raise InputNotFoundError("there is no such folder or list of photos", path=str(source))
    if not files:
        raise InvalidArgumentError("there are no photos in it", path=str(source))
    return files


def root_of(source: Path) -> Path:
    """What the names of the photos of a folder or list are relative to."""
    return source if source.is_dir() else source.parent


def read_8bit(path: Path) -> Bytes:
    """A photo's RGB pixels (H, W, 3), 16 bits rounded to 8."""
    return image_io.to_8bit(image_io.read(path))


def truth_at(path: Path, short_side: int = SHORT_SIDE) -> Bytes:
    """A colour photo reduced (exact area average) to this short side; smaller ones stay."""
    return image_io.reduced(image_io.read(path), short_side)


def to_grey(rgb: Bytes) -> Bytes:
    """The grey photo (H, W) whose displayed L* is that of the colour photo, 8 bits."""
    l_star = color.lightness(rgb)
    neutral = np.stack([l_star, np.zeros_like(l_star), np.zeros_like(l_star)], -1)
    return np.ascontiguousarray(color.lab_to_rgb(neutral)[..., 1], np.uint8)


@dataclass(slots=True)
class Scores:
    """Sums over photos; `add` one at a time, in bounded memory but for a row of numbers each."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    _cells: dict[tuple[int, int], npt.NDArray[np.int64]] = field(default_factory=dict)

    def add(self, name: str, truth: Bytes, output: Bytes) -> dict[str, Any]:
        """Measures one photo and returns its row."""
        if truth.shape != output.shape:
            raise ShapeError(
                f"the colorized photo is {output.shape}, the truth {truth.shape}", path=name
            )
        truth_lab, output_lab = color.rgb_to_lab(truth), color.rgb_to_lab(output)
        delta_l = np.abs(truth_lab[..., 0] - output_lab[..., 0])
        row = {
            "name": name,
            "psnr": min(metrics.psnr(truth, output), 100.0),
            "delta_e00": float(metrics.delta_e(truth_lab, output_lab).mean()),
            "delta_e76": float(metrics.delta_e(truth_lab, output_lab, formula="76").mean()),
            "auc": metrics.auc_from_counts(metrics.ab_error_counts(truth_lab, output_lab)),
            "cf": metrics.colorfulness(output),
            "cf_truth": metrics.colorfulness(truth),
            "grey_fraction": metrics.grey_fraction(output_lab),
            "mean_delta_l": float(delta_l.mean()),
            "max_delta_l": float(delta_l.max()),
        }
        self._add_cells(truth_lab, output_lab)
        self.rows.append(row)
        return row

    def _add_cells(self, truth: npt.NDArray[np.float32], output: npt.NDArray[np.float32]) -> None:
        cells = np.round(truth[..., 1:].reshape(-1, 2) / _BIN).astype(np.int64)
        keys, index = np.unique(cells, axis=0, return_inverse=True)
        truth_ab, output_ab = truth.reshape(-1, 3), output.reshape(-1, 3)
        order = np.argsort(index, kind="stable")
        starts = np.searchsorted(index[order], np.arange(len(keys) + 1))
        for number, key in enumerate(keys):
            chosen = order[starts[number] : starts[number + 1]]
            counts = metrics.ab_error_counts(truth_ab[chosen], output_ab[chosen])
            cell = (int(key[0]), int(key[1]))
            self._cells[cell] = self._cells.get(cell, 0) + counts

    def summary(self) -> dict[str, float]:
        """Means over photos, CF as a share of the truth's, and the class-rebalanced AuC.

        `auc_rebalanced` weights each cell of the ab plane (10 x 10) that the truth shows equally,
        in place of each pixel (Zhang et al. 2016 weight pixels by the inverse of the probability
        of their class).
        """
        if not self.rows:
            raise InvalidArgumentError("no photos were measured")
        names = [key for key in self.rows[0] if key != "name"]
        means = {key: float(np.mean([row[key] for row in self.rows])) for key in names}
        means["max_delta_l"] = float(max(row["max_delta_l"] for row in self.rows))
        means["cf_share"] = means["cf"] / means["cf_truth"] if means["cf_truth"] else 0.0
        means["delta_cf"] = abs(means["cf"] - means["cf_truth"])
        means["delta_cf_per_photo"] = float(
            np.mean([abs(row["cf"] - row["cf_truth"]) for row in self.rows])
        )
        means["auc_rebalanced"] = float(
            np.mean([metrics.auc_from_counts(counts) for counts in self._cells.values()])
        )
        return means


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured: `summary` of the outputs, `all_grey` of no colour at all, all rows."""

    protocol: dict[str, Any]
    summary: dict[str, float]
    all_grey: dict[str, float]
    rows: list[dict[str, Any]]
    failed: list[dict[str, str]]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON, with the gains over all-grey."""
        gains = {
            key: self.summary[key] - self.all_grey[key]
            for key in ("psnr", "delta_e00", "auc", "auc_rebalanced")
        }
        return {
            "protocol": self.protocol,
            "summary": self.summary,
            "all_grey": self.all_grey,
            "over_all_grey": gains,
            "photos": self.rows,
            "failed": self.failed,
        }


def evaluate(
    truths: Sequence[Path],
    colorized: Callable[[Path, Bytes, Bytes], Bytes],
    *,
    root: Path,
    short_side: int = SHORT_SIDE,
    on_photo: Callable[[int, int], None] = lambda *_: None,
) -> Evaluation:
    """Measures colorized photos against the truth.

    Args:
        truths: colour photos, named relative to `root` in the protocol and the rows.
        colorized: gives the uint8 RGB result for (path, truth, grey), of the truth's size.
        short_side: truths are reduced to it; 0 leaves them as they are.
        on_photo: told (done, total) after each photo.

    A photo that cannot be read or coloured is listed in `failed` and not measured.

    Raises:
        InvalidArgumentError: no photo could be measured.
    """
    scores, grey_scores = Scores(), Scores()
    failed: list[dict[str, str]] = []
    done: list[Path] = []
    for number, path in enumerate(truths, 1):
        name = _name_of(path, root)
        try:
            truth = truth_at(path, short_side or 1 << 30)
            grey = to_grey(truth)
            output = colorized(path, truth, grey)
            scores.add(name, truth, output)
        except ColorlabError as error:
            failed.append({"name": name, "code": error.code, "reason": str(error)})
        else:
            grey_scores.add(name, truth, np.repeat(grey[..., None], 3, axis=2))
            done.append(path)
        on_photo(number, len(truths))
    if not done:
        first = f": {failed[0]['reason']}" if failed else ""
        raise InvalidArgumentError(f"no photo could be measured{first}", path=str(root))
    protocol = protocol_of((_name_of(p, root) for p in done), short_side)
    return Evaluation(protocol, scores.summary(), grey_scores.summary(), scores.rows, failed)


def _name_of(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:  # an absolute path in a list
        return path.as_posix()


def check_free(path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Finds out early that a result would have no place.

    Raises:
        OutputError: the file exists (code "output_exists").
    """
    if not overwrite and Path(path).exists():
        raise OutputError(
            "there is a file of this name already",
            code="output_exists",
            path=os.fspath(path),
            hint="Allow overwriting or choose another name",
        )


def write_json(path: str | os.PathLike[str], result: Mapping[str, Any], *, overwrite: bool) -> None:
    """Writes figures as a JSON file, all or nothing.

    Raises:
        OutputError: the file exists (code "output_exists") or cannot be written.
    """
    text = json.dumps(dict(result), indent=1) + "\n"
    _core.write_file_atomically(os.fspath(path), text.encode(), overwrite=overwrite)


def protocol_of(names: Iterable[str], short_side: int) -> dict[str, Any]:
    """What a number depends on besides the colorizer, and its hash."""
    listing = "".join(f"{name}\n" for name in names)
    protocol: dict[str, Any] = {
        "metrics_version": METRICS_VERSION,
        "short_side": short_side,
        "resize": "area average, aspect kept, never enlarged",
        "grey": "8-bit sRGB grey of the truth's L*",
        "photos": listing.count("\n"),
        "photos_sha256": hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest(),
    }
    digest = hashlib.sha256(json.dumps(protocol, sort_keys=True).encode()).hexdigest()
    return protocol | {"hash": digest[:16]}


def counterparts(truths: Sequence[Path], root: Path, output: Path) -> dict[Path, Path]:
    """For each truth the file of the same relative stem below the folder `output`.

    Raises:
        InputNotFoundError: a truth has no counterpart, or there is no such folder.
    """
    by_stem = {p.relative_to(output).with_suffix(""): p for p in photo_files(output)}
    pairs = {}
    for path in truths:
        stem = Path(_name_of(path, root)).with_suffix("")
        if stem not in by_stem:
            raise InputNotFoundError(
                "this photo has no colorized counterpart", path=str(output / stem)
            )
        pairs[path] = by_stem[stem]
    return pairs
