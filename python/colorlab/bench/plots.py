"""Plots of a benchmark report, sized to be read on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from colorlab.bench.race import OURS

__all__ = ["Curves", "bars", "lines"]

_WIDTH = 4.2  # inches
_FAR_APART = 20  # times
_STYLE = {
    "font.size": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.axisbelow": True,
}
_SHADES = ("#9ecae1", "#4292c6", "#08519c", "#08306b")
_OUR_SHADES = ("#fdae6b", "#f16913", "#a63603", "#7f2704")


@dataclass(frozen=True, slots=True)
class Curves:
    """One plot: a quantity against another, in one or more series."""

    name: str
    title: str
    x_label: str
    y_label: str
    series: dict[str, list[list[float]]]  #: [x, y] points by name
    logarithmic: bool = False  #: the x axis

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def _subplots(height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure((_WIDTH, height))
    return figure, figure.subplots()


def bars(cases: Sequence[dict[str, Any]]) -> Any:
    """Speeds of all competitors in cases that differ only in size.

    Bars begin at 0, so that their lengths compare, unless speeds are too far apart for one to be
    seen beside another: then the axis is logarithmic, and says so.
    """
    import matplotlib

    names = list(dict.fromkeys(each["name"] for case in cases for each in case["competitors"]))
    speeds = [each["speed"] for case in cases for each in case["competitors"]]
    thick = 0.8 / len(cases)
    with matplotlib.rc_context(_STYLE):
        figure, axes = _subplots(0.7 + 0.27 * len(names) * max(1, 0.6 * len(cases)))
        for number, case in enumerate(cases):
            for each in case["competitors"]:
                place = names.index(each["name"]) + (number - (len(cases) - 1) / 2) * thick
                shades = _OUR_SHADES if each["name"].startswith(OURS) else _SHADES
                color = shades[number % len(shades)]
                axes.barh(place, each["speed"], thick, color=color)
                told = f" {each['speed']:,.{0 if each['speed'] >= 100 else 1}f}"
                axes.text(each["speed"], place, told, va="center", fontsize=7)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.set_xlabel(cases[0]["unit"])
        if max(speeds) > _FAR_APART * min(speeds):
            axes.set_xscale("log")
            axes.set_xlabel(f"{cases[0]['unit']}, logarithmic")
            axes.xaxis.set_major_formatter("{x:g}")
            axes.xaxis.set_minor_formatter("")
        axes.grid(visible=False, axis="y")
    return figure


def lines(curves: Curves) -> Any:
    """Its plot."""
    import matplotlib

    with matplotlib.rc_context(_STYLE):
        figure, axes = _subplots(2.8)
        for name, points in curves.series.items():
            axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=name)
        if curves.logarithmic:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter("{x:g}")
        else:
            axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_ylim(0, 1.08 * max(y for points in curves.series.values() for _, y in points))
        axes.set_xlabel(curves.x_label)
        axes.set_ylabel(curves.y_label)
        if len(curves.series) > 1:
            axes.legend(frameon=False)
    return figure
