"""The command line called on a small tree of photos."""

import io
import json
import subprocess
import sys
from pathlib import Path

import colorlab
import generators
import numpy as np
from colorlab import image_io
from colorlab.cli.main import main
from PIL import Image


def photo(seed=0, size=(90, 70), format="JPEG", mode="L"):
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(60, 200, (6, 6), dtype=np.uint8)).convert(mode)
    buffer = io.BytesIO()
    small.resize(size, Image.Resampling.BICUBIC).save(buffer, format)
    return buffer.getvalue()


def furnish(folder):
    """A generator "m.onnx", and a tree of photos "in" with files that are none."""
    generators.save(generators.constant(), folder / "m.onnx")
    for name, data in {
        "a.jpg": photo(1),
        "b.PNG": photo(2, format="PNG"),
        "deep/er/c.jpeg": photo(3, mode="RGB"),
        "deep/d.webp": photo(4, format="WEBP", mode="RGB"),
        "notes.txt": b"no photo",
        "._a.jpg": b"\0\5\x16\7",
    }.items():
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def colorize(*arguments):
    """The exit code, in this process, in the current folder."""
    return main(["colorize", "--model", "m.onnx", *arguments])


def run(*arguments, **options):
    """The same as a process of its own."""
    command = [sys.executable, "-m", "colorlab", *arguments]
    return subprocess.run(command, capture_output=True, timeout=100, **options)


def files(folder):
    return sorted(
        str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()
    )


def is_colored(path):
    lab = colorlab.rgb_to_lab(image_io.read(path))
    return lab[..., 1].mean() > 15 and lab[..., 2].mean() < -8


def rows(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]
