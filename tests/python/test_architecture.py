"""The layering of the package, read from its import statements."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python" / "colorlab"
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}

MAY_USE_CORE = {"colorlab", "colorlab.color", "colorlab.image_io", "colorlab.tiling"} | {
    "colorlab.bench.archive",
    "colorlab.bench.files",
    "colorlab.bench.kernels",
    "colorlab.encoding",
    "colorlab.evaluation",
    "colorlab.html_report",
    "colorlab.recoloring",
    "colorlab.resizing",
    "colorlab.rows",
    "colorlab.stages",
}
HEAVY = {"onnxruntime", "onnx", "rich", "PIL", "keras", "tensorflow", "ray", "matplotlib", "av"} | {
    "torch",
    "cv2",
    "datasets",
}
# Lower layers first: a module may import those of its own layer and below.
LAYERS = [
    {"arguments", "bootstrap", "errors", "extras", "metadata", "outputs", "render", "result"},
    {"color", "encoding", "html_report", "image_io", "inputs", "metrics", "model", "resizing"}
    | {"rows", "scores", "tiling"},
    {"evaluation"},
    {"evaluation_report", "session"},
    {"fid"},
    {"recoloring", "stages", "streaming"},
    {"colorizer"},
    {"bulk", "video", "interop"},
    {"bench"},
    {"cli", "__main__"},
]
MAY_USE_TRAINING = {"colorlab.cli.train", "colorlab.cli.export", "colorlab.cli.evaluate"}


def imports(path, *, top_level_only=False):
    """Dotted names that a file imports, "from a import b" as "a.b"."""
    found = set()
    nodes = [ast.parse(path.read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not (top_level_only and (is_function or for_types)):
            nodes.extend(ast.iter_child_nodes(node))
    return found


def layer(module):
    first = module.split(".")[1] if "." in module else ""
    return next((level for level, names in enumerate(LAYERS) if first in names), None)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_only_the_named_modules_touch_the_core(module):
    uses = any(name.startswith("colorlab._core") for name in imports(MODULES[module]))
    assert not uses or module in MAY_USE_CORE


@pytest.mark.parametrize("module", sorted(MODULES))
def test_nothing_heavy_is_imported_with_a_module(module):
    roots = {name.split(".")[0] for name in imports(MODULES[module], top_level_only=True)}
    assert not roots & HEAVY


@pytest.mark.parametrize("module", sorted(MODULES))
def test_modules_import_their_own_layer_and_below(module):
    if module == "colorlab":
        return  # the face shows all of them
    own = layer(module)
    assert own is not None, f"{module} has no place in LAYERS"
    for name in imports(MODULES[module]):
        theirs = layer(name) if name.startswith("colorlab.") else None
        assert theirs is None or theirs <= own, f"{module} imports {name}"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_training_is_used_only_by_its_verbs(module):
    if module not in MAY_USE_TRAINING:
        assert not any(name.startswith("colorlab.training") for name in imports(MODULES[module]))


def test_python_headers_are_included_only_by_the_bindings():
    for path in (ROOT / "cpp").rglob("*.[ch]pp"):
        if "bindings" not in path.parts:
            text = path.read_text(encoding="utf-8")
            assert "pybind11" not in text, path
            assert "Python.h" not in text, path


def test_the_extension_is_typed_and_so_is_the_package():
    assert (PACKAGE / "py.typed").is_file()
    assert (PACKAGE / "_core.pyi").is_file()


def test_no_file_has_more_than_600_lines():
    files = [*MODULES.values(), *(ROOT / "training").rglob("*.py")]
    files += [*(ROOT / "cpp").rglob("*.cpp"), *(ROOT / "cpp").rglob("*.hpp")]
    for path in files:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 600, path
