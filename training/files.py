"""The small files of a run: replaced as a whole, so that a kill leaves the old or the new one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from colorlab import _core


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8, with the bytes of file names that are none. Raises OutputError if it cannot."""
    content = text.encode("utf-8", "surrogateescape")
    _core.write_file_atomically(os.fspath(path), content, overwrite=True)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON list that a run keeps; none where there is no such file yet."""
    if not path.exists():
        return []
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return rows
