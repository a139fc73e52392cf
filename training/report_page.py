"""report.html of a run: its configuration, curves, samples through time and validation figures."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import report

SHEETS = 6  # triptychs shown, spread over the run

_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
    "img{max-width:100%}table{border-collapse:collapse}td,th{padding:.2rem .8rem;text-align:right;"
    "border-bottom:1px solid #ddd}pre{background:#f6f6f6;padding:1rem;overflow:auto}"
)
_COLUMNS = (
    ("step", "step", "d"),
    ("psnr", "PSNR, dB", ".2f"),
    ("delta_e00", "ΔE00", ".2f"),
    ("auc", "AuC, %", ".2f"),
    ("auc_rebalanced", "AuC rebalanced, %", ".2f"),
    ("cf", "CF", ".1f"),
    ("cf_share", "of the truth's", ".0%"),
    ("grey_fraction", "grey pixels", ".1%"),
)


def write(run: Path, rows: list[dict[str, Any]], validation: list[dict[str, Any]]) -> Path:
    """Writes the page from what lies in the run's folder; every picture is inside of it.

    Args:
        rows: of metrics.jsonl. validation: of validation.json, may be empty.
    """
    parts = [f"<h1>{html.escape(run.absolute().name)}</h1>"]
    if rows:
        last = rows[-1]
        numbers = ", ".join(
            f"{key.replace('_', ' ')} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
            for key, value in last.items()
        )
        parts.append(f"<p>{html.escape(numbers)}</p>")
    curves = run / "losses.png"
    if curves.exists():
        parts += ["<h2>Losses</h2>", _image(curves, "losses over the steps")]
    if validation:
        parts += ["<h2>Validation</h2>", _table(validation)]
    sheets = sorted((run / "samples").glob("*.png"))
    scores = report.read_scores(run)
    if sheets:
        parts.append("<h2>Samples: grey, truth, colorized</h2>")
        for sheet in _spread(sheets):
            parts += [f"<h3>step {int(sheet.stem)}</h3>", _image(sheet, f"step {sheet.stem}")]
            parts += [_scores(row) for row in scores if row["step"] == int(sheet.stem)]
    settings = json.loads((run / "config.json").read_text(encoding="utf-8"))
    parts += ["<h2>Configuration</h2>", f"<pre>{html.escape(json.dumps(settings, indent=2))}</pre>"]
    body = "\n".join(parts)
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(run.name)}'
        f"</title><style>{_STYLE}</style>\n{body}\n</html>\n"
    )
    path, temporary = run / "report.html", run / ".report.html"
    temporary.write_text(page, encoding="utf-8")
    temporary.replace(path)
    return path


def _spread(sheets: list[Path]) -> Iterable[Path]:
    """The latest first, then evenly back to the first."""
    count = min(SHEETS, len(sheets))
    picked = {round(i * (len(sheets) - 1) / max(1, count - 1)) for i in range(count)}
    return [sheets[i] for i in sorted(picked | {len(sheets) - 1}, reverse=True)]


def _image(path: Path, alt: str) -> str:
    content = base64.b64encode(path.read_bytes()).decode()
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{content}">'


def _table(rows: list[dict[str, Any]]) -> str:
    head = "".join(f"<th>{title}</th>" for _, title, _ in _COLUMNS)
    lines = [
        "<tr>" + "".join(f"<td>{row[key]:{form}}</td>" for key, _, form in _COLUMNS) + "</tr>"
        for row in rows
    ]
    return f"<table><tr>{head}</tr>{''.join(lines)}</table>"


def _scores(row: dict[str, Any]) -> str:
    """What the discriminator took each sample of a sheet for, in the sheet's order."""

    def line(title: str, values: list[float]) -> str:
        return f"<tr><th>{title}</th>" + "".join(f"<td>{v:.0%}</td>" for v in values) + "</tr>"

    return (
        "<p>Taken for a true photograph by the discriminator, in the order of the samples:</p>"
        f"<table>{line('truth', row['truth'])}{line('colorized', row['colorized'])}</table>"
    )
