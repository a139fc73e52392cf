"""stdout is data, stderr is narration.

A stdout that takes no more ends the run, because data would be lost; narration is not worth that.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from colorlab.errors import OutputError

__all__ = ["abandon_stdout", "emit", "open_missing_streams", "progress", "say", "show"]

# What moves a terminal's cursor, or worse, when a file's name holds it; lines and tabs may stay.
_CONTROLS = {
    code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code not in (9, 10)
}


def open_missing_streams() -> None:
    """Gives a process that was started without stdin, stdout or stderr one that leads nowhere."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def abandon_stdout() -> None:
    """Lets what is still to be written to stdout, at exit too, go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def emit(row: Any) -> None:
    """One JSON document on a line of stdout, ASCII, whatever bytes a file's name holds.

    Raises:
        OutputError: stdout cannot be written.
    """
    _write(json.dumps(row) + "\n")


def say(text: str) -> None:
    """Narration for a person, on stderr."""
    with suppress(OSError):
        sys.stderr.write(_printable(text, sys.stderr.encoding) + "\n")
        sys.stderr.flush()


def show(text: str) -> None:
    """Data for a person, on stdout.

    Raises:
        OutputError: stdout cannot be written.
    """
    _write(_printable(text, sys.stdout.encoding) + "\n")


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:  # for `main`: it is no error
        raise
    except OSError as error:
        abandon_stdout()
        raise OutputError(f"stdout cannot be written: {error.strerror or error}") from error


def _printable(text: str, encoding: str | None) -> str:
    """Names of files may hold what no terminal should show: those characters come as escapes."""
    text = text.translate(_CONTROLS)
    return text.encode(encoding or "utf-8", "backslashreplace").decode(encoding or "utf-8")


@contextmanager
def progress(total: int, what: str) -> Iterator[tuple[Callable[[], None], Callable[[str], None]]]:
    """A progress bar on stderr while that is a terminal, else none.

    Gives two functions: one to be called when an item is done, one that narrates without tearing
    the bar.
    """
    if not sys.stderr.isatty() or total < 2:
        yield (lambda: None), say
        return
    try:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )
    except ImportError:  # rich comes with the cpu and gpu extras, but nothing depends on it
        yield (lambda: None), say
        return
    console = Console(file=sys.stderr)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(show_speed=True),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)

        def narrate(text: str) -> None:
            bar.console.print(
                _printable(text, sys.stderr.encoding), markup=False, highlight=False, soft_wrap=True
            )

        yield (lambda: bar.advance(task)), narrate
