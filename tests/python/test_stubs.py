"""The extension's stubs say what the extension has: names, parameters, defaults."""

import ast
import re
from pathlib import Path

import colorlab
import pytest
from colorlab import _core

STUB = ast.parse((Path(colorlab.__file__).parent / "_core.pyi").read_text(encoding="utf-8"))


def parameters(function):
    """Of a stub's function: name to default as text (None: there is none), without self."""
    args = function.args
    positional = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(positional) - len(args.defaults)) + args.defaults
    pairs = [
        *zip(positional, defaults, strict=True),
        *zip(args.kwonlyargs, args.kw_defaults, strict=True),
    ]
    return {
        arg.arg: None if default is None else repr(ast.literal_eval(default))
        for arg, default in pairs
        if arg.arg != "self"
    }


def documented(docstring):
    """Of the first line that pybind11 writes, "name(a: int, b: str = 'x') -> ...": the same."""
    text = re.match(r"\w+\((.*?)\)(?: ->|$)", docstring.splitlines()[0])[1]
    found = {}
    depth, start = 0, 0
    for at, character in enumerate(text + ","):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            name, _, rest = text[start:at].strip().partition(":")
            default = re.search(r"=\s*(.+)$", rest)
            if name and name not in ("self", "*", "/"):
                found[name] = repr(ast.literal_eval(default[1])) if default else None
            start = at + 1
    return found


def stubbed(body, kind):
    return {node.name: node for node in body if isinstance(node, kind)}


def public(thing):
    return {name for name in vars(thing) if not name.startswith("_")}


def test_every_name_is_stubbed_and_every_stub_exists():
    functions = stubbed(STUB.body, ast.FunctionDef)
    classes = stubbed(STUB.body, ast.ClassDef)
    assert functions.keys() | classes.keys() == public(_core)


@pytest.mark.parametrize("name", sorted(stubbed(STUB.body, ast.FunctionDef)))
def test_parameters_of_functions_agree(name):
    stub = stubbed(STUB.body, ast.FunctionDef)[name]
    assert parameters(stub) == documented(getattr(_core, name).__doc__)


@pytest.mark.parametrize("name", sorted(stubbed(STUB.body, ast.ClassDef)))
def test_members_of_classes_agree(name):
    stub, real = stubbed(STUB.body, ast.ClassDef)[name], getattr(_core, name)
    methods = stubbed(stub.body, ast.FunctionDef)
    assert {each for each in methods if each != "__init__"} == public(real)
    for method, node in methods.items():
        if node.decorator_list:
            assert isinstance(vars(real)[method], property)
        else:
            assert parameters(node) == documented(getattr(real, method).__doc__)
