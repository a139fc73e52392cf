"""What a run shows while it goes on: metrics as JSON lines, their plot, triptychs of samples."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from colorlab import _core, image_io
from colorlab.color import lab_to_rgb
from numpy.typing import NDArray

# Panels of the plot, from the top: the names that are drawn where a run has them.
PANELS = (
    ("loss", "cross_entropy"),
    ("ab_error",),
    ("adversarial", "feature_matching", "discriminator_loss", "discriminator_accuracy"),
)
SCORES = Path("samples/scores.json")


class MetricsLog:
    """Appends rows to metrics.jsonl; a resumed run drops the rows after its checkpoint's step."""

    def __init__(self, run: Path, step: int) -> None:
        self.path = run / "metrics.jsonl"
        kept = [row for row in self.rows() if row["step"] <= step]
        text = "".join(json.dumps(row) + "\n" for row in kept)
        temporary = self.path.with_suffix(".tmp")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(self.path)

    def rows(self) -> list[dict[str, Any]]:
        """The rows so far; a last line that a crash cut off does not count."""
        if not self.path.exists():
            return []
        lines = self.path.read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines[:-1]]

    def append(self, values: Mapping[str, float | int | str]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(dict(values)) + "\n")

    def plot(self) -> None:
        """losses.png: the generator's losses, its error in a*b* units, and the discriminator's."""
        from matplotlib.figure import Figure

        rows = self.rows()
        panels = [names for names in PANELS if any(name in row for row in rows for name in names)]
        if not panels:
            return
        figure = Figure(figsize=(9, 3 * len(panels)), layout="constrained")
        axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for axis, names in zip(axes, panels, strict=True):
            for name in names:
                points = [(row["step"], row[name]) for row in rows if name in row]
                if points:
                    axis.plot(*zip(*points, strict=True), label=name, linewidth=1)
            axis.legend()
            axis.grid(alpha=0.3)
        axes[-1].set_xlabel("step")
        figure.savefig(self.path.with_name("losses.png"), dpi=110)


def write_unreadable(run: Path, failed: Sequence[tuple[str, str]]) -> None:
    """unreadable.tsv: the photos that could not be read, with the reasons."""
    if failed:
        lines = "".join(f"{path}\t{reason}\n" for path, reason in failed)
        (run / "unreadable.tsv").write_text(lines, encoding="utf-8", errors="surrogateescape")


def triptych_sheet(
    lightness: NDArray[np.float32],
    ab_true: NDArray[np.float32],
    ab_predicted: NDArray[np.float32],
    ab_scale: float,
) -> NDArray[np.uint8]:
    """Rows of grey | truth | colorized, two samples per row: uint8 RGB."""
    l_star = (lightness + 1) * 50
    grown = np.stack(
        [_core.upsample_ab(ab, grey[..., 0]) for ab, grey in zip(ab_predicted, l_star, strict=True)]
    )
    panels = [
        lab_to_rgb(np.concatenate([l_star, ab * ab_scale], -1).astype(np.float32), gamut="chroma")
        for ab in (np.zeros_like(ab_true), ab_true, grown)
    ]
    rows = np.concatenate(panels, axis=2)  # [N, c, 3c, 3]
    count = len(rows) // 2 * 2
    pairs = [np.concatenate([rows[i], rows[i + 1]], axis=1) for i in range(0, count, 2)]
    sheet: NDArray[np.uint8] = np.concatenate(pairs or [rows[0]], axis=0)
    return sheet


def write_triptychs(run: Path, step: int, sheet: NDArray[np.uint8]) -> Path:
    """samples/000400.png, replaced if it is there (a resumed run passes the step again)."""
    path = run / "samples" / f"{step:06d}.png"
    path.parent.mkdir(exist_ok=True)
    image_io.write(path, sheet, overwrite=True)
    return path


def write_scores(
    run: Path, step: int, true: NDArray[np.float32], colorized: NDArray[np.float32]
) -> None:
    """Adds a row to samples/scores.json: how true the discriminator takes each sample for."""
    rows = [row for row in read_scores(run) if row["step"] < step]
    rows.append({"step": step, "truth": true.tolist(), "colorized": colorized.tolist()})
    path = run / SCORES
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(rows), encoding="utf-8")
    temporary.replace(path)


def read_scores(run: Path) -> list[dict[str, Any]]:
    """The rows that `write_scores` wrote, none without a discriminator."""
    path = run / SCORES
    if not path.exists():
        return []
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return rows
