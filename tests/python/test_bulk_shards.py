"""Tar shards of photos: what comes out, what is refused, and what a stop leaves."""

import io
import os
import tarfile
from pathlib import Path

import colorlab
import generators
import numpy as np
import pytest
from colorlab import errors
from colorlab.bulk import make_plan, shards
from trees import write_noise


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The current folder, with twelve photos in "in"."""
    monkeypatch.chdir(tmp_path)
    generators.save(generators.by_lightness(), tmp_path / "m.onnx")
    write_noise("in", 12, 30, 40)
    return tmp_path


def bulk(*arguments, **options):
    return colorlab.bulk(*arguments, **({"model": "m.onnx", "threads": 1} | options))


def shard(path, names):
    """A tar with these photos and, beside each, a text."""
    with tarfile.open(path, "w") as archive:
        for name in names:
            archive.add(Path("in") / name, arcname=name)
            about = tarfile.TarInfo(str(Path(name).with_suffix(".txt")))
            about.size, about.mtime = 5, 77
            archive.addfile(about, io.BytesIO(b"words"))
    return path


def members(path):
    with tarfile.open(path) as archive:
        return {each.name: archive.extractfile(each).read() for each in archive}


def test_shards_come_out_as_shards(place):
    Path("in/0/bad.png").write_text("text")
    names = ["0/03.png", "0/bad.png", "0/00.png", "1/01.png"]
    shard("a.tar", names)
    seen = []
    report = bulk(["a.tar", "in/2"], "out", on_outcome=seen.append)
    assert (report.done, report.failed) == (3 + 4, 1)
    assert report.failures[0].path == "a.tar/0/bad.png"
    bulk("in", "expected")
    found = members("out/a.tar")
    assert list(found) == [
        *("0/03.png", "0/03.txt", "0/bad.txt", "0/00.png", "0/00.txt", "1/01.png", "1/01.txt")
    ]
    for name, data in found.items():
        wanted = b"words" if name.endswith("txt") else (Path("expected") / name).read_bytes()
        assert data == wanted
    assert sorted(each.name for each in Path("out").iterdir()) == sorted(
        ["a.tar", *(path.name for path in Path("in/2").iterdir())]
    )
    first = Path("out/a.tar").read_bytes()
    report = bulk(["a.tar", "in/2"], "out", resume=True)
    assert (report.done, report.skipped) == (0, 1 + 4)
    bulk("a.tar", "again", format="jpg", name="{stem}-x")
    assert next(iter(members("again/a.tar"))) == "0/03-x.jpg"
    bulk("*.tar", "other")
    assert Path("other/a.tar").read_bytes() == first


def test_shards_that_exist_or_are_damaged_fail_alone(place):
    shard("a.tar", ["0/00.png"])
    shard("b.tar", ["0/03.png"])
    Path("c.tar").write_bytes(b"no tar at all" * 99)
    Path("d.tar").write_bytes(Path("b.tar").read_bytes()[:700])
    with tarfile.open("e.tar", "w") as archive:
        archive.add("in/0/00.png", arcname="../../evil.png")
    Path("out").mkdir()
    Path("out/a.tar").write_bytes(b"precious")
    report = bulk(["a.tar", "b.tar", "c.tar", "d.tar", "e.tar", "none.tar"], "out")
    assert report.done == 1
    assert {each.path: each.error.code for each in report.failures} == {
        "a.tar": "output_exists",
        "c.tar": "corrupt_image",
        "d.tar": "corrupt_image",
        "e.tar": "input_unreadable",
        "none.tar": "input_unreadable",
    }
    assert Path("out/a.tar").read_bytes() == b"precious"
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.tar", "b.tar"]
    assert not list(place.rglob("evil.png"))
    report = bulk(["b.tar", "a.tar"], "out2", on_error="stop", workers=1)
    assert report.done == 2
    with pytest.raises(errors.InvalidArgumentError, match="never overwritten"):
        make_plan(["a.tar"], ".")


def test_no_member_is_read_from_outside_of_its_shard(place):
    Path("secret.txt").write_text("of this machine")
    with tarfile.open("a.tar", "w") as archive:
        for name, data in (
            (str(Path("secret.txt").absolute()), b"of the shard"),
            ("/0.png", Path("in/0/00.png").read_bytes()),
            ("./1//1.png", Path("in/1/01.png").read_bytes()),
        ):
            about = tarfile.TarInfo(name)
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    assert bulk("a.tar", "out").failures == []
    secret, *photos = members("out/a.tar").items()
    assert secret == (str(Path("secret.txt").absolute())[1:], b"of the shard")
    assert [name for name, _ in photos] == ["0.png", "1/1.png"]
    assert all(colorlab.read(data).shape == (30, 40, 3) for _, data in photos)


def test_photos_that_share_their_bytes_are_all_coloured(place):
    os.link("in/0/00.png", "in/0/link.png")
    with tarfile.open("a.tar", "w") as archive:
        archive.add("in/0/00.png", arcname="x.png")
        archive.add("in/0/link.png", arcname="y.png")
        assert archive.getmembers()[1].islnk()
    assert bulk("a.tar", "out").done == 2
    found = members("out/a.tar")
    assert list(found) == ["x.png", "y.png"]
    assert found["x.png"] == found["y.png"]


def test_a_shard_without_files_comes_out_without_files(place):
    tarfile.open("a.tar", "w").close()
    report = bulk("a.tar", "out")
    assert (report.done, report.failed) == (0, 0)
    assert members("out/a.tar") == {}


def test_two_photos_with_one_output_fail_their_shard_alone(place):
    colorlab.write("in/0/00.tif", np.full((8, 8), 99, np.uint8))
    with tarfile.open("a.tar", "w") as archive:
        for name in ("in/0/00.png", "in/0/00.tif"):
            archive.add(name)
    shard("b.tar", ["0/03.png"])
    report = bulk(["a.tar", "b.tar"], "out", format="jpg")
    assert (report.done, [each.path for each in report.failures]) == (1, ["a.tar"])
    assert report.failures[0].error.code == "output_collision"
    assert [path.name for path in Path("out").iterdir()] == ["b.tar"]


def test_a_shard_that_appears_meanwhile_is_not_replaced(place, monkeypatch):
    shard("a.tar", ["0/00.png"])
    pack = shards._pack

    def late(target, *arguments, **options):
        target.write_bytes(b"mine")
        pack(target, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(shards, "_pack", late)
        (failure,) = bulk("a.tar", "out").failures
    assert failure.error.code == "output_exists"
    assert bulk("a.tar", "out", resume=True).failures[0].error.code == "output_exists"
    assert Path("out/a.tar").read_bytes() == b"mine"


def test_a_shard_that_changes_while_it_is_coloured_is_done_again(place):
    shard("a.tar", ["0/00.png"])
    bulk("a.tar", "out", on_outcome=lambda _outcome: shard("a.tar", ["0/03.png", "1/01.png"]))
    assert list(members("out/a.tar")) == ["0/00.png", "0/00.txt"]
    report = bulk("a.tar", "out", resume=True)
    assert (report.done, report.skipped) == (2, 0)
    assert len(members("out/a.tar")) == 4


def test_what_a_stopped_run_unpacked_of_an_older_shard_is_not_coloured(place):
    shard("a.tar", ["0/00.png", "0/03.png"])

    def stop(_outcome):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bulk("a.tar", "out", on_outcome=stop)
    shard("a.tar", ["1/01.png"])
    seen = []
    bulk("a.tar", "out", resume=True, on_outcome=seen.append)
    assert [each.path for each in seen] == ["a.tar/1/01.png"]
    assert list(members("out/a.tar")) == ["1/01.png", "1/01.txt"]


def test_a_killed_run_over_a_shard_goes_on_within_it(place):
    shard("a.tar", [str(path.relative_to("in")) for path in sorted(Path("in").rglob("*.png"))])
    bulk("a.tar", "expected")

    def stop(_outcome):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bulk("a.tar", "out", workers=1, on_outcome=stop)
    assert not Path("out/a.tar").exists()
    report = bulk("a.tar", "out", resume=True)
    assert report.skipped >= 1
    assert report.done == 12 - report.skipped
    assert Path("out/a.tar").read_bytes() == Path("expected/a.tar").read_bytes()
    assert [path.name for path in Path("out").iterdir()] == ["a.tar"]
