"""What `import colorlab` gives, and what it costs."""

import importlib.metadata
import subprocess
import sys

import colorlab
import pytest

# Anything heavy that must not be loaded; what NumPy itself loads is not known here.
LIGHT = """
import sys, time
for finder in sys.meta_path:  # an editable install asks the build tool first: not what is timed
    if hasattr(finder, "rebuild_flag"):
        finder.rebuild_flag = False
import numpy  # most of the whole, and not ours to make quicker
began = time.perf_counter()
import colorlab
took = time.perf_counter() - began
heavy = {"onnxruntime", "onnx", "keras", "tensorflow", "rich", "ray", "PIL", "torch", "argparse",
         "colorlab.session", "colorlab.colorizer", "colorlab.bulk", "asyncio", "concurrent.futures"}
print(sorted(heavy & sys.modules.keys()))
print(took)
"""


def fresh(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_importing_loads_nothing_heavy_and_is_quick():
    runs = [fresh(LIGHT) for _ in range(5)]
    assert runs[0][0] == "[]"
    assert min(float(run[1]) for run in runs) < 0.08  # over NumPy's own, 0.03 as measured


def test_every_name_of_the_face_is_there():
    for name in colorlab.__all__:
        assert getattr(colorlab, name) is not None, name
    assert dir(colorlab) == sorted(colorlab.__all__)
    assert len(set(colorlab.__all__)) == len(colorlab.__all__)


@pytest.mark.parametrize(
    "name",
    [
        "rgb_to_lab",
        "lab_to_rgb",
        "lightness",
        "read",
        "write",
        "probe",
        "recolor",
        "Colorizer",
        "colorize",
        "bulk",
        "models",
        "build_info",
        "cpu_targets",
        "ColorlabError",
    ],
)
def test_the_names_of_the_design_are_there(name):
    assert name in colorlab.__all__
    assert callable(getattr(colorlab, name)) or name == "models"


def test_other_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="colourize"):
        _ = colorlab.colourize


def test_bulk_can_be_called_whichever_way_it_was_loaded():
    call = "try: colorlab.bulk([], 'out')\nexcept colorlab.InputError as error: print(error)"
    code = "import colorlab{}\n" + call
    for before in ("", ", colorlab.bulk", ", colorlab.bulk.runner"):
        assert fresh(code.format(before)) == ["there are no inputs"]


def test_versions_agree_across_the_boundary():
    assert colorlab.__version__ == importlib.metadata.version("colorlab")
    assert colorlab.build_info()["version"] == colorlab.__version__
