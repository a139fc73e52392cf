"""Validation while a run goes on: figures on photos it never trains on; which step is best."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
from colorlab import evaluation

from . import checkpoint, evaluate, steps
from .config import Config

DE_MARGIN = 1.02  # a step may be best within so much of the least dE00 seen


class Validator:
    """Measures the averaged generator by the protocol of `colorlab evaluate`, on few photos.

    Best is the step whose CF is nearest to the truth's among those whose dE00 is within 2 % of the
    least: colourfulness alone rewards noise, accuracy alone rewards grey. Its weights go to
    best.npz.

    Args:
        folder: colour photos, or a .txt list of them; `config.validation_photos` are taken, spread
            evenly.

    Raises:
        InputNotFoundError, InvalidArgumentError: there is no such folder, or no photo in it.
    """

    def __init__(self, folder: Path, config: Config, inference: keras.Model, run: Path) -> None:
        self.root = evaluation.root_of(folder)
        self.photos = evaluation.spread(evaluation.photo_files(folder), config.validation_photos)
        self.size = config.model.default_size
        self.predict = evaluate.keras_predictor(inference, config.model.ab_scale)
        self.run = run
        self.history = self._read()

    def measure(self, step: int, networks: steps.Networks) -> dict[str, Any]:
        """The summary of colorlab.evaluation; the generator must have its averaged weights."""
        found = evaluate.measure(self.predict, self.photos, root=self.root, size=self.size)
        summary: dict[str, Any] = found["summary"] | {
            "step": step,
            "protocol": found["protocol"]["hash"],
        }
        self.history = [row for row in self.history if row["step"] < step] + [summary]
        if best_of(self.history)["step"] == step:
            arrays = checkpoint.arrays(networks.generator.weights)
            state = {"step": step, "validation": summary}
            checkpoint.save(self.run, {"ema": arrays}, state, name=checkpoint.BEST)
        text = json.dumps(self.history, indent=1) + "\n"
        (self.run / "validation.json").write_text(text, encoding="utf-8")
        return summary

    def _read(self) -> list[dict[str, Any]]:
        path = self.run / "validation.json"
        if not path.exists():
            return []
        rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return rows


def best_of(history: list[dict[str, Any]]) -> dict[str, Any]:
    """The row of least |CF - truth's CF| among those of dE00 within DE_MARGIN of the least."""
    limit = DE_MARGIN * min(row["delta_e00"] for row in history)
    return min(
        (row for row in history if row["delta_e00"] <= limit), key=lambda row: row["delta_cf"]
    )
