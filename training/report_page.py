"""report.html of a run: its configuration, curves, samples through time and validation figures."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from colorlab import html_report as page
from colorlab.evaluation_report import METRICS

from . import files, report

SHEETS = 6  # triptychs shown, spread over the run

_METRICS = ("psnr", "delta_e00", "auc", "auc_rebalanced", "cf", "cf_share", "grey_fraction")
_COLUMNS = (("step", "step", "d"), *(metric for metric in METRICS if metric[0] in _METRICS))


def write(run: Path, rows: list[dict[str, Any]], validation: list[dict[str, Any]]) -> Path:
    """Writes the page from what lies in the run's folder; every picture is inside of it.

    Args:
        rows: of metrics.jsonl. validation: of validation.json, may be empty.
    """
    parts: list[str] = []
    if rows:
        last = rows[-1]
        numbers = ", ".join(
            f"{key.replace('_', ' ')} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
            for key, value in last.items()
        )
        parts.append(page.paragraph(numbers))
    curves = run / "losses.png"
    if curves.exists():
        parts += [page.heading("Losses"), page.embedded(curves, alt="losses over the steps")]
    if validation:
        parts += [page.heading("Validation"), _validation(validation)]
    sheets = sorted((run / "samples").glob("[0-9]*.png"), key=_step_of)
    scores = files.read_rows(run / report.SCORES)
    if sheets:
        parts.append(page.heading("Samples: grey, truth, colorized"))
        for sheet in _shown(sheets):
            step = _step_of(sheet)
            parts += [page.heading(f"step {step}", 3), page.embedded(sheet, alt=f"step {step}")]
            parts += [_scores(row) for row in scores if row["step"] == step]
    settings = json.loads((run / "config.json").read_text(encoding="utf-8"))
    parts += [page.heading("Configuration"), page.preformatted(json.dumps(settings, indent=2))]
    path = run / "report.html"
    page.write(path, page.page(run.absolute().name, parts), overwrite=True)
    return path


def _step_of(sheet: Path) -> int:
    return int(sheet.stem)


def _shown(sheets: list[Path]) -> Iterable[Path]:
    """The latest first, then evenly back to the first."""
    count = min(SHEETS, len(sheets))
    picked = {round(i * (len(sheets) - 1) / max(1, count - 1)) for i in range(count)}
    return [sheets[i] for i in sorted(picked, reverse=True)]


def _validation(rows: list[dict[str, Any]]) -> str:
    return page.table(
        [title for _, title, _ in _COLUMNS],
        [[f"{row[key]:{form}}" for key, _, form in _COLUMNS] for row in rows],
    )


def _scores(row: dict[str, Any]) -> str:
    """What the discriminator took each sample of a sheet for, in the sheet's order."""
    numbers = [str(number) for number in range(1, len(row["truth"]) + 1)]
    lines = [[name, *(f"{v:.0%}" for v in row[name])] for name in ("truth", "colorized")]
    told = "Taken for a true photograph by the discriminator, in the order of the samples:"
    return page.paragraph(told) + page.table(["", *numbers], lines)
