"""What became of each photo, and of all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from colorlab.errors import ColorlabError, ModelError, OutOfMemoryError
from colorlab.result import Certificate

__all__ = ["BulkReport", "Outcome", "exit_code_of", "explain", "summary"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one photo."""

    path: str
    output: str
    status: Literal["ok", "error", "skipped"]  #: skipped: an earlier run has done it
    certificate: Certificate | None = None  #: of an ok one
    error: ColorlabError | None = None
    seconds: float = 0.0  #: of work on it, waiting not counted
    size: tuple[int, int] | None = None  #: height and width, pixels
    uncertainty: float | None = None  #: spread of the colours thought possible, a*b* units

    def as_dict(self) -> dict[str, Any]:
        """One line of `--json`."""
        row: dict[str, Any] = {"path": self.path, "output": self.output, "status": self.status}
        if self.error is not None:
            row |= explain(self.error)
            if self.error.path not in (None, self.path):  # the output, or its folder
                row["message"] = f"{self.error.path}: {self.error.reason}"
        if self.certificate is not None:
            row["certificate"] = self.certificate.as_dict()
        if self.size is not None:
            row["height"], row["width"] = self.size
        if self.uncertainty is not None:
            row["uncertainty"] = round(self.uncertainty, 3)
        row["seconds"] = round(self.seconds, 4)
        return row


@dataclass(slots=True)
class BulkReport:
    """What became of all photos; single outcomes are kept only of those that failed."""

    done: int = 0
    skipped: int = 0  #: done by an earlier run
    failures: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0  #: wall time
    stopped: bool = False  #: ended before the last photo, as on_error="stop" asks

    @property
    def failed(self) -> int:
        """How many photos failed."""
        return len(self.failures)

    def add(self, outcome: Outcome) -> None:
        """Counts one more."""
        if outcome.status == "ok":
            self.done += 1
        elif outcome.status == "skipped":
            self.skipped += 1
        else:
            self.failures.append(outcome)

    @property
    def exit_code(self) -> int:
        """0 all well, 1 some failed, 3 nothing succeeded (4 for want of a model, 5 of memory)."""
        if not self.failures:
            return 0
        if self.done or self.skipped:
            return 1
        codes = {exit_code_of(each.error) for each in self.failures if each.error is not None}
        return codes.pop() if len(codes) == 1 else 3


def exit_code_of(error: ColorlabError) -> int:
    """The command line's exit code when this error is all that came out."""
    if isinstance(error, ModelError):
        return 4
    if isinstance(error, OutOfMemoryError):
        return 5
    return 3


def explain(error: ColorlabError) -> dict[str, Any]:
    """An error as JSON can hold it; no path, which stands beside it."""
    return {"code": error.code, "message": error.reason, "hint": error.hint}


def summary(report: BulkReport) -> str:
    """One sentence for a person."""
    photos = "photo" if report.done == 1 else "photos"
    parts = [f"{report.done} {photos} coloured in {report.seconds:.1f} s"]
    if report.skipped:
        parts.append(f"{report.skipped} done before")
    if report.failed:
        parts.append(f"{report.failed} failed")
    return ", ".join(parts)
