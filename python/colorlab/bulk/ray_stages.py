"""What the ray engine runs on a cluster: tasks that read, actors that colour, the journal's keeper.

Nothing here keeps anything that a retry would miss: a task or an actor may be killed at any moment
and what it was given is given to another. The outputs are the same whoever writes them, and the
keeper knows which of them are this run's own.
"""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from colorlab import image_io
from colorlab.bulk import runner
from colorlab.bulk.journal import Journal, Print, print_of, remove_leftovers
from colorlab.bulk.plan import Job
from colorlab.bulk.report import Outcome
from colorlab.bulk.runner import Settings
from colorlab.colorizer import Colorizer
from colorlab.errors import ColorlabError

__all__ = ["ColorActor", "Keeper", "KeptLedger", "read"]

_MOST_BYTES = 64 << 20  # larger files are not sent around: who colours them reads them

Batch = dict[str, Any]  # columns of Ray Data; "jobs" are pairs, as the plan names it and absolute


class Keeper:
    """The journal of a run, kept by one actor for all others; its methods are called remotely.

    It knows photos by the names that the plan has for them, relative to `folder`.
    """

    def __init__(self, path: Path, settings: dict[str, Any], resume: bool, folder: Path) -> None:
        os.chdir(folder)  # an actor is a process of its own
        self._journal = Journal(path, settings, resume=resume)
        self._lock = threading.Lock()
        self._writing: dict[int, set[str]] = {}  # outputs that a process began and did not end

    def are_done(self, jobs: list[Job]) -> list[bool]:
        return [self._journal.is_done(job) for job in jobs]

    def may_replace(self, job: Job) -> bool:
        return self._journal.may_replace(job)

    def start(self, jobs: list[Job], process: int) -> list[bool]:
        """As `Journal.start`; says of each job whether it was begun before."""
        before = [self._journal.may_replace(job) for job in jobs]
        with self._lock:
            self._writing.setdefault(process, set()).update(job.output for job in jobs)
        for job in jobs:
            self._journal.start(job, process=process)
        return before

    def finish(self, jobs: list[tuple[Job, Print | None]], process: int) -> None:
        """As `Journal.finish`, of many."""
        for job, seen in jobs:
            self._journal.finish(job, seen)
        self._ended([job for job, _ in jobs], process)

    def forget(self, job: Job, process: int) -> None:
        self._journal.forget(job)
        self._ended([job], process)

    def _ended(self, jobs: list[Job], process: int) -> None:
        with self._lock:
            self._writing.get(process, set()).difference_update(job.output for job in jobs)

    def close(self) -> None:
        """Ends the journal and removes what killed processes left behind."""
        for process, outputs in self._writing.items():
            remove_leftovers([process], {Path(output).parent for output in outputs})
        self._journal.close()


class KeptLedger:
    """The journal as the processes of the cluster see it, through the handle of its keeper."""

    def __init__(self, keeper: Any) -> None:
        self._keeper = keeper

    def is_done(self, job: Job) -> bool:
        return self.are_done([job])[0]

    def are_done(self, jobs: list[Job]) -> list[bool]:
        """The same of many."""
        return list(self.ask("are_done", jobs))

    def may_replace(self, job: Job) -> bool:
        return bool(self.ask("may_replace", job))

    def start(self, job: Job) -> None:
        self.ask("start", [job], os.getpid())

    def finish(self, job: Job, seen: Print | None) -> None:
        self.ask("finish", [(job, seen)], os.getpid())

    def forget(self, job: Job) -> None:
        self.ask("forget", job, os.getpid())

    def close(self) -> None:
        self.ask("close")

    def ask(self, what: str, *arguments: Any) -> Any:
        """Calls a method of the keeper and waits for its answer."""
        import ray

        return ray.get(getattr(self._keeper, what).remote(*arguments))


class _BatchLedger:
    """The journal for one batch, which asks the keeper twice instead of thrice a photo.

    Args:
        kept: the journal, which knows jobs by the names of the plan.
        names: of the jobs as they are called here.
        done: those that need not be done.
        seen: prints of those whose files were read already, from before they were.
    """

    def __init__(
        self,
        kept: KeptLedger,
        names: Mapping[Job, Job],
        done: set[Job],
        seen: Mapping[Job, Print | None],
    ) -> None:
        self._kept = kept
        self._names = names
        self._done = done
        self._seen = seen
        self._finished: list[tuple[Job, Print | None]] = []
        absent = [job for job in names if job not in done and not os.path.lexists(job.output)]
        before = kept.ask("start", [names[job] for job in absent], os.getpid())
        #: begun here: whether this run had begun it before
        self._begun = dict(zip(absent, before, strict=True))

    def is_done(self, job: Job) -> bool:
        return job in self._done

    def may_replace(self, job: Job) -> bool:
        if job in self._begun:
            return bool(self._begun[job])
        return self._kept.may_replace(self._names[job])

    def start(self, job: Job) -> None:
        if job not in self._begun:
            self._kept.start(self._names[job])

    def finish(self, job: Job, seen: Print | None) -> None:
        self._finished.append((self._names[job], self._seen.get(job, seen)))

    def forget(self, job: Job) -> None:
        self._kept.forget(self._names[job])

    def close(self) -> None:
        """Tells the keeper what has been finished."""
        if self._finished:
            self._kept.ask("finish", self._finished, os.getpid())


def read(batch: Batch, ledger: KeptLedger | None, limits: Any) -> Batch:
    """A stateless task: the files of some jobs, unless they are done, too large or unreadable.

    What is not read here is looked at by whoever colours it, who also says what is wrong with it.
    """
    jobs = [pickle.loads(each) for each in batch["jobs"]]
    done = [False] * len(jobs)
    if ledger is not None:
        done = ledger.are_done([named for named, _ in jobs])
    seen, contents = [], []
    for (_, job), skipped in zip(jobs, done, strict=True):
        seen.append(pickle.dumps(print_of(job.path)))
        contents.append(b"" if skipped else _content(job.path, limits))
    return {**batch, "done": done, "seen": seen, "content": contents}


def _content(path: str, limits: Any) -> bytes:
    with suppress(ColorlabError, OSError):
        if Path(path).is_file() and Path(path).stat().st_size <= _MOST_BYTES:
            return image_io.read_file(path, limits=limits)
    return b""


class ColorActor:
    """An actor: one network for its whole life, and the runner's threads for each batch."""

    def __init__(
        self, arguments: dict[str, Any], settings: Settings, ledger: KeptLedger | None
    ) -> None:
        self._colorizer = Colorizer(**arguments)
        self._settings = settings
        self._ledger = ledger

    def __call__(self, batch: Batch) -> Iterator[Batch]:
        """Columns of `read` to columns "index" and "outcome"."""
        names = {job: named for named, job in map(pickle.loads, batch["jobs"])}
        jobs = list(names)
        index = {job.output: int(number) for job, number in zip(jobs, batch["index"], strict=True)}
        contents, seen = {}, {}
        for job, content, before in zip(jobs, batch["content"], batch["seen"], strict=True):
            if len(content):
                contents[job.path] = content
                seen[job] = pickle.loads(before)
        ledger: _BatchLedger | None = None
        if self._ledger is not None:
            done = {job for job, skipped in zip(jobs, batch["done"], strict=True) if skipped}
            ledger = _BatchLedger(self._ledger, names, done, seen)
        try:
            for outcome in runner.run(self._colorizer, jobs, self._settings, ledger, contents):
                yield {"index": [index[outcome.output]], "outcome": [pickle.dumps(outcome)]}
        finally:
            if ledger is not None:
                ledger.close()


def as_named(outcome: Outcome, named: Job, absolute: Job) -> Outcome:
    """An outcome with the names that the plan has for its files, errors included."""
    error = outcome.error
    names = {absolute.path: named.path, absolute.output: named.output}
    if error is not None and error.path in names:
        error = type(error)(error.reason, code=error.code, path=names[error.path], hint=error.hint)
    return replace(outcome, path=named.path, output=named.output, error=error)
