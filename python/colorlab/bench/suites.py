"""All suites of cases by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from colorlab.bench import archive, evaluation, files, kernels, pipeline
from colorlab.bench.race import Case

__all__ = ["SUITES", "cases"]

SUITES: dict[str, Callable[[], Iterator[Case]]] = {
    "kernels": kernels.cases,
    "files": files.cases,
    "archive": archive.cases,
    "pipeline": pipeline.cases,
    "evaluation": evaluation.cases,
}


def cases(suites: Sequence[str] = tuple(SUITES)) -> Iterator[Case]:
    """Every case of these suites."""
    for name in suites:
        yield from SUITES[name]()
