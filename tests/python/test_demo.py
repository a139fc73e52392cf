"""The demo: a page that needs nothing else, and a sheet."""

import re
import subprocess
import sys
from pathlib import Path

import colorlab
import generators
import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "script" / "make_demo.py"

pytest.importorskip("skimage", reason="the samples come with scikit-image")


def demo(folder, *arguments):
    command = [sys.executable, str(SCRIPT), "--output", str(folder), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_the_page_and_the_sheet(tmp_path):
    model = generators.save(generators.constant(), tmp_path / "m.onnx")
    photo = tmp_path / "mine & yours.png"
    Image.fromarray(np.full((40, 1500), 120, np.uint8)).save(photo)
    (tmp_path / "bad.jpg").write_text("text")
    row = tmp_path / "row.jpg"
    done = demo(tmp_path / "demo", photo, tmp_path / "bad.jpg", "--model", model, "--row", row)
    assert done.returncode == 1  # one of the photos given is none
    assert "bad.jpg: " in done.stderr
    assert done.stdout.split() == [str(tmp_path / "demo" / n) for n in ("index.html", "sheet.png")]
    page = (tmp_path / "demo/index.html").read_text(encoding="utf-8")
    assert page.count("<figure>") == 5
    assert "mine &amp; yours.png" in page
    assert not re.search(r"https?://|src=\"(?!data:)", page)
    sheet = colorlab.read(tmp_path / "demo/sheet.png")
    top, bottom = sheet[: sheet.shape[0] // 2], sheet[sheet.shape[0] // 2 + 8 :]
    assert np.ptp(top.astype(int), axis=2).mean() < 0.5
    assert np.ptp(bottom.astype(int), axis=2).mean() > 10
    assert colorlab.probe(row).width == 1000


def test_without_a_generator_it_says_so(tmp_path):
    done = demo(tmp_path / "demo", "--model", tmp_path / "none.onnx")
    assert done.returncode == 4
    assert "no such model file" in done.stderr
    assert not (tmp_path / "demo").exists()
