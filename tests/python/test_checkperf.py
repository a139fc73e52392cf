"""The comparison of two trees' speed: noise is forgiven, what is always slower is not."""

import importlib.util
import json
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "benchmarks" / "compare.py"


@pytest.fixture(scope="module")
def compare():
    spec = importlib.util.spec_from_file_location("compare", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(**seconds):
    """A report of `colorlab bench`: what is used of it."""
    return {
        "cases": [
            {
                "suite": "kernels",
                "name": name,
                "size": "256",
                "threads": 1,
                "competitors": [
                    {"name": "colorlab", "median_seconds": ours},
                    {"name": "peer", "median_seconds": 100.0},
                ],
            }
            for name, ours in seconds.items()
        ]
    }


def test_what_is_slower_in_every_round_is_named(compare):
    base = [report(a=1.0, b=1.0), report(a=2.0, b=2.0)]
    head = [report(a=1.2, b=1.2), report(a=2.4, b=2.1)]  # b: once by more than a tenth, once not
    table, slower = compare.compare(base, head)
    assert slower == ["kernels: a, 256, 1 thread"]
    assert "| kernels: a, 256, 1 thread | 1.200 | 1.200 | 1.200 |" in table
    assert "| kernels: b, 256, 1 thread | 1.125 | 1.050 | 1.200 |" in table


def test_new_and_gone_cases_are_told_and_stop_nobody(compare):
    table, slower = compare.compare([report(old=1.0)], [report(new=9.0)])
    assert slower == []
    assert "| kernels: new, 256, 1 thread | new |" in table
    assert "| kernels: old, 256, 1 thread | gone |" in table


def test_the_exit_status_tells(compare, tmp_path, capsys):
    for name, seconds in (("base", 1.0), ("same", 1.0), ("slow", 2.0)):
        (tmp_path / name).write_text(json.dumps(report(a=seconds)))
    base, same, slow = (str(tmp_path / name) for name in ("base", "same", "slow"))
    assert compare.main([base, "--", same]) == 0
    assert compare.main([base, "--", slow]) == 1
    assert "slower in every round: kernels: a" in capsys.readouterr().err
    assert compare.main([base, same]) == 2
