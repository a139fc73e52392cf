"""Reports as one HTML file: no network, no other files, legible on a phone."""

from __future__ import annotations

import base64
import html
import importlib.util
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from colorlab import _core, image_io
from colorlab.errors import InvalidArgumentError

__all__ = [
    "embedded",
    "figure",
    "folded",
    "heading",
    "need_plots",
    "page",
    "paragraph",
    "picture",
    "preformatted",
    "table",
    "write",
]

_QUALITY = 80  # of pictures, JPEG
_LONG = 30  # characters of a cell: more may break anywhere
_STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { margin-top: 2.5rem; font-size: 1.2rem; } h3 { font-size: 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; }
th { border-bottom: 2px solid #999; vertical-align: bottom; }
td img { display: block; width: min(26vw, 12rem); }
.wide img { max-width: none; }
pre { overflow-x: auto; padding: .5rem; background: #f6f6f6; font-size: .85rem; }
td.long { overflow-wrap: anywhere; min-width: 7rem; text-align: left; }
img { max-width: 100%; }
figure { margin: 1rem 0; }
svg { display: block; width: 100%; max-width: 34rem; height: auto; }
p.note, figcaption { color: #555; font-size: .9rem; }
summary { cursor: pointer; color: #0645ad; }
"""


def page(title: str, parts: Iterable[str]) -> str:
    """The page, of parts that the functions below made."""
    head = html.escape(title)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{head}</title><style>{_STYLE}</style></head>\n<body><h1>{head}</h1>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def write(path: str | os.PathLike[str], text: str, *, overwrite: bool) -> None:
    """Writes a page, all or nothing.

    Raises:
        OutputError: the file exists (code "output_exists") or cannot be written.
    """
    data = text.encode("utf-8", "replace")
    _core.write_file_atomically(os.fspath(path), data, overwrite=overwrite)


def heading(text: str, level: int = 2) -> str:
    """A heading."""
    return f"<h{level}>{html.escape(text)}</h{level}>"


def paragraph(text: str, *, note: bool = False) -> str:
    """A paragraph; a note is set apart."""
    return f"<p{' class=note' if note else ''}>{html.escape(text)}</p>"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table that scrolls sideways where it must; cells are text, or what `picture` made."""
    lines = ["".join(f"<th>{html.escape(name)}</th>" for name in header)]
    lines += ["".join(map(_cell, row)) for row in rows]
    text = '<div class="wide"><table>' + "\n".join(f"<tr>{line}</tr>" for line in lines)
    return text + "</table></div>"


def folded(summary: str, parts: Iterable[str]) -> str:
    """Parts of a page that show when their summary is touched."""
    return f"<details><summary>{html.escape(summary)}</summary>{''.join(parts)}</details>"


def preformatted(text: str) -> str:
    """Text that keeps its lines."""
    return f"<pre>{html.escape(text)}</pre>"


class _Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def _cell(text: str) -> str:
    if isinstance(text, _Markup):
        return f"<td>{text}</td>"
    kind = " class=long" if len(text) > _LONG else ""
    return f"<td{kind}>{html.escape(text)}</td>"


def picture(pixels: npt.NDArray[Any], *, side: int = 256, alt: str = "") -> str:
    """A photo (uint8 or uint16, (H, W) or (H, W, 3)), its long side at most `side` pixels."""
    rgb = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    height, width = rgb.shape[:2]
    scale = min(1.0, side / max(height, width))
    small = image_io.resized(rgb, max(1, round(height * scale)), max(1, round(width * scale)))
    data = _core.encode_jpeg(small, _QUALITY)
    text = base64.b64encode(data).decode("ascii")
    return _Markup(f'<img alt="{html.escape(alt)}" src="data:image/jpeg;base64,{text}">')


def embedded(png: Path, *, alt: str = "") -> str:
    """A PNG file as it is."""
    text = base64.b64encode(png.read_bytes()).decode("ascii")
    return _Markup(f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{text}">')


def need_plots() -> None:
    """Finds out early that `figure` could not work.

    Raises:
        InvalidArgumentError: matplotlib is not installed (code "plots_missing").
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise InvalidArgumentError(
            "plots need matplotlib, which is not installed",
            code="plots_missing",
            hint="pip install 'colorlab[bench]', or leave --html out",
        )


def figure(drawn: Any, caption: str = "") -> str:
    """A matplotlib figure as SVG inside of the page, its text as text."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": caption}):
        drawn.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    drawing = buffer.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    return f"<figure>{drawing}<figcaption>{html.escape(caption)}</figcaption></figure>"
