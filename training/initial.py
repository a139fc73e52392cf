"""Where a new run's generator starts from: an exported ONNX file, the bundled one, or a run."""

from __future__ import annotations

from pathlib import Path

import keras
from colorlab.errors import TrainingError

from . import checkpoint


def load_into(generator: keras.Model, source: str | Path) -> None:
    """Puts the weights of "default", a .onnx file or a run's folder into a generator.

    Raises:
        TrainingError: there is no such run or file.
        ModelError: the file is no exported generator of this architecture.
    """
    if str(source) == "default":
        from colorlab.model import registry

        path = Path(registry.find("default"))
    else:
        path = Path(source)
    if path.is_dir():
        averaged = checkpoint.load(path)[0].get("ema", [])
        checkpoint.assign(generator.weights, averaged, "generator", path=path)
    elif path.is_file():
        import onnx

        from . import onnx_writer

        try:
            exported = onnx.load(path, load_external_data=False)
        except Exception as error:  # protobuf's DecodeError has no public common base
            raise TrainingError(f"not an ONNX file: {error}", path=str(path)) from error
        onnx_writer.read_weights(exported, generator)
    else:
        raise TrainingError("there is neither a run nor a file to start from", path=str(path))
