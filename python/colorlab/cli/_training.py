"""What the verbs that need Keras do first."""

from __future__ import annotations

import importlib.util
import os

from colorlab.errors import TrainingError

_NEEDED = ("keras", "onnx", "onnxruntime", "matplotlib")


def prepare() -> None:
    """Quiets TensorFlow's start, and says what is missing before an import fails half-way.

    Raises:
        TrainingError: a package of colorlab[train] is not installed.
    """
    backend = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    needed = (backend, *_NEEDED)
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise TrainingError(
            f"training and export need packages that are not installed: {', '.join(missing)}",
            code="extra_missing",
            hint="pip install 'colorlab[cpu,train]'",
        )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
