"""Where outputs go: their folders, and files that take their place whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from colorlab.errors import OutputError

__all__ = ["already_there", "claimed", "is_folder", "make_folder", "put_in_place"]


def already_there(path: str) -> OutputError:
    """The error for a file that must not be replaced (code "output_exists")."""
    return OutputError("exists already", code="output_exists", path=path, hint="Use --overwrite")


def is_folder(path: str) -> bool:
    """False also for what may not be looked at, where `Path.is_dir` raises."""
    return os.path.isdir(path)  # noqa: PTH112


def make_folder(folder: Path) -> None:
    """Makes a missing folder; raises OutputError when that is not possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = f"the folder cannot be made: {error.strerror or error}"
        raise OutputError(reason, path=str(folder)) from error


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keeps other runs out of an output folder: each would take the other's files for its own.

    Where there are no such locks (on Windows, on some network file systems) nobody is kept out.

    Raises:
        OutputError: another run has it (code "output_in_use").
    """
    handle = _lock(folder)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _lock(folder: Path) -> int | None:
    """A handle that holds a folder's lock until it is closed; None where there are no locks."""
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise OutputError(
            "another run writes into this folder",
            code="output_in_use",
            path=str(folder),
            hint="Let it end, or choose another folder",
        ) from None
    except OSError:
        pass
    return handle


def put_in_place(temporary: Path, target: Path, *, overwrite: bool) -> None:
    """Gives a file that is complete its name, in the same folder, when it is on the disk.

    Raises:
        OutputError: there is another, and `overwrite` is False (code "output_exists").
        OSError: it cannot be done.
    """
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    if overwrite:
        temporary.replace(target)
        return
    try:
        os.link(temporary, target)  # unlike a rename, fails where there is a file
    except FileExistsError:
        raise already_there(str(target)) from None
    except OSError:  # a file system without links
        if os.path.lexists(target):
            raise already_there(str(target)) from None
        temporary.replace(target)
    temporary.unlink(missing_ok=True)
