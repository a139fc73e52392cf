"""Several versions of each photo, by the command line."""

from pathlib import Path

import colorlab
import command_line
import generators
import pytest
from command_line import colorize, files, rows


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The current folder: a generator, a tree of photos, and nothing else."""
    command_line.furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_candidates_are_files_and_a_sheet(place, capsys):
    model = generators.save(generators.classifying(), place / "classes.onnx")
    arguments = ("in/a.jpg", "broken.jpg", "-o", "out", "--candidates", "3", "--json")
    (place / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    assert colorize(*arguments, "--model", str(model)) == 1
    names = [f"a-{n}.jpg" for n in (1, 2, 3)] + ["a-candidates.jpg"]
    assert files(place / "out") == sorted(names)
    found = {row["path"]: row for row in rows(capsys)}
    assert found["broken.jpg"]["status"] == "error"
    assert [Path(name).name for name in found["in/a.jpg"]["outputs"]] == names
    one, sheet = (colorlab.read(place / "out" / name) for name in (names[0], names[-1]))
    assert one.shape == colorlab.read(place / "in/a.jpg", mode="rgb").shape
    assert sheet.shape[0] * sheet.shape[1] >= 3 * one.shape[0] * one.shape[1]
    assert colorize(*arguments, "--model", str(model)) == 3  # they exist now
    assert colorize("in/a.jpg", "-o", "two", "--candidates", "2") == 4  # no classes


def test_a_dry_run_of_candidates_tells_of_all_files(place, capsys):
    arguments = ("in/a.jpg", "-o", "out", "--candidates", "2", "--dry-run")
    assert colorize(*arguments, "--json") == 0
    outputs = ["out/a-1.jpg", "out/a-2.jpg", "out/a-candidates.jpg"]
    assert rows(capsys) == [{"path": "in/a.jpg", "outputs": outputs, "status": "planned"}]
    assert colorize(*arguments) == 0
    assert f"in/a.jpg -> {', '.join(outputs)}" in capsys.readouterr().err
    assert not Path("out").exists()


def test_candidates_never_replace_their_input(place, capsys):
    photo = place / "in/a-1.jpg"
    photo.write_bytes((place / "in/a.jpg").read_bytes())
    before = photo.read_bytes()
    arguments = (str(photo), "-o", str(place / "in/a.jpg"), "--candidates", "3", "--overwrite")
    assert colorize(*arguments) == 2
    assert "never overwritten" in capsys.readouterr().err
    assert photo.read_bytes() == before


def test_candidates_that_were_not_begun_are_not_counted(place, capsys):
    Path("bad.jpg").write_text("text")
    stopped = ("bad.jpg", "in/a.jpg", "-o", "out", "--candidates", "2", "--on-error", "stop")
    assert colorize(*stopped) == 3
    assert "0 photos in 2 versions each, 1 failed" in capsys.readouterr().err
