"""Items that fail one by one: told, and turned into an exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from colorlab.cli._terminal import emit, say
from colorlab.errors import ColorlabError

__all__ = ["exit_code", "tell"]


def tell(
    error: ColorlabError,
    path: str | None,
    *,
    as_json: bool,
    narrate: Callable[[str], None] = say,
) -> int:
    """Tells of an item that failed, on stderr and as a line of JSON, and gives its exit code."""
    from colorlab.bulk.report import exit_code_of, explain

    narrate(f"colorlab: {error}")
    if as_json:
        emit({"path": path, "status": "error"} | explain(error))
    return exit_code_of(error)


def exit_code(codes: Sequence[int], items: int) -> int:
    """Of so many items, of which those failed that have codes: 0 none, 1 some, all: what they
    agree on, else 3."""
    if not codes:
        return 0
    if len(codes) < items:
        return 1
    return codes[0] if len(set(codes)) == 1 else 3
