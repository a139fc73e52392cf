"""State dicts in torch's legacy (non-zip) file format, without torch and a general unpickler.

Such a file is an OrderedDict of tensors, the keys of their storages, and the storages' numbers.
"""

from __future__ import annotations

import hashlib
import pickle
import struct
from collections import OrderedDict
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from colorlab.errors import TrainingError


class _TensorUnpickler(pickle.Unpickler):
    """Allows what a state dict of torch's legacy format is made of, and nothing else."""

    def __init__(self, file: BytesIO) -> None:
        super().__init__(file)
        self.storages: dict[str, int] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, stride, *_: (storage, offset, size, stride)
        if module == "torch" and name in _STORAGES:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed")

    def persistent_load(self, pid: Any) -> tuple[str, str]:
        kind, storage_type, key = pid[0], pid[1], pid[2]
        if kind != "storage":
            raise pickle.UnpicklingError(f"unknown reference {kind}")
        return (storage_type, str(key))


_STORAGES: dict[str, np.dtype[Any]] = {
    "FloatStorage": np.dtype("<f4"),
    "LongStorage": np.dtype("<i8"),
}


def read_state(path: Path, sha256: str, *, package: str) -> dict[str, np.ndarray]:
    """The arrays of a state dict by name; the file comes with a Python package.

    Raises:
        TrainingError: the file cannot be read, or is not the one with this SHA-256.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TrainingError(error.strerror or str(error), path=str(path)) from error
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise TrainingError(
            f"SHA-256 is {found}, not {sha256}",
            path=str(path),
            hint=f"Reinstall {package}.",
        )
    file = BytesIO(data)
    for _ in range(3):  # magic number, protocol version, system information
        _TensorUnpickler(file).load()
    tensors = _TensorUnpickler(file).load()
    keys = _TensorUnpickler(file).load()
    types = {key: _STORAGES[kind] for (kind, key), *_ in tensors.values()}
    storages = {}
    for key in keys:
        (count,) = struct.unpack("<q", file.read(8))
        dtype = types[str(key)]
        storages[str(key)] = np.frombuffer(file.read(count * dtype.itemsize), dtype)
    return {name: _view(storages[key], rest) for name, ((_, key), *rest) in tensors.items()}


def _view(storage: np.ndarray, layout: Any) -> np.ndarray:
    offset, size, stride = layout
    bytes_ = [s * storage.itemsize for s in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, bytes_, writeable=False).copy()
