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

from . import files

# Panels of the plot, from the top: what its axis says, and the names that are drawn where a run
# has them.
PANELS = (
    ("generator's loss", ("loss", "cross_entropy")),
    ("mean distance of ab,\na*b* units", ("ab_error",)),
    ("adversarial losses", ("adversarial", "feature_matching", "discriminator_loss")),
    ("discriminator's accuracy", ("discriminator_accuracy",)),
)
_MARKED = 30  # curves of so few points show them; one point alone is no line
SCORES = Path("samples/scores.json")
SMALLEST = 96  # side of a picture in a sheet of samples, pixels: smaller ones are enlarged


class MetricsLog:
    """Appends rows to metrics.jsonl; a resumed run drops the rows after its checkpoint's step."""

    def __init__(self, run: Path, step: int) -> None:
        self.path = run / "metrics.jsonl"
        kept = [row for row in self.rows() if row["step"] <= step]
        files.write_text(self.path, "".join(json.dumps(row) + "\n" for row in kept))

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
        """losses.png: the generator's losses and error, what its opponent makes of it."""
        from matplotlib.figure import Figure

        rows = self.rows()
        curves = {
            name: [(row["step"], row[name]) for row in rows if name in row]
            for _, names in PANELS
            for name in names
        }
        known = [(label, [name for name in names if curves[name]]) for label, names in PANELS]
        panels = [(label, names) for label, names in known if names]
        if not panels:
            return
        figure = Figure(figsize=(9, 2.5 * len(panels)), layout="constrained")
        axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for axis, (says, names) in zip(axes, panels, strict=True):
            for name in names:
                steps, values = zip(*curves[name], strict=True)
                marker = "o" if len(steps) <= _MARKED else None
                label = name.replace("_", " ")
                axis.plot(steps, values, label=label, linewidth=1, marker=marker, markersize=3)
            axis.set_ylabel(says)
            axis.grid(alpha=0.3)
            if len(names) > 1:
                axis.legend()
            if names == ["discriminator_accuracy"]:
                axis.set_ylim(-0.03, 1.03)
        axes[-1].set_xlabel("step")
        axes[-1].set_xlim(left=0)
        axes[-1].xaxis.get_major_locator().set_params(integer=True)
        figure.savefig(self.path.with_name("losses.png"), dpi=110)


def write_unreadable(run: Path, failed: Sequence[tuple[str, str]]) -> None:
    """Adds to unreadable.tsv the photos that could not be read, with the reasons."""
    path = run / "unreadable.tsv"
    known = path.read_text("utf-8", "surrogateescape").splitlines() if path.exists() else []
    listed = {line.split("\t")[0] for line in known}
    new = [f"{photo}\t{reason}" for photo, reason in failed if photo not in listed]
    if new:
        files.write_text(path, "".join(f"{line}\n" for line in [*known, *new]))


def triptych_sheet(
    lightness: NDArray[np.float32],
    ab_true: NDArray[np.float32],
    ab_predicted: NDArray[np.float32],
    ab_scale: float,
) -> NDArray[np.uint8]:
    """Rows of grey | truth | colorized, two samples per row (white after an odd last): uint8 RGB.

    Args:
        lightness: [N,c,c,1], L*/50 - 1. ab_true: [N,c,c,2]. ab_predicted: [N,h,w,2], over
            `ab_scale` like the true ones, brought to the size of the lightness along its edges.
    """
    l_star = (lightness + 1) * 50
    grown = np.stack(
        [_core.upsample_ab(ab, grey[..., 0]) for ab, grey in zip(ab_predicted, l_star, strict=True)]
    )
    panels = [
        lab_to_rgb(np.concatenate([l_star, ab * ab_scale], -1).astype(np.float32), gamut="chroma")
        for ab in (np.zeros_like(ab_true), ab_true, grown)
    ]
    rows: NDArray[np.uint8] = np.concatenate(panels, axis=2)  # [N, c, 3c, 3]
    if len(rows) > 1:
        if len(rows) % 2:
            rows = np.concatenate([rows, np.full_like(rows[:1], 255)])
        rows = np.concatenate([rows[::2], rows[1::2]], axis=2)
    times = -(-SMALLEST // lightness.shape[1])
    return np.concatenate([*rows]).repeat(times, axis=0).repeat(times, axis=1)


def sheet_path(run: Path, step: int) -> Path:
    """Where a step's sheet of samples lies: samples/000400.png."""
    return run / "samples" / f"{step:06d}.png"


def write_triptychs(run: Path, step: int, sheet: NDArray[np.uint8]) -> None:
    """Writes a step's sheet, or replaces it (a resumed run may pass the step again)."""
    path = sheet_path(run, step)
    path.parent.mkdir(exist_ok=True)
    image_io.write(path, sheet, overwrite=True)


def write_scores(
    run: Path, step: int, true: NDArray[np.float32], colorized: NDArray[np.float32]
) -> None:
    """Adds a row to samples/scores.json: how true the discriminator takes each sample for."""
    rows = [row for row in files.read_rows(run / SCORES) if row["step"] < step]
    rows.append({"step": step, "truth": true.tolist(), "colorized": colorized.tolist()})
    files.write_text(run / SCORES, json.dumps(rows))
