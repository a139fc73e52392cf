"""Where generators are found: those bundled with colorlab by name, any other by its path."""

from __future__ import annotations

import os
from pathlib import Path

from colorlab.errors import InvalidArgumentError, ModelError, ModelNotFoundError
from colorlab.model import verification
from colorlab.model.card import ModelCard
from colorlab.model.verification import VerifiedModel

__all__ = ["ModelSource", "card", "describe", "find", "load", "names"]

ModelSource = str | os.PathLike[str] | bytes | bytearray | memoryview

_BUNDLED = Path(__file__).parents[1] / "bundled"


def names() -> list[str]:
    """Names of the bundled generators that are really there, "default" first."""
    found = sorted(path.stem for path in _BUNDLED.glob("*.onnx"))
    return sorted(found, key=lambda name: name != "default")


def find(model: str | os.PathLike[str]) -> Path:
    """The file of a generator; that of a bundled name exists.

    A text that ends in ".onnx" or holds a path separator is a path; any other is a bundled name.

    Raises:
        ModelNotFoundError: no generator of this name is bundled.
    """
    text = os.fsdecode(model)
    if isinstance(model, os.PathLike) or text.endswith(".onnx") or Path(text).name != text:
        return Path(text)
    path = _BUNDLED / f"{text}.onnx"
    if path.is_file():
        return path
    known = ", ".join(names()) or "none"
    other = text if os.path.exists(text) else f"{text}.onnx"  # noqa: PTH110 - Path refuses some
    if text == "default":
        raise ModelNotFoundError(
            "this copy of colorlab has no default generator in it",
            path=str(path),
            hint="Name an ONNX generator instead, or train one: colorlab train, colorlab export",
        )
    raise ModelNotFoundError(
        f'there is no bundled generator "{text}"',
        hint=f"Bundled here: {known}. Give a path for any other, as ./{other}",
    )


def load(
    model: ModelSource,
    *,
    sha256: str | None = None,
    adapter: str | None = None,
    trust: bool = False,
) -> VerifiedModel:
    """Finds, reads and checks a generator.

    Args:
        model: a bundled name, a path, or an ONNX file's bytes.
        sha256, adapter, trust: see `colorlab.model.verification.load`.

    Raises:
        ModelError: as `colorlab.model.verification.load` and `find` say.
        InvalidArgumentError: `model` is none of these.
    """
    if isinstance(model, bytes | bytearray | memoryview):
        return verification.load_bytes(bytes(model), sha256=sha256, adapter=adapter, trust=trust)
    if not isinstance(model, str | os.PathLike) or not os.fspath(model):
        raise InvalidArgumentError(
            f"a model is a name, a path or bytes, not {model!r}"[:200],
            hint=f"Bundled here: {', '.join(names()) or 'none'}",
        )
    return verification.load(find(model), sha256=sha256, adapter=adapter, trust=trust)


def card(model: ModelSource = "default") -> ModelCard:
    """What a generator says about itself, without running it.

    Raises:
        ModelError, InvalidArgumentError: as `load`.
    """
    return load(model).card


def describe() -> list[dict[str, object]]:
    """What `colorlab models` shows of each bundled generator.

    Returns:
        For each `name` and `path`, and what its card says; or, for one that fails its checks,
        `error`, which is a code, and `message`.
    """
    rows: list[dict[str, object]] = []
    for name in names():
        path = find(name)
        row: dict[str, object] = {"name": name, "path": str(path)}
        try:
            model = load(name)
        except ModelError as error:
            rows.append(row | {"error": error.code, "message": str(error)})
            continue
        rows.append(
            row
            | {
                "title": model.card.name,
                "version": model.card.version,
                "licence": model.card.licence,
                "bytes": len(model.data),
                "sha256": model.sha256,
                "default_size": model.card.default_size,
                "metrics": dict(model.card.metrics),
            }
        )
    return rows
