"""A run's figures and samples for TensorBoard: `tensorboard --logdir RUN/tensorboard`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDER = "tensorboard"


class Board:
    """Writes event files; a resumed run adds another, and TensorBoard shows both as one.

    TensorFlow writes them: without it (JAX needs none) nothing is written.
    """

    def __init__(self, run: Path) -> None:
        try:
            import tensorflow
        except ImportError:
            self._summary = None
            return
        self._summary = tensorflow.summary
        self._writer = self._summary.create_file_writer(str(run / FOLDER))

    def scalars(self, group: str, step: int, values: Mapping[str, Any]) -> None:
        """Every number of `values`, as group/name."""
        if self._summary is None:
            return
        with self._writer.as_default(step=step):
            for name, value in values.items():
                if isinstance(value, int | float) and name != "step":
                    self._summary.scalar(f"{group}/{name}", value)
        self._writer.flush()

    def image(self, name: str, step: int, pixels: NDArray[np.uint8]) -> None:
        """One picture, uint8 RGB [h,w,3]."""
        if self._summary is None:
            return
        with self._writer.as_default(step=step):
            self._summary.image(name, pixels[None])
        self._writer.flush()
