"""Figures of many photos: a row for each, their means with intervals, in bounded memory."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from colorlab import bootstrap, color, metrics
from colorlab.errors import InvalidArgumentError, ShapeError

__all__ = ["Scores"]

Bytes = npt.NDArray[np.uint8]

_BEST_PSNR = 100.0  # dB: of equal photos, whose own is infinite
_CELL = 10.0  # side of the ab cells that the rebalanced AuC gives equal weight
_CELLS = 23  # a side: the centres are -110, -100, ... 110, beyond which sRGB has no colours


class _CellAreas(NamedTuple):
    """The cells of the ab plane that a photo's truth shows, as the rebalanced AuC needs them."""

    cells: npt.NDArray[np.uint16]
    pixels: npt.NDArray[np.float64]  #: of each cell
    areas: npt.NDArray[np.float64]  #: sum over these pixels of the AuC that each has alone


@dataclass(slots=True)
class Scores:
    """Photos measured one at a time by `add`; a row of numbers is kept of each."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    _cells: list[_CellAreas] = field(default_factory=list)  #: of each photo

    def add(self, name: str, truth: Bytes, output: Bytes) -> dict[str, Any]:
        """Measures one photo, uint8 RGB (H, W, 3), and returns its row.

        Raises:
            ShapeError: the photos differ in size, or are too small.
        """
        row, cells = measure(name, truth, output)
        self.take(row, cells)
        return row

    def take(self, row: dict[str, Any], cells: npt.NDArray[np.int64]) -> None:
        """Adds what `measure` found."""
        self.rows.append(row)
        shown = np.flatnonzero(cells.any(axis=1))
        counts = cells[shown]
        self._cells.append(
            _CellAreas(
                shown.astype(np.uint16), counts.sum(axis=1, dtype=np.float64), counts @ _areas()
            )
        )

    def summary(self) -> dict[str, float]:
        """Means over photos (the largest of `max_delta_l`), and figures of all photos together.

        `cf_share` is the outputs' mean CF over the truths'. `delta_cf` is |mean CF - mean truth
        CF|, `delta_cf_per_photo` the mean of each photo's |CF - truth CF|: both are in use. The
        same with `_absolute` are of the other variant of CF. `auc_rebalanced` weights each cell of
        the ab plane (10 x 10) that the truth shows equally, in place of each pixel: the class
        balance of Zhang et al. 2016 (their equation 4 with lambda 0), with the classes' frequencies
        in these photos.

        Raises:
            InvalidArgumentError: no photo was measured.
        """
        if not self.rows:
            raise InvalidArgumentError("no photos were measured")
        found = {key: float(np.mean(column)) for key, column in self._columns().items()}
        found["max_delta_l"] = max(float(row["max_delta_l"]) for row in self.rows)
        found |= {key: float(figure(*columns)) for key, figure, *columns in self._joint()}
        found["auc_rebalanced"] = float(self._auc_rebalanced(np.ones((1, len(self.rows))))[0])
        return found

    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % bootstrap intervals over photos, of all in `summary` but `max_delta_l`, no mean."""
        names = [key for key in self._columns() if key != "max_delta_l"]
        found = {key: bootstrap.interval(_mean, self._columns()[key]) for key in names}
        found["auc_rebalanced"] = bootstrap.interval(
            lambda drawn: self._auc_rebalanced(_times_drawn(drawn)), np.arange(len(self.rows))
        )
        return found | {
            key: bootstrap.interval(figure, *columns) for key, figure, *columns in self._joint()
        }

    def _auc_rebalanced(self, times: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """With each photo taken so many times: (replicates, photos) to (replicates,)."""
        areas, pixels = np.zeros((2, len(self.rows), _CELLS**2))
        for number, photo in enumerate(self._cells):
            areas[number, photo.cells], pixels[number, photo.cells] = photo.areas, photo.pixels
        together = times @ pixels
        shown = together > 0
        means = np.divide(times @ areas, together, out=np.zeros_like(together), where=shown)
        balanced: npt.NDArray[np.float64] = means.sum(axis=1) / shown.sum(axis=1)
        return balanced

    def _columns(self) -> dict[str, npt.NDArray[np.float64]]:
        names = [key for key in self.rows[0] if key != "name"]
        return {key: np.array([row[key] for row in self.rows], np.float64) for key in names}

    def _joint(self) -> list[tuple[Any, ...]]:
        """Figures of two columns: name, function of arrays (..., photos), the columns."""
        columns = self._columns()
        found: list[tuple[Any, ...]] = [("cf_share", _share, columns["cf"], columns["cf_truth"])]
        for suffix in ("", "_absolute"):
            pair = columns[f"cf{suffix}"], columns[f"cf{suffix}_truth"]
            found.append((f"delta_cf{suffix}", _distance_of_means, *pair))
            found.append((f"delta_cf{suffix}_per_photo", _mean_distance, *pair))
        return found


def measure(name: str, truth: Bytes, output: Bytes) -> tuple[dict[str, Any], npt.NDArray[np.int64]]:
    """Measures one photo, uint8 RGB (H, W, 3); threads may do this at once.

    Returns:
        Its row, and its pixels counted by cell of the ab plane and step of their error.

    Raises:
        ShapeError: the photos differ in size, or are too small.
    """
    if truth.shape != output.shape:
        raise ShapeError(
            f"the colorized photo is {output.shape}, the truth {truth.shape}", path=name
        )
    truth_lab, output_lab = (color.rgb_to_lab(rgb, threads=1) for rgb in (truth, output))
    delta_l = np.abs(truth_lab[..., 0] - output_lab[..., 0])
    distance = metrics.ab_distance(truth_lab, output_lab)
    cells = _count(truth_lab, metrics.ab_error_steps(distance))
    row = {
        "name": name,
        "psnr": min(metrics.psnr(truth, output), _BEST_PSNR),
        "ssim": metrics.ssim(truth, output),
        "delta_e00": metrics.mean_delta_e(truth_lab, output_lab),
        "delta_e76": float(np.sqrt(delta_l**2 + distance**2).mean(dtype=np.float64)),
        "auc": metrics.auc_from_counts(cells.sum(axis=0)),
        "grey_fraction": metrics.grey_fraction(output_lab),
        "edge_bleed": metrics.edge_bleed(truth_lab, distance),
        "mean_delta_l": float(delta_l.mean(dtype=np.float64)),
        "max_delta_l": float(delta_l.max()),
    }
    for suffix, variant in (("", "hasler"), ("_absolute", "absolute")):
        options: dict[str, Any] = {"variant": variant, "threads": 1}
        row[f"cf{suffix}"] = metrics.colorfulness(output, **options)
        row[f"cf{suffix}_truth"] = metrics.colorfulness(truth, **options)
    return row, cells


def _count(
    truth_lab: npt.NDArray[np.float32], steps: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Pixels by the truth's cell and the step of their error: (_CELLS^2, AUC_STEPS + 1)."""
    at = np.round(truth_lab[..., 1:] / np.float32(_CELL)).astype(np.int64) + _CELLS // 2
    at = np.clip(at, 0, _CELLS - 1)
    columns = metrics.AUC_STEPS + 1
    index = (at[..., 0] * _CELLS + at[..., 1]) * columns + steps
    counts = np.bincount(index.ravel(), minlength=_CELLS**2 * columns)
    return counts.reshape(_CELLS**2, columns)


@functools.cache
def _areas() -> npt.NDArray[np.float64]:
    """The AuC of one pixel alone, by the step of its error."""
    alone = np.eye(metrics.AUC_STEPS + 1, dtype=np.int64)
    return np.array([metrics.auc_from_counts(counts) for counts in alone])


def _times_drawn(drawn: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How often each photo is among those drawn, numbers (replicates, photos): the same shape."""
    count = drawn.shape[1]
    rows = [np.bincount(row.astype(np.int64), minlength=count) for row in drawn]
    return np.array(rows, np.float64)


def _mean(x: Any) -> Any:
    return np.mean(x, axis=-1)


def _share(output: Any, truth: Any) -> Any:
    whole = np.mean(truth, axis=-1)
    return np.mean(output, axis=-1) / np.where(whole > 0, whole, np.inf)


def _distance_of_means(output: Any, truth: Any) -> Any:
    return np.abs(np.mean(output, axis=-1) - np.mean(truth, axis=-1))


def _mean_distance(output: Any, truth: Any) -> Any:
    return np.mean(np.abs(output - truth), axis=-1)
