"""What a run shows while it goes on: a CSV of losses, their plot, and triptychs of samples."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from colorlab import image_io
from colorlab.color import lab_to_rgb

from .models import DOWNSCALE

COLUMNS = (
    "step",
    "stage",
    "loss",
    "cross_entropy",
    "ab_error",
    "adversarial",
    "discriminator_loss",
    "discriminator_accuracy",
    "learning_rate",
    "images_per_second",
)


class LossLog:
    """Appends rows to losses.csv; a resumed run drops rows after its checkpoint's step."""

    def __init__(self, run: Path, step: int) -> None:
        self.path = run / "losses.csv"
        rows = [r for r in self._rows() if int(r["step"]) <= step]
        with self.path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)

    def _rows(self) -> list[dict[str, str]]:
        if not self.path.exists():
            return []
        with self.path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def append(self, values: dict[str, float | int | str]) -> None:
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, COLUMNS).writerow(values)

    def plot(self) -> None:
        """losses.png: the generator's losses above, the discriminator's below, if it has any."""
        from matplotlib.figure import Figure

        rows = self._rows()
        if not rows:
            return
        figure = Figure(figsize=(9, 6), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True)
        for axis, names in (
            (above, ("loss", "cross_entropy", "adversarial")),
            (below, ("ab_error", "discriminator_loss", "discriminator_accuracy")),
        ):
            for name in names:
                points = [(int(r["step"]), float(r[name])) for r in rows if r[name]]
                if points:
                    axis.plot(*zip(*points, strict=True), label=name)
            axis.legend()
            axis.grid(alpha=0.3)
        below.set_xlabel("step")
        figure.savefig(self.path.with_suffix(".png"), dpi=110)


def triptych_sheet(
    lightness: NDArray[np.float32],
    ab_true: NDArray[np.float32],
    ab_predicted: NDArray[np.float32],
    ab_scale: float,
) -> NDArray[np.uint8]:
    """Rows of grey | truth | colorized, two samples per row: uint8 RGB."""
    grown = ab_predicted.repeat(DOWNSCALE, axis=1).repeat(DOWNSCALE, axis=2)
    l_star = (lightness + 1) * 50
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
