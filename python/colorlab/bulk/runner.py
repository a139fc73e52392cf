"""Photos through three overlapping stages: read and decode, network, finish and write.

On a CPU one thread per core drives the network, a pass each; on a device, one thread feeds it
batches. The workers do the other two stages, each photo in one thread. A worker finishes before it
reads, so the number of photos in memory stays small, and it reads only while the photos ahead of
the network fit into the memory allowed.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from colorlab.bulk import large
from colorlab.bulk.files import (
    PhotoFile,
    keeps_luma,
    read_photo,
    write_chroma,
    write_photo,
)
from colorlab.bulk.journal import Ledger, Print, print_of
from colorlab.bulk.plan import Job
from colorlab.bulk.report import Outcome
from colorlab.colorizer import Colorizer, Prepared, PreparedRows
from colorlab.errors import (
    ColorlabError,
    OutOfMemoryError,
    OutputError,
    UnsupportedFormatError,
)
from colorlab.metadata import Provenance
from colorlab.outputs import already_there
from colorlab.recoloring import memory_of
from colorlab.result import Certificate, Preserve
from colorlab.rows import RowReader, open_rows
from colorlab.session import available_cores
from colorlab.streaming import DEFAULT_MEMORY

__all__ = ["Settings", "run"]

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Settings:
    """What all photos of a run share."""

    saturation: float = 1.0
    preserve: Preserve = "lightness"
    quality: int = 92
    overwrite: bool = False
    workers: int | None = None  #: threads that read and write; None is one per core
    provenance: bool = True  #: note in each file that its colour is machine-made
    max_memory: int = DEFAULT_MEMORY  #: bytes of pixels in flight that no more are read ahead of
    uncertainty: bool = False  #: also measure it, where the generator can tell


@dataclass(slots=True)
class _Photo:
    """A photo on its way."""

    job: Job
    memory: int = 0
    seconds: float = 0.0
    seen: Print | None = None  # of the file, before it was read
    source: PhotoFile | None = None
    prepared: Prepared | PreparedRows | None = None
    ab: npt.NDArray[np.float32] | None = None
    uncertainty: float | None = None


def run(
    colorizer: Colorizer,
    jobs: Iterable[Job],
    settings: Settings,
    journal: Ledger | None = None,
    contents: Mapping[str, bytes] | None = None,
) -> Generator[Outcome, None, None]:
    """Colours photos and yields what became of each, in the order they are done.

    `contents` are files that are read already, by their paths. Others are read here.

    Closing the iterator stops the work: photos in hand are dropped, nothing is half-written.
    """
    pipeline = _Pipeline(colorizer, iter(jobs), settings, journal, contents or {})
    try:
        pipeline.start()
        yield from pipeline.outcomes()
    finally:
        pipeline.stop()


class _Pipeline:
    def __init__(
        self,
        colorizer: Colorizer,
        jobs: Iterator[Job],
        settings: Settings,
        journal: Ledger | None,
        contents: Mapping[str, bytes],
    ) -> None:
        self._colorizer = colorizer
        self._contents = contents
        self._settings = settings
        self._journal = journal
        card = colorizer.card
        self._provenance = Provenance(card.name, card.version) if settings.provenance else None
        self._cores = available_cores()
        workers = settings.workers or self._cores
        passes = colorizer.passes_at_once(memory=settings.max_memory)
        self._network_threads = max(1, colorizer.threads // passes)
        self._threads = [
            threading.Thread(target=self._guarded, args=(loop,), daemon=True)
            for loop in (*[self._drive_network] * passes, *[self._work] * workers)
        ]
        # Enough ahead of the network that it need not wait, whatever one photo costs.
        self._ahead = max(workers, 2 * passes * colorizer.batch_size)
        # Everything below is guarded by this condition.
        self._changed = threading.Condition()
        self._jobs = jobs
        self._exhausted = False
        self._reading = 0
        self._unfinished = 0  # taken from the jobs, not among the outcomes yet
        self._memory = 0
        self._ready: deque[_Photo] = deque()
        self._coloured: deque[_Photo] = deque()
        self._outcomes: deque[Outcome] = deque()
        self._open_rows: set[RowReader] = set()  # of photos that are read row by row at present
        self._stopped = False
        self._crash: BaseException | None = None

    # The caller's side

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def outcomes(self) -> Iterator[Outcome]:
        while True:
            with self._changed:
                while not (self._outcomes or self._crash or self._at_end()):
                    self._changed.wait()
                if self._crash is not None:
                    raise self._crash
                if not self._outcomes:
                    return
                outcome = self._outcomes.popleft()
            yield outcome

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            for rows in self._open_rows:
                rows.cancel()
            self._changed.notify_all()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    # The threads

    def _guarded(self, loop: Any) -> None:
        try:
            loop()
        except BaseException as error:  # a fault of colorlab's own: for the caller to see
            with self._changed:
                self._crash = self._crash or error
                self._stopped = True
                self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                while True:
                    if self._stopped or self._at_end():
                        return
                    if self._coloured:
                        task: _Photo | Job = self._coloured.popleft()
                        break
                    if self._may_read():
                        job = next(self._jobs, None)
                        if job is None:
                            self._exhausted = True
                            self._changed.notify_all()
                            continue
                        task = job
                        self._reading += 1
                        self._unfinished += 1
                        break
                    self._changed.wait()
            if isinstance(task, Job):
                self._read(task)
            else:
                self._report(task, self._finish(task))

    def _drive_network(self) -> None:
        while True:
            with self._changed:
                while not self._ready:
                    if self._stopped or self._at_end():
                        return
                    self._changed.wait()
                if self._stopped:
                    return
                size = self._colorizer.batch_size
                batch = [self._ready.popleft() for _ in range(min(size, len(self._ready)))]
                self._changed.notify_all()
            began = time.perf_counter()
            results = self._predict(batch)
            share = (time.perf_counter() - began) / len(batch)
            for photo, result in zip(batch, results, strict=True):
                photo.seconds += share
                if isinstance(result, ColorlabError):
                    self._report(photo, self._failure(photo, result))
                    continue
                photo.ab = result
                with self._changed:
                    self._coloured.append(photo)
                    self._changed.notify_all()

    def _predict(self, batch: list[_Photo]) -> Sequence[npt.NDArray[np.float32] | ColorlabError]:
        prepared = [_prepared(photo) for photo in batch]
        if not self._settings.uncertainty or self._colorizer.card.classes is None:
            return self._colorizer.predict_each(prepared, threads=self._network_threads)
        results: list[npt.NDArray[np.float32] | ColorlabError] = []
        for photo, each in zip(batch, prepared, strict=True):
            try:
                ab, photo.uncertainty = self._colorizer.predict_with_spread(
                    each, threads=self._network_threads
                )
                results.append(ab)
            except ColorlabError as error:
                results.append(error)
        return results

    def _at_end(self) -> bool:
        return self._exhausted and self._unfinished == 0

    def _may_read(self) -> bool:
        return (
            not self._exhausted
            and self._reading + len(self._ready) < self._ahead
            and (self._memory < self._settings.max_memory or self._unfinished == 0)
        )

    def _report(self, photo: _Photo, outcome: Outcome) -> None:
        if photo.uncertainty is not None:
            outcome = replace(outcome, uncertainty=photo.uncertainty)
        with self._changed:
            self._memory -= photo.memory
            self._unfinished -= 1
            self._outcomes.append(outcome)
            self._changed.notify_all()

    # The stages

    def _read(self, job: Job) -> None:
        began = time.perf_counter()
        photo = _Photo(job)
        outcome: Outcome | None = None
        try:
            if self._journal is not None and self._journal.is_done(job):
                outcome = Outcome(job.path, job.output, "skipped")
            else:
                self._check_output(job)
                if self._journal is not None:
                    photo.seen = print_of(job.path)
                photo.prepared = self._prepare(photo)
        except MemoryError as error:
            outcome = self._failure(photo, _memory_error(error))
        except ColorlabError as error:
            outcome = self._failure(photo, error)
        photo.seconds = time.perf_counter() - began
        with self._changed:
            self._reading -= 1
            if outcome is None:
                self._ready.append(photo)
            self._changed.notify_all()
        if outcome is not None:
            self._report(photo, outcome)

    def _prepare(self, photo: _Photo) -> Prepared | PreparedRows:
        """Reads a photo; counts its pixels before they are there, so that fewer are read ahead."""
        path, limits = photo.job.path, self._colorizer.limits
        if os.path.isfile(path):  # noqa: PTH113 - a pipe can be read only once
            rows = open_rows(path, limits=limits)
            is_large = large.is_large(
                rows,
                photo.job.output,
                preserve=self._settings.preserve,
                max_memory=self._settings.max_memory,
            )
            photo.memory = large.MEMORY if is_large else memory_of(rows)
            with self._changed:
                self._memory += photo.memory
            if is_large:
                with self._reading_rows(rows):
                    return self._colorizer.prepare_rows(rows)
            del rows  # some formats are in memory once they are open
        photo.source = read_photo(path, limits=limits, data=self._contents.get(path))
        return self._colorizer.prepare(photo.source.pixels, threads=1)

    @contextlib.contextmanager
    def _reading_rows(self, rows: RowReader) -> Iterator[None]:
        """While this lasts, stopping the work stops what is done with these rows."""
        with self._changed:
            self._open_rows.add(rows)
            if self._stopped:
                rows.cancel()
        try:
            yield
        finally:
            with self._changed:
                self._open_rows.discard(rows)

    def _finish(self, photo: _Photo) -> Outcome:
        began = time.perf_counter()
        job = photo.job
        prepared = _prepared(photo)
        if isinstance(prepared, PreparedRows):
            height, width = prepared.rows.upright
        else:
            height, width = prepared.pixels.shape[:2]
        del prepared
        try:
            certificate = self._color(photo)
        except MemoryError as error:
            return self._failure(photo, _memory_error(error))
        except ColorlabError as error:
            return self._failure(photo, error)
        seconds = photo.seconds + time.perf_counter() - began
        return Outcome(job.path, job.output, "ok", certificate, None, seconds, (height, width))

    def _color(self, photo: _Photo) -> Certificate | None:
        """Full-size colour into the output; says what was kept."""
        job, settings, source, ab = photo.job, self._settings, photo.source, photo.ab
        prepared = _prepared(photo)
        assert ab is not None
        if isinstance(prepared, PreparedRows):
            write_rows = partial(
                large.write_rows,
                job.output,
                prepared,
                ab,
                self._colorizer,
                saturation=settings.saturation,
                preserve=settings.preserve,
                threads=self._cores,
            )
            with self._reading_rows(prepared.rows):
                return self._write(photo, write_rows)
        assert source is not None
        if settings.preserve == "luma" and keeps_luma(job.output, source):
            cbcr, kept = self._colorizer.finish_chroma(
                prepared, ab, saturation=settings.saturation, threads=1
            )
            # A JPEG in colours of its own is encoded anew below.
            with contextlib.suppress(UnsupportedFormatError):
                limits = self._colorizer.limits
                self._write(photo, partial(write_chroma, job.output, cbcr, source, limits=limits))
                return kept
        result = self._colorizer.finish(
            prepared,
            ab,
            saturation=settings.saturation,
            preserve=settings.preserve,
            threads=1,
        )
        photo.prepared = None
        del prepared
        self._write(photo, partial(write_photo, job.output, result, source))
        return result.certificate

    def _write(self, photo: _Photo, write: Callable[..., _Result]) -> _Result:
        job = photo.job
        self._check_output(job)
        overwrite = self._settings.overwrite
        if self._journal is not None:
            overwrite = overwrite or self._journal.may_replace(job)
            self._journal.start(job)
        try:
            result = write(
                quality=self._settings.quality, overwrite=overwrite, provenance=self._provenance
            )
        except OutputError as error:
            if self._journal is not None and error.code == "output_exists":
                self._journal.forget(job)
            raise
        if self._journal is not None:
            self._journal.finish(job, photo.seen)
        return result

    def _check_output(self, job: Job) -> None:
        """Refuses an output that exists, or cannot be written, before any work goes into it."""
        folder = Path(job.output).parent
        # In this order: another worker may make the folder meanwhile.
        if os.path.lexists(folder) and not os.access(folder, os.W_OK):
            raise OutputError("cannot be written: its folder is read-only", path=job.output)
        if self._settings.overwrite or not os.path.lexists(job.output):
            return
        if self._journal is None or not self._journal.may_replace(job):
            raise already_there(job.output)

    def _failure(self, photo: _Photo, error: ColorlabError) -> Outcome:
        job = photo.job
        return Outcome(
            job.path, job.output, "error", None, error.with_path(job.path), photo.seconds
        )


def _prepared(photo: _Photo) -> Prepared | PreparedRows:
    assert photo.prepared is not None
    return photo.prepared


def _memory_error(error: MemoryError) -> ColorlabError:
    if isinstance(error, ColorlabError):
        return error
    return OutOfMemoryError("too little memory for a photo of this size")
