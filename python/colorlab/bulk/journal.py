"""What a run leaves behind so that the next can go on from it: a list beside the output.

It is append-only. Its first line holds the settings, each later one an event: a process began, an
output was started, or is done. A start is written before the output can appear and an end after it
did. So after a kill at any moment every output that exists is either known to be done, or known to
be this run's own and may be written again. A torn line is dropped.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol, Self, TypeAlias

from colorlab.bulk.plan import Job
from colorlab.errors import InvalidArgumentError, OutputError

__all__ = ["Journal", "Ledger", "Print", "journal_path", "print_of", "remove_leftovers"]

_FORMAT = 1

#: size (bytes) and time of change (ns) of a file: tell whether it is still the one that was read
Print: TypeAlias = list[int]


def journal_path(folder: str) -> Path:
    """Where the journal of an output folder lies: beside it, or in it when that is not allowed."""
    target = Path(folder).absolute()
    if os.access(target.parent, os.W_OK):
        return target.parent / f".{target.name}.colorlab-journal"
    return target / ".colorlab-journal"


class Ledger(Protocol):
    """What those who write outputs ask a journal and tell it, wherever it is kept."""

    def is_done(self, job: Job) -> bool: ...

    def may_replace(self, job: Job) -> bool: ...

    def start(self, job: Job) -> None: ...

    def finish(self, job: Job, seen: Print | None) -> None: ...

    def forget(self, job: Job) -> None: ...

    def close(self) -> None: ...


class Journal:
    """The journal of one output folder, open for appending.

    Args:
        path: see `journal_path`.
        settings: what results depend on; a run may only go on with the same.
        resume: go on where an earlier run ended; else its journal is replaced.

    Raises:
        InvalidArgumentError: the earlier run had other settings (code "settings_differ").
        OutputError: the journal cannot be read or written.
    """

    def __init__(self, path: Path, settings: dict[str, Any], *, resume: bool) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._done: dict[str, tuple[str, Print]] = {}  # photos and their prints by output
        self._started: set[str] = set()
        self._processes: set[int] = set()
        self._torn = False  # the last line has no end
        header = _line({"format": _FORMAT, "settings": settings})
        try:
            # Written anew without the torn end of a killed run, then only ever appended to.
            fresh = path.with_name(path.name + ".new")
            try:
                with fresh.open("wb") as file:
                    file.write(header)
                    if resume:
                        file.writelines(self._earlier(header))
                    file.flush()
                    os.fsync(file.fileno())
                fresh.replace(path)
            finally:
                fresh.unlink(missing_ok=True)
            self._file = path.open("ab", buffering=0)
            # Temporary files that killed runs of this journal left where they were writing.
            remove_leftovers(
                self._processes - {os.getpid()},
                {Path(output).parent for output in self._started - self._done.keys()},
            )
            self._append({"process": os.getpid()})
        except OSError as error:
            reason = f"the journal cannot be written: {error.strerror or error}"
            raise OutputError(reason, path=str(path)) from error

    def is_done(self, job: Job) -> bool:
        """Whether an earlier run coloured this very photo and the result is still there."""
        entry = self._done.get(job.output)
        return (
            entry is not None
            and entry == (job.path, print_of(job.path))
            and os.path.exists(job.output)  # noqa: PTH110 - Path's raises where it may not look
        )

    def may_replace(self, job: Job) -> bool:
        """Whether an output that exists was begun by this run or the one it continues."""
        with self._lock:
            return job.output in self._started

    def start(self, job: Job, *, process: int | None = None) -> None:
        """To be called before the output can appear, when it is not there yet.

        `process` writes it, when that is not this one.
        """
        with self._lock:
            self._started.add(job.output)
            unknown = process is not None and process not in self._processes
            if process is not None:
                self._processes.add(process)
        if unknown:
            self._append({"process": process})
        self._append({"start": job.output})

    def finish(self, job: Job, seen: Print | None) -> None:
        """To be called when the output is there.

        `seen` is the photo's print from before it was read: one that changes while it is coloured
        is done again by the next run.
        """
        self._append({"done": job.output, "path": job.path, "print": seen})

    def forget(self, job: Job) -> None:
        """To be called when another's file was there first, so that it is never replaced."""
        with self._lock:
            self._started.discard(job.output)
        self._append({"forget": job.output})

    def close(self) -> None:
        """Ends the journal; it stays, so that the next run can tell what is new."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _append(self, event: dict[str, Any]) -> None:
        line = _line(event)
        try:
            with self._lock:
                if self._torn:  # by a disk that was full
                    line = b"\n" + line
                self._torn = self._file.write(line) != len(line)
                if self._torn:
                    raise OutputError("the journal was cut short", path=str(self._path))
        except OSError as error:
            reason = f"the journal cannot be written: {error.strerror or error}"
            raise OutputError(reason, path=str(self._path)) from error

    def _earlier(self, header: bytes) -> Iterator[bytes]:
        """The events of an earlier run, each replayed; there may be millions."""
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return
        with file:
            first = file.readline()
            if not first.endswith(b"\n"):  # cut off by a kill
                return
            if first != header:
                raise InvalidArgumentError(
                    "the earlier run had another generator or other settings",
                    code="settings_differ",
                    path=str(self._path),
                    hint="Use the same, or start again without --resume",
                )
            for line in file:
                if line.endswith(b"\n") and self._replay(line):
                    yield line

    def _replay(self, line: bytes) -> bool:
        try:
            event = json.loads(line)
            if "process" in event:
                self._processes.add(int(event["process"]))
            elif "start" in event:
                self._started.add(sys.intern(event["start"]))
            elif "forget" in event:
                self._started.discard(event["forget"])
            else:
                self._done[sys.intern(event["done"])] = (event["path"], event["print"])
        except (ValueError, KeyError, TypeError):
            return False  # a line damaged by a full disk: its photo is simply done again
        return True


def remove_leftovers(processes: Iterable[int], folders: Iterable[Path]) -> None:
    """Removes the temporary files that processes which are no more left in folders."""
    places = list(folders)
    for process in processes:
        for folder in places:
            for path in folder.glob(f".colorlab-{process}-*.tmp"):
                path.unlink(missing_ok=True)


def _line(event: dict[str, Any]) -> bytes:
    return (json.dumps(event, sort_keys=True) + "\n").encode("ascii")


def print_of(path: str) -> Print | None:
    """The print of a file; None where there is none to be seen."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):  # no such file, no such name
        return None
    return [found.st_size, found.st_mtime_ns]
