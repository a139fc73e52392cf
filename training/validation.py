"""Validation while a run goes on: figures on photos it never trains on; which step is best."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
from colorlab import evaluation
from colorlab.errors import ColorlabError, InvalidArgumentError

from . import checkpoint, evaluate, files, steps
from .config import Config

DE_MARGIN = 1.02  # a step may be best within so much of the least dE00 seen
FILE = "validation.json"

Row = dict[str, Any]


class Validator:
    """Measures the averaged generator by the protocol of `colorlab evaluate`, on few photos.

    Best is the step whose CF is nearest to the truth's among those whose dE00 is within 2 % of the
    least: colourfulness alone rewards noise, accuracy alone rewards grey. Its weights go to
    best.npz.

    Args:
        folder: colour photos, or a .txt list of them; `config.validation_photos` are taken, spread
            evenly.
        first: the step that the run goes on from; what was measured later is forgotten.

    Raises:
        InputNotFoundError, InvalidArgumentError: there is no such folder, no photo in it, or none
            that can be read.
    """

    def __init__(
        self, folder: Path, config: Config, inference: keras.Model, run: Path, first: int
    ) -> None:
        self.root = evaluation.root_of(folder)
        self.photos = evaluation.spread(evaluation.photo_files(folder), config.validation_photos)
        _need_one_readable(self.photos, folder)
        self.size = config.model.default_size
        self.predict = evaluate.keras_predictor(inference, config.model.ab_scale)
        self.run = run
        self.history = [row for row in files.read_rows(run / FILE) if row["step"] <= first]
        self._saved: Row | None = None  # the row of the step that best.npz holds
        if self.history and (run / checkpoint.BEST).exists():
            step = checkpoint.load(run, checkpoint.BEST)[1]["step"]
            self._saved = next((row for row in self.history if row["step"] == step), None)

    def measure(self, step: int, networks: steps.Networks) -> Row:
        """The summary of colorlab.evaluation; the generator must have its averaged weights."""
        found = evaluate.measure(self.predict, self.photos, root=self.root, size=self.size)
        row: Row = found["summary"] | {"step": step, "protocol": found["protocol"]["hash"]}
        self.history = [other for other in self.history if other["step"] < step] + [row]
        known = [other for other in (self._saved, row) if other is not None]
        if best_of(known, self.history) is row:
            arrays = checkpoint.arrays(networks.generator.weights)
            state = {"step": step, "validation": row}
            checkpoint.save(self.run, {"ema": arrays}, state, name=checkpoint.BEST)
            self._saved = row
        files.write_text(self.run / FILE, json.dumps(self.history, indent=1) + "\n")
        return row


def best_of(rows: Sequence[Row], history: Sequence[Row]) -> Row:
    """The row of least |CF - truth's CF| among those of dE00 within DE_MARGIN of the least in all
    of the history; of rows that are all farther off, the most accurate."""
    limit = DE_MARGIN * min(row["delta_e00"] for row in history)
    near = [row for row in rows if row["delta_e00"] <= limit]
    if not near:
        return min(rows, key=lambda row: row["delta_e00"])
    return min(near, key=lambda row: row["delta_cf"])


def _need_one_readable(photos: Sequence[Path], folder: Path) -> None:
    """Finds out before the training that there would be nothing to measure."""
    reason = None
    for path in photos:
        try:
            evaluation.read_8bit(path)
            return
        except ColorlabError as error:
            reason = error
    raise InvalidArgumentError(
        f"none of the photos to validate on can be read: {reason}", path=str(folder)
    )
