"""Generators beside each other on the same photos: quality, speed and size, and what they paint."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from colorlab import evaluation, evaluation_report
from colorlab import html_report as page
from colorlab.bench import machine
from colorlab.colorizer import Colorizer
from colorlab.evaluation import Measured
from colorlab.session import available_cores

__all__ = ["Grid", "as_html", "as_text", "compare"]

_SHOWN = 12  # photos in the grid
_SIDE = 200  # of a picture, pixels
_PASSES = 9  # that speed is the median of
_QUALITY = (
    "psnr",
    "ssim",
    "delta_e00",
    "auc",
    "auc_rebalanced",
    "cf_share",
    "delta_cf",
    "grey_fraction",
    "edge_bleed",
)


class Grid:
    """Pictures of some photos as each generator paints them, beside the grey and the truth.

    Args:
        names: of all photos; the grid shows some, evenly spread.
    """

    def __init__(self, names: Sequence[str]) -> None:
        count = min(_SHOWN, len(names))
        self._shown = {names[i * len(names) // count] for i in range(count)}
        self._rows: dict[str, dict[str, str]] = {}

    def add(self, generator: str, photo: Measured) -> None:
        """Keeps a photo's pictures when it is one of the grid's."""
        name = str(photo.row["name"])
        if name not in self._shown:
            return
        row = self._rows.setdefault(name, {})
        if not row:
            row["grey"] = page.picture(photo.grey, side=_SIDE)
            row["truth"] = page.picture(photo.truth, side=_SIDE)
        row[generator] = page.picture(photo.output, side=_SIDE, alt=f"{name} by {generator}")

    def table(self, generators: Sequence[str]) -> str:
        """A row for each photo."""
        header = ("grey", *generators, "truth")
        return page.table(header, ([row.get(each, "") for each in header] for row in self.rows))

    @property
    def rows(self) -> list[dict[str, str]]:
        """Pictures by generator, "grey" and "truth"."""
        return list(self._rows.values())


def compare(
    models: Sequence[str],
    photos: Sequence[Path],
    *,
    root: Path,
    threads: int | None = None,
    on_photo: Callable[[], None] = lambda: None,
) -> tuple[dict[str, Any], Grid]:
    """Measures each generator on the photos by the protocol of `colorlab evaluate`.

    Args:
        models: bundled names or ONNX files. photos: colour photos below `root`.
        threads: of the network, None is every core. on_photo: called for each photo of each.

    Returns:
        The report, ready for JSON, and the grid of pictures.

    Raises:
        ModelError: a generator cannot be used. InvalidArgumentError: no photo could be measured.
    """
    labels = _labels(models)
    grid = Grid([evaluation.name_of(path, root) for path in photos])
    rows = []
    protocol: dict[str, Any] = {}
    for model, label in zip(models, labels, strict=True):
        with Colorizer(model, threads=threads) as colorizer:
            found = evaluation.evaluate(
                photos,
                lambda _path, _truth, grey, c=colorizer: np.asarray(c.colorize(grey)),  # type: ignore[misc]
                root=root,
                workers=available_cores(),
                on_photo=lambda *_: on_photo(),
                on_measured=lambda photo, label=label: grid.add(label, photo),  # type: ignore[misc]
            )
            protocol = found.protocol
            rows.append(
                {"label": label, "name": colorizer.card.name, "version": colorizer.card.version}
                | {"sha256": colorizer.sha256, "bytes": colorizer.file_size}
                | _speed(colorizer)
                | {"failed": len(found.failed), "protocol": protocol["hash"]}
                | {"summary": found.summary, "intervals": found.intervals}
            )
    return {"machine": machine.describe(), "protocol": protocol, "models": rows}, grid


def _labels(models: Sequence[str]) -> list[str]:
    """Short names: the files' own, numbered where two are alike."""
    stems = [Path(model).stem for model in models]
    return [
        stem if stems.count(stem) == 1 else f"{stem} ({number})"
        for number, stem in enumerate(stems, 1)
    ]


def _speed(colorizer: Colorizer) -> dict[str, Any]:
    """Seconds of one pass of the network for a square photo at the size it is best at."""
    side = colorizer.card.default_size
    photo = colorizer.prepare(np.zeros((side, side), np.uint8))
    times = []
    for _ in range(_PASSES + 1):
        begin = time.perf_counter()
        colorizer.predict([photo])
        times.append(time.perf_counter() - begin)
    return {"size": side, "network_seconds": median(times[1:])}


def _header() -> list[str]:
    titles = {key: title for key, title, _ in evaluation_report.METRICS}
    return ["generator", "MB", "size, px", "network, ms", *(titles[key] for key in _QUALITY)]


def _rows(report: dict[str, Any]) -> Iterator[list[str]]:
    forms = {key: form for key, _, form in evaluation_report.METRICS}
    for row in report["models"]:
        summary = row["summary"]
        figures = [f"{summary[key]:{forms[key]}}" for key in _QUALITY]
        milliseconds = f"{row['network_seconds'] * 1e3:.1f}"
        yield [row["label"], f"{row['bytes'] / 1e6:.1f}", str(row["size"]), milliseconds, *figures]


def as_text(report: dict[str, Any]) -> str:
    """A table for a terminal: a column for each generator."""
    table = [_header(), *_rows(report)]
    lines = ["".join(f"{cell:>18}" for cell in cells) for cells in zip(*table, strict=True)]
    return "\n".join([*lines, "", _about(report)])


def as_html(report: dict[str, Any], grid: Grid) -> str:
    """A page: the table, and the grid."""
    table = page.table(_header(), _rows(report))
    parts = [
        page.paragraph(_about(report)),
        table,
        page.heading("The same photos by each"),
        grid.table([row["label"] for row in report["models"]]),
    ]
    return page.page("colorlab: generators side by side", parts)


def _about(report: dict[str, Any]) -> str:
    at, protocol = report["machine"], report["protocol"]
    return (
        f"{protocol['photos']} photos, short side {protocol['short_side']}, protocol "
        f"{protocol['hash']}; {at['cpu']}, {at['cores']} cores"
    )
