"""What a benchmark is: competitors that do the same thing, take turns, and are checked."""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from colorlab import bootstrap
from colorlab.errors import ColorlabError

__all__ = ["OURS", "Case", "Competitor", "Race", "Result", "load", "measure"]

OURS = "colorlab"
_LEAST, _MOST = 5, 60  # rounds

Clock = Literal["cpu", "wall"]


def load(name: str) -> Any | None:
    """A module, or None where it is not installed or cannot be loaded."""
    try:
        return importlib.import_module(name)
    except (ImportError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class Competitor:
    """One way to do it, as a fast user of that library would."""

    name: str
    #: (what `Case.inputs` gave, threads) to what is timed; outputs are reused where it can
    prepare: Callable[[Any, int], Callable[[], Any]]
    #: largest error of its result, in `Case.error_in`; infinite where it answers in other numbers
    tolerance: float = math.inf
    modules: tuple[str, ...] = ()  #: without these it is absent
    threaded: bool = True  #: can use more than one thread
    largest: float = math.inf  #: of `Case.work`: above, it is too slow to wait for


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to do, at one size, with so many threads (0: all)."""

    suite: str
    name: str
    title: str
    size: str
    threads: int
    work: float  #: in units per run, as 12 megapixels
    unit: str  #: of the speed, as "MP/s"
    inputs: Callable[[], Any]
    all_competitors: tuple[Competitor, ...]  #: the first is colorlab's, which ratios refer to
    error: Callable[[Any, Any], float]  #: (inputs, result)
    error_in: str

    @property
    def competitors(self) -> list[Competitor]:
        """Those that make sense at this size and with these threads, installed or not."""
        return [
            each
            for each in self.all_competitors
            if self.work <= each.largest and (each.threaded or self.threads == 1)
        ]

    @property
    def clock(self) -> Clock:
        """One thread is timed by the process's CPU time, which other programs disturb least."""
        return "cpu" if self.threads == 1 else "wall"

    def __str__(self) -> str:
        return f"{self.name}, {self.size}, {'1 thread' if self.threads == 1 else 'all threads'}"


@dataclass(frozen=True, slots=True)
class Result:
    """Seconds of every round, and how wrong each result was where that can be told."""

    case: Case
    seconds: dict[str, list[float]]
    errors: dict[str, float]
    absent: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Medians, speeds and ratios, ready for JSON.

        The ratio of a competitor is how many times longer than colorlab it takes: that of the
        medians, with the 95 % bootstrap interval over rounds.
        """
        case = self.case
        first = next(iter(self.seconds))
        ours = self.seconds[first]
        rows = []
        for name, seconds in self.seconds.items():
            middle = float(np.median(seconds))
            row: dict[str, Any] = {
                "name": name,
                "median_seconds": middle,
                "rounds": len(seconds),
                "speed": case.work / middle,
                "error": self.errors.get(name),
            }
            if name != first:
                row["ratio"] = middle / float(np.median(ours))
                row["ratio_low"], row["ratio_high"] = bootstrap.interval(_ratio, seconds, ours)
            rows.append(row)
        return {
            "suite": case.suite,
            "name": case.name,
            "title": case.title,
            "size": case.size,
            "threads": case.threads,
            "clock": case.clock,
            "unit": case.unit,
            "work": case.work,
            "error_in": case.error_in,
            "competitors": rows,
            "absent": self.absent,
        }


def _ratio(theirs: Any, ours: Any) -> Any:
    return np.median(theirs, axis=1) / np.median(ours, axis=1)


@dataclass(slots=True)
class Race:
    """A case that is being measured; making it makes the inputs.

    Raises:
        ColorlabError: a result is wrong (code "wrong_result"); nothing is timed then.
    """

    case: Case
    seconds: dict[str, list[float]] = field(init=False, default_factory=dict)
    errors: dict[str, float] = field(init=False, default_factory=dict)
    absent: list[str] = field(init=False, default_factory=list)
    round_seconds: float = field(init=False, default=0.0)  #: of one round, about
    _runs: dict[str, Callable[[], Any]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        inputs = self.case.inputs()
        for each in self.case.competitors:
            if any(load(module) is None for module in each.modules):
                self.absent.append(each.name)
                continue
            run = each.prepare(inputs, self.case.threads)
            error = self.case.error(inputs, run()) if math.isfinite(each.tolerance) else None
            if error is not None and not error <= each.tolerance:
                raise ColorlabError(
                    f"{self.case}: the result of {each.name} is off by {error:.3g} "
                    f"{self.case.error_in}, at most {each.tolerance:g} was expected",
                    code="wrong_result",
                )
            self._runs[each.name] = run
            if error is not None:
                self.errors[each.name] = error
        begin = time.perf_counter()
        for run in self._runs.values():  # also warms caches up and touches outputs
            run()
        self.round_seconds = time.perf_counter() - begin
        self.seconds = {name: [] for name in self._runs}

    @property
    def peers(self) -> Sequence[str]:
        """All but colorlab's own first way."""
        return list(self._runs)[1:]

    def rounds(self, seconds: float) -> int:
        """How many rounds fit into about so many seconds, within reason."""
        return int(min(_MOST, max(_LEAST, seconds / max(self.round_seconds, 1e-6))))

    def lap(self, name: str) -> None:
        """One timed run of one competitor."""
        clock = time.process_time if self.case.clock == "cpu" else time.perf_counter
        run = self._runs[name]
        begin = clock()
        run()
        self.seconds[name].append(clock() - begin)

    def lap_peers(self) -> None:
        """One timed run of each peer."""
        for name in self.peers:
            self.lap(name)

    def result(self) -> Result:
        """What was measured so far."""
        return Result(self.case, self.seconds, self.errors, self.absent)


def measure(case: Case, *, seconds: float) -> Result:
    """Races a case in rounds, in which the competitors take turns, for about so many seconds."""
    race = Race(case)
    for _ in range(race.rounds(seconds)):
        race.lap(next(iter(race.seconds)))
        race.lap_peers()
    return race.result()
