"""stdout is data, stderr is narration."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["emit", "progress", "say", "show"]


def emit(row: Any) -> None:
    """One JSON document on a line of stdout, ASCII, whatever bytes a file's name holds."""
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Narration for a person, on stderr."""
    sys.stderr.write(_printable(text, sys.stderr.encoding) + "\n")
    sys.stderr.flush()


def show(text: str) -> None:
    """Data for a person, on stdout."""
    sys.stdout.write(_printable(text, sys.stdout.encoding) + "\n")


def _printable(text: str, encoding: str | None) -> str:
    """Names of files may hold what no terminal can show: those characters come as escapes."""
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
