"""Every code block of the README and the documentation, run as a reader would run it.

The blocks of one page run in their order in one folder, the Python ones in one namespace. "console"
blocks install things or name scripts, so only their commands' existence is checked; "text" is no
code.
"""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import colorlab
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.M | re.S)
NEEDS = {"training.md": "tensorflow", "video.md": "av", "cluster.md": "ray"}
SLOW = {"training.md", "cluster.md"}
LANGUAGES = {"sh", "python", "toml", "text", "console"}


def blocks(page):
    """(language, code) of a page; directives of the generator are none."""
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    return [(language, code) for language, code in found if not language.startswith("{")]


def photo(seed, shape=(96, 120)):
    """A colour picture with smooth areas and edges."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(30, 226, (4, 5, 3)).astype(np.uint8)
    return np.ascontiguousarray(
        np.kron(coarse, np.ones((shape[0] // 4, shape[1] // 5, 1), np.uint8))
    )


def foreign_network(path):
    """With the signature of DDColor's exports: grey RGB of a fixed size in, ab out."""
    kernel = np.full((2, 3, 1, 1), 10, np.float32)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["input", "kernel"], ["output"])],
        "ddcolor",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 512, 512])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 2, 512, 512])],
        [numpy_helper.from_array(kernel, "kernel")],
    )
    opsets = [helper.make_opsetid("", 17)]
    path.write_bytes(
        helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    )


def film(path):
    """A second of grey video, where PyAV is installed."""
    try:
        import av
    except ImportError:
        return
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=12, width=120, height=96)
        for number in range(12):
            grey = np.repeat(photo(number // 6)[..., :1], 3, axis=2)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(grey)))
        file.mux(stream.encode(None))


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A reader's folder: photos under the names that the pages use, and `colorlab` to call."""
    for number, name in enumerate(("photo.jpg", "a.jpg", "b.png", "map.tif")):
        colorlab.write(tmp_path / name, photo(number))
    (tmp_path / "broken.jpg").write_bytes((tmp_path / "photo.jpg").read_bytes()[:300])
    for number in range(3):
        for name in ("scans/1912/{}.tif", "scans/{}.jpg", "photos/{}.jpg", "val/{}.png"):
            path = tmp_path / name.format(number)
            path.parent.mkdir(parents=True, exist_ok=True)
            colorlab.write(path, photo(10 + number))
    foreign_network(tmp_path / "ddcolor.onnx")
    film(tmp_path / "newsreel.mp4")
    commands = tmp_path / ".commands"
    commands.mkdir()
    command = commands / "colorlab"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m colorlab "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=page.name, marks=[pytest.mark.slow] if page.name in SLOW else [])
        for page in PAGES
        if blocks(page)
    ],
)
def test_the_code_of_a_page_runs(page, place):
    if page.name in NEEDS:
        pytest.importorskip(NEEDS[page.name])
    namespace = {"__name__": "page"}
    for number, (language, code) in enumerate(blocks(page)):
        assert language in LANGUAGES, f"{page.name}, block {number}: a language for it?"
        if language == "python":
            exec(compile(code, f"{page.name}, block {number}", "exec"), namespace)
        elif language == "toml":
            tomllib.loads(code)
            (place / "my.toml").write_text(code)
        elif language == "sh":
            done = subprocess.run(["bash", "-euc", code], capture_output=True, text=True)
            assert done.returncode == 0, f"{page.name}, block {number}:\n{code}\n{done.stderr}"
        elif language == "console":
            for line in code.splitlines():
                known = line.startswith(("pip install", "docker ", "source ", "git clone", "#"))
                assert known or (ROOT / line.split()[0]).is_file(), line


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            beside = page.parent / target
            # CONTRIBUTING.md is shown as a page of the documentation.
            assert beside.exists() or (ROOT / "docs" / target).exists(), f"{page.name}: {target}"
