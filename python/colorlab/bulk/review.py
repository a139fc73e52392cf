"""report.html of a run: the doubtful photos first, before and after; the slowest; the failures."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from colorlab import html_report as page
from colorlab import image_io
from colorlab.bulk.report import BulkReport, Outcome, summary
from colorlab.errors import ColorlabError

__all__ = ["Review"]

_SHOWN = 150  # photos with pictures
_SLOWEST = 20
_LISTED = 2000  # failures
_SIDE = 200  # of a picture, pixels

_Ranked = list[tuple[float, int, Outcome]]


@dataclass(slots=True)
class Review:
    """Told of every outcome, it keeps those that a person should look at."""

    _doubtful: _Ranked = field(default_factory=list)
    _slowest: _Ranked = field(default_factory=list)
    _failed: list[Outcome] = field(default_factory=list)
    _count: int = 0  # also settles ties
    _measured: bool = False  # the generator says how unsure it is

    def add(self, outcome: Outcome) -> None:
        """One more."""
        self._count += 1
        if outcome.status == "error" and len(self._failed) < _LISTED:
            self._failed.append(outcome)
        if outcome.status != "ok":
            return
        self._measured |= outcome.uncertainty is not None
        self._keep(self._doubtful, _SHOWN, _doubt(outcome), outcome)
        self._keep(self._slowest, _SLOWEST, outcome.seconds, outcome)

    def _keep(self, heap: _Ranked, count: int, key: float, outcome: Outcome) -> None:
        heapq.heappush(heap, (key, -self._count, outcome))
        if len(heap) > count:
            heapq.heappop(heap)

    def as_html(self, report: BulkReport) -> str:
        """The page; reads the pictures that it shows from their files."""
        return page.page("colorlab: photos coloured", self._parts(report))

    def _parts(self, report: BulkReport) -> Iterator[str]:
        yield page.paragraph(summary(report) + ".")
        if self._failed:
            yield page.heading("Failed")
            if report.failed > len(self._failed):
                yield page.paragraph(f"The first {_LISTED} of {report.failed}.", note=True)
            yield page.table(("photo", "why"), ((f.path, str(f.error)) for f in self._failed))
        if self._doubtful:
            yield page.heading("To look at, the most doubtful first")
            yield page.paragraph(
                "By the spread of the colours that the generator thinks possible, in a*b* units."
                if self._measured
                else "This generator does not say how unsure it is: by the share of pixels whose "
                "colour was too strong for sRGB.",
                note=True,
            )
            rows = (
                (
                    _picture(outcome.path),
                    _picture(outcome.output),
                    f"{outcome.output}: {doubt:.1f}"
                    if self._measured
                    else f"{outcome.output}: {doubt:.1%}",
                )
                for doubt, _, outcome in sorted(self._doubtful, reverse=True)
            )
            yield page.table(("before", "after", "photo"), rows)
        if self._slowest:
            yield page.heading("Slowest")
            slow = sorted(self._slowest, reverse=True)
            yield page.table(
                ("photo", "pixels", "seconds"),
                (
                    (each.path, "x".join(map(str, (each.size or ())[::-1])), f"{seconds:.2f}")
                    for seconds, _, each in slow
                ),
            )


def _doubt(outcome: Outcome) -> float:
    if outcome.uncertainty is not None:
        return outcome.uncertainty
    return outcome.certificate.reduced_chroma if outcome.certificate is not None else 0.0


def _picture(path: str) -> str:
    """A photo from its file; its name where it is gone or cannot be read any more."""
    try:
        info = image_io.probe(path)
        # A JPEG comes smaller by itself as long as that is still larger than the picture.
        reduce = next((n for n in (8, 4, 2) if min(info.height, info.width) >= n * _SIDE), 1)
        pixels = image_io.read(path, reduce=reduce if info.format == "jpeg" else 1)
        return page.picture(pixels, side=_SIDE, alt=Path(path).name)
    except ColorlabError as error:
        return str(error)
