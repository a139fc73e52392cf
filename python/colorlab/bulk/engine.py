"""Where the photos of a plan are coloured: in this process, or on a cluster."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

from colorlab.arguments import choice, whole
from colorlab.bulk import runner
from colorlab.bulk.journal import Journal, Ledger
from colorlab.bulk.plan import Job
from colorlab.bulk.report import Outcome
from colorlab.bulk.runner import Settings
from colorlab.colorizer import Colorizer
from colorlab.errors import InvalidArgumentError

__all__ = ["Engine", "EngineName", "opened"]

EngineName = Literal["local", "ray"]


class Engine(Protocol):
    """Colours photos; whichever does it, outputs, outcomes and journals are the same."""

    def open_journal(self, path: Path, settings: dict[str, Any], *, resume: bool) -> Ledger:
        """The journal of an output folder, as `Journal`."""
        ...

    def run(
        self,
        colorizer: Colorizer,
        jobs: Iterable[Job],
        settings: Settings,
        journal: Ledger | None,
    ) -> Generator[Outcome, None, None]:
        """As `runner.run`."""
        ...


class _Local:
    """This process."""

    open_journal = staticmethod(Journal)
    run = staticmethod(runner.run)


@contextmanager
def opened(name: EngineName, *, actors: int | None = None) -> Iterator[Engine]:
    """An engine to use.

    Args:
        name: "local" or "ray".
        actors: of the ray engine: processes that hold a network; None is what the cluster has room
            for.

    Raises:
        InvalidArgumentError: no such engine, or no such number of actors.
        ColorlabError: Ray is not installed (code "extra_missing") or no cluster answers (code
            "cluster").
    """
    choice("engine", name, ("local", "ray"))
    if actors is not None and name != "ray":
        raise InvalidArgumentError("actors= is for the engine ray")
    if actors is not None:
        whole("actors", actors, besides=" or None")
    if name == "local":
        yield _Local()
    else:
        from colorlab.bulk.ray_engine import connected

        with connected(actors) as engine:
            yield engine
