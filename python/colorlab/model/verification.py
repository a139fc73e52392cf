"""What is checked before a generator is trusted, and in which order.

First its SHA-256, then that nothing in it reaches outside of the file, then its card, and at last
(by the session, which knows the graph's types) that input and output keep the contract. Only the
bytes that were checked are ever loaded.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from colorlab.errors import (
    InvalidArgumentError,
    ModelError,
    ModelIncompatibleError,
    ModelIntegrityError,
    ModelNotFoundError,
)
from colorlab.model.adapter import PROPERTY, Adapter, from_toml, preset, sidecar
from colorlab.model.card import CLASSES_NAME, INPUT_NAME, OUTPUT_NAME, ModelCard
from colorlab.model.onnx_file import STANDARD_DOMAINS, OnnxSummary, summarize

__all__ = [
    "TensorSignature",
    "VerifiedModel",
    "check_contract",
    "load",
    "load_bytes",
    "load_foreign",
]

_MAX_BYTES = 2**31 - 1  # protobuf's own limit of a message
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class VerifiedModel:
    """A generator whose bytes passed every check that can be made without running it."""

    data: bytes = field(repr=False)
    sha256: str
    card: ModelCard
    summary: OnnxSummary = field(repr=False, compare=False)
    path: str | None = None  #: where the bytes came from
    adapter: Adapter | None = None  #: of a foreign generator


@dataclass(frozen=True, slots=True)
class TensorSignature:
    """Name, element type and shape of a graph's input or output; a side is a number or a name."""

    name: str
    type: str
    shape: Sequence[int | str | None]

    def __str__(self) -> str:
        return f"{self.name}: {self.type} [{', '.join(str(side or '?') for side in self.shape)}]"


def load(
    path: str | os.PathLike[str],
    *,
    sha256: str | None = None,
    adapter: str | None = None,
    trust: bool = False,
) -> VerifiedModel:
    """Reads and checks a generator.

    Args:
        path: of an ONNX file.
        sha256: the checksum it must have, 64 hexadecimal digits. A file PATH.sha256 beside it, as
            `sha256sum` writes it, is checked too.
        adapter: a preset of `colorlab.model.adapter` for a foreign generator. Without it the file
            PATH.toml beside it is read, then the property "colorlab.adapter".
        trust: allow custom operators, and tensors in other files.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelIntegrityError: its bytes have another checksum.
        ModelIncompatibleError: it is no ONNX file, needs other files or custom operators, or is no
            format-1 generator.
        ModelError: it cannot be read.
    """
    name = os.fsdecode(path)
    data = _read(Path(name), name)
    pins = [pin for pin in (sha256, _pin_beside(Path(name + ".sha256"))) if pin is not None]
    described = preset(adapter) if adapter is not None else sidecar(Path(name))
    return _verify(data, pins, name, described, trust=trust)


def load_bytes(
    data: bytes, *, sha256: str | None = None, adapter: str | None = None, trust: bool = False
) -> VerifiedModel:
    """Checks a generator that is in memory already; arguments and errors as of `load`."""
    described = preset(adapter) if adapter is not None else None
    return _verify(data, [sha256] if sha256 is not None else [], None, described, trust=trust)


def load_foreign(path: str | os.PathLike[str], *, sha256: str | None = None) -> tuple[bytes, str]:
    """The bytes of an ONNX file that is no generator of colorlab's, and their checksum.

    Args:
        sha256: as of `load`.

    Raises:
        ModelNotFoundError, ModelIntegrityError, ModelIncompatibleError, ModelError: as `load`.
    """
    name = os.fsdecode(path)
    data = _read(Path(name), name)
    pins = [pin for pin in (sha256, _pin_beside(Path(name + ".sha256"))) if pin is not None]
    digest = _check_pins(data, pins, name)
    _check_self_contained(summarize(data, path=name), name)
    return data, digest


def check_contract(
    inputs: Sequence[TensorSignature],
    outputs: Sequence[TensorSignature],
    classes: int | None = None,
    *,
    path: str | None,
) -> None:
    """Checks a graph's signature: `lightness` float32 [N, 1, H, W] to `ab` float32 [N, 2, h, w].

    A generator with classes has a second output, `logits` float32 [N, classes, h, w].

    Raises:
        ModelIncompatibleError: naming what is different.
    """
    wanted_tensors = [("input", inputs, INPUT_NAME, 1)]
    if classes is None:
        wanted_tensors += [("output", outputs, OUTPUT_NAME, 2)]
    else:
        wanted_tensors += [("first output", outputs[:1], OUTPUT_NAME, 2)]
        wanted_tensors += [("second output", outputs[1:], CLASSES_NAME, classes)]
    for side, given, name, channels in wanted_tensors:
        found = "; ".join(str(signature) for signature in given) or "none"
        wanted = f'one {side} "{name}", float32 [N, {channels}, height, width]'
        if len(given) != 1 or given[0].name != name:
            _breach(f"a generator has {wanted}; this file has {found}", path)
        shape = given[0].shape
        if given[0].type != "tensor(float)" or len(shape) != 4:
            _breach(f"a generator has {wanted}; this file has {found}", path)
        if isinstance(shape[1], int) and shape[1] != channels:
            _breach(f"the {side} has {shape[1]} channels, the contract says {channels}", path)
        fixed = [shape[axis] for axis in (0, 2, 3) if isinstance(shape[axis], int)]
        if side == "input" and fixed:
            _breach(f"batch, height and width must be free; this file has {found}", path)


def _breach(reason: str, path: str | None) -> None:
    raise ModelIncompatibleError(reason, path=path)


def _read(path: Path, name: str) -> bytes:
    try:
        if path.exists() and not path.is_file():
            hint = "`colorlab export` makes a model of a training run" if path.is_dir() else None
            raise ModelError("a model must be a regular file", path=name, hint=hint)
        size = path.stat().st_size
        if size > _MAX_BYTES:
            raise ModelError(f"has {size} bytes, an ONNX file has at most {_MAX_BYTES}", path=name)
        return path.read_bytes()
    except FileNotFoundError:
        raise ModelNotFoundError("there is no such model file", path=name) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ModelError(f"cannot be read: {reason}", path=name) from error


def _pin_beside(path: Path) -> str | None:
    """The checksum in a file as `sha256sum` writes it: digits, then the name; None without one."""
    try:
        words = path.read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelIntegrityError(f"cannot be read: {error}", path=str(path)) from error
    if not words or not _SHA256.fullmatch(words[0].lower()):
        raise ModelIntegrityError("holds no SHA-256 checksum", path=str(path))
    return words[0]


def _verify(
    data: bytes, pins: Sequence[str], path: str | None, adapter: Adapter | None, *, trust: bool
) -> VerifiedModel:
    digest = _check_pins(data, pins, path)
    summary = summarize(data, path=path)
    _check_self_contained(summary, path, trust=trust)
    if adapter is None and PROPERTY in summary.properties:
        adapter = from_toml(summary.properties[PROPERTY], path=path)
    if adapter is not None:
        card = adapter.card(Path(path).stem if path is not None else "foreign generator")
    else:
        card = ModelCard.from_properties(summary.properties, path=path)
    return VerifiedModel(data, digest, card, summary, path, adapter)


def _check_pins(data: bytes, pins: Sequence[str], path: str | None) -> str:
    digest = hashlib.sha256(data).hexdigest()
    for pin in pins:
        if not isinstance(pin, str) or not _SHA256.fullmatch(pin.lower()):
            raise InvalidArgumentError(f"a SHA-256 has 64 hexadecimal digits, not {pin!r}")
        if pin.lower() != digest:
            raise ModelIntegrityError(
                f"the file's SHA-256 is {digest}, expected {pin.lower()}",
                path=path,
                hint="The file is damaged or another one; get it again",
            )
    return digest


def _check_self_contained(summary: OnnxSummary, path: str | None, *, trust: bool = False) -> None:
    if summary.external_tensors and not (trust and path is not None):
        raise ModelIncompatibleError(
            f"{summary.external_tensors} of its tensors lie in other files, which is refused",
            path=path,
            hint="Save the model as one file",
        )
    custom = sorted(summary.domains - STANDARD_DOMAINS)
    if custom and not trust:
        raise ModelIncompatibleError(
            f"it needs operators outside of the ONNX standard, which is refused: {custom[0]}",
            path=path,
            hint="Allow it with trust_model=True or --trust-model if you trust its source",
        )
