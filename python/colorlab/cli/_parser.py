"""What the parsers of all verbs share: the form of --help, and options that are numbers."""

from __future__ import annotations

import argparse
import math
from typing import Literal

__all__ = ["HelpFormatter", "add_verb", "in_bytes", "in_pixels", "positive", "size"]

Verbs = argparse._SubParsersAction


class HelpFormatter(argparse.HelpFormatter):
    """Wraps a text that is one line, and keeps the lines of one that has several."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return "".join(indent + line for line in text.splitlines(keepends=True))
        return super()._fill_text(text, width, indent)


def add_verb(
    subparsers: Verbs[argparse.ArgumentParser], name: str, *, help: str, description: str, more: str
) -> argparse.ArgumentParser:
    """Adds a verb's parser.

    Args:
        help: a line in the list of verbs.
        description: what it does.
        more: examples and exit codes, shown line by line.
    """
    return subparsers.add_parser(
        name, help=help, description=description, epilog=more, formatter_class=HelpFormatter
    )


def size(text: str) -> int | Literal["auto"]:
    """A render size; that it makes sense is for the generator to say."""
    try:
        return "auto" if text == "auto" else int(text)
    except ValueError:
        raise _refused("auto or a number of pixels", text) from None


def positive(text: str) -> float:
    """A number above 0."""
    number = _number(text)
    if not 0 < number < math.inf:
        raise _refused("a number above 0", text)
    return number


def in_bytes(text: str) -> int:
    """A number of bytes, with K, M or G for its binary multiples."""
    return _scaled(text, 1 << 10, "bytes")


def in_pixels(text: str) -> int:
    """A number of pixels, with K, M or G for thousands, millions and milliards."""
    return _scaled(text, 1000, "pixels")


def _scaled(text: str, base: int, unit: str) -> int:
    power = " KMG".index(text[-1].upper()) if text[-1:].upper() in ("K", "M", "G") else 0
    number = _number(text[:-1] if power else text) * base**power
    if not 1 <= number < math.inf:
        raise _refused(f"a number of {unit}, as 300M", text)
    return int(number)


def _number(text: str) -> float:
    """NaN, which no comparison lets through, for what is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _refused(wanted: str, text: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(f"must be {wanted}, not {text!r}")
