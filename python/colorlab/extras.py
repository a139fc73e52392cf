"""The optional packages: what of them is installed, and which extra brings the rest."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from typing import Any

from colorlab.errors import ColorlabError

__all__ = ["Package", "load", "packages"]

_FOR_DEVELOPERS = {"dev", "docs", "lint", "wheel"}
_REQUIREMENT = re.compile(r"""([\w.-]+).*;.*extra == ['"]([\w-]+)['"]""")
#: other distributions of the same package
_VARIANTS = {
    "tensorflow": ("tensorflow-cpu",),
    "opencv-python-headless": ("opencv-python", "opencv-contrib-python"),
}
#: in no extra, used where they are
_UNNAMED = ("jax", "torch", "datasets", "kornia")


@dataclass(frozen=True, slots=True)
class Package:
    """An optional package, by the name that pip installs."""

    name: str
    version: str | None  #: None: not installed
    extras: tuple[str, ...]  #: of colorlab, that bring it; none for what is only used where it is


def packages() -> list[Package]:
    """Every optional package, in the order of the extras, from colorlab's own metadata."""
    from importlib.metadata import requires

    brought: dict[str, list[str]] = {}
    for requirement in requires("colorlab") or ():
        found = _REQUIREMENT.match(requirement)
        if found and found[1] != "colorlab" and found[2] not in _FOR_DEVELOPERS:
            brought.setdefault(found[1], []).append(found[2])
    for name in _UNNAMED:
        brought.setdefault(name, [])
    return [Package(name, _version(name), tuple(extras)) for name, extras in brought.items()]


def load(module: str, need: str, *, extra: str) -> Any:
    """Imports an optional module.

    Args:
        need: the error's beginning, such as "videos need PyAV".

    Raises:
        ColorlabError: it is not installed (code "extra_missing").
    """
    if importlib.util.find_spec(module) is None:
        raise ColorlabError(
            f"{need}, which is not installed",
            code="extra_missing",
            hint=f"pip install 'colorlab[cpu,{extra}]'",
        )
    return importlib.import_module(module)


def _version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    for each in (name, *_VARIANTS.get(name, ())):
        try:
            return version(each)
        except PackageNotFoundError:
            continue
    return None
