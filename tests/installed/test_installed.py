"""What every wheel must do in an empty environment: NumPy and ONNX Runtime are all it has, and
where ONNX Runtime has no wheels (musl), NumPy alone.

Nothing here may need the repository, a compiler, or another image library.
"""

import importlib.metadata
import importlib.util
import os
import subprocess
import sys

import colorlab
import numpy as np
import pytest

RNG = np.random.default_rng(7)
needs_runtime = pytest.mark.skipif(
    importlib.util.find_spec("onnxruntime") is None, reason="no ONNX Runtime here"
)


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.jpg"
    colorlab.write(
        path, np.kron(RNG.integers(20, 230, (8, 10), np.uint8), np.ones((16, 16), np.uint8))
    )
    return path


def test_the_version_is_the_same_on_both_sides():
    assert colorlab.__version__ == importlib.metadata.version("colorlab")


@pytest.mark.parametrize("target", colorlab.cpu_targets())
def test_colors_survive_on_every_target(target):
    code = (
        "import colorlab, numpy as np\n"
        "axis = np.arange(0, 256, 5, dtype=np.uint8)\n"
        "rgb = np.stack(np.meshgrid(axis, axis, axis), -1).reshape(52, -1, 3)\n"
        "assert np.array_equal(colorlab.lab_to_rgb(colorlab.rgb_to_lab(rgb)), rgb)\n"
        f"assert colorlab.build_info()['active_target'] == {target!r}\n"
    )
    forced = os.environ | {"COLORLAB_FORCE_TARGET": target}
    subprocess.run([sys.executable, "-c", code], check=True, env=forced)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
def test_every_format_is_written_and_read(tmp_path, name):
    rgb = np.full((40, 50, 3), (200, 120, 40), np.uint8)
    colorlab.write(tmp_path / name, rgb)
    again = colorlab.read(tmp_path / name)
    assert again.shape == rgb.shape
    assert np.abs(again.astype(int) - rgb).max() <= 4


@needs_runtime
def test_the_bundled_generator_colors_a_photo(photo):
    rgb = colorlab.colorize(photo)
    assert rgb.shape == (128, 160, 3)
    assert rgb.certificate.max_delta_l <= 0.5
    assert colorlab.colorfulness(rgb) > 0


@needs_runtime
def test_the_command_line(photo):
    output = photo.with_name("colour.png")
    command = [sys.executable, "-m", "colorlab"]
    subprocess.run([*command, "colorize", str(photo), "-o", str(output)], check=True)
    assert colorlab.read(output).shape == (128, 160, 3)
    subprocess.run([*command, "doctor"], check=True)
