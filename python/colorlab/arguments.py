"""Arguments that are one of a few words, or a whole number: checked once, refused in one form."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from colorlab.errors import InvalidArgumentError

__all__ = ["choice", "whole"]


def choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Checks a word.

    Raises:
        InvalidArgumentError: it is none of `choices`.
    """
    if not isinstance(value, str) or value not in choices:
        *others, last = (f'"{each}"' for each in choices)
        raise InvalidArgumentError(f"{name} must be {', '.join(others)} or {last}, not {value!r}")


def whole(
    name: str, value: Any, *, least: int = 1, most: int | None = None, besides: str = ""
) -> int:
    """Checks a whole number, Python's or NumPy's; True and False are none.

    Args:
        least, most: the smallest and the largest that make sense; no largest for None.
        besides: for the error's text, what else the argument may be: " or None".

    Returns:
        The number as Python's own.

    Raises:
        InvalidArgumentError: it is no such number.
    """
    number = None
    if not isinstance(value, bool):
        with suppress(TypeError):
            number = operator.index(value)
    if number is None or number < least or (most is not None and number > most):
        span = f"at least {least}" if most is None else f"{least}..{most}"
        raise InvalidArgumentError(f"{name} must be {span}{besides}, not {value!r}")
    return number
