"""The command line: files and folders in, colours out, exit codes."""

import io
import os
import sys
from pathlib import Path

import colorlab
import command_line
import generators
import numpy as np
import pytest
from colorlab import image_io
from colorlab.cli.main import main
from colorlab.model import registry
from command_line import colorize, files, is_colored, photo, rows
from PIL import Image

SHARED = Path(os.environ.get("COLORLAB_SHARED", Path(__file__).parents[2].parent / "shared"))
RNG = np.random.default_rng(11)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The current folder: a generator, a tree of photos, and nothing else."""
    command_line.furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


# What goes where


def test_a_folder_is_mirrored(place, capsys):
    assert colorize("in", "-o", "out") == 0
    assert files("out") == ["a.jpg", "b.PNG", "deep/d.webp", "deep/er/c.jpeg"]
    for name in files("out"):
        assert is_colored(Path("out") / name)
        assert image_io.probe(f"out/{name}").format == image_io.probe(f"in/{name}").format
    narrated = capsys.readouterr()
    assert narrated.out == ""
    assert "4 photos coloured" in narrated.err
    assert names(place) == [".out.colorlab-journal", "in", "m.onnx", "out"]


def test_what_cannot_be_written_becomes_png(place, capsys):
    Path("in/scan.bmp").write_bytes(photo(5, format="BMP"))
    assert colorize("in/scan.bmp", "-o", "out") == 0
    assert files("out") == ["scan.png"]
    assert "1 photo is of a format that is not written" in capsys.readouterr().err


def test_metadata_and_alpha_go_along_with_a_note_of_what_was_done(place):
    exif = Image.Exif()
    exif[0x010E] = "grandmother"
    grey = RNG.integers(60, 200, (40, 50), dtype=np.uint8)
    pixels = np.dstack([grey, grey, grey, np.full_like(grey, 77)])
    Image.fromarray(pixels).save("in/alpha.png", exif=exif, dpi=(300, 300))
    assert colorize("in/alpha.png", "-o", "out") == 0
    assert (image_io.read("out/alpha.png", mode="unchanged")[..., 3] == 77).all()
    made = image_io.read_metadata("out/alpha.png")
    assert b"grandmother" in made.exif
    assert made.dpi == pytest.approx((300, 300), abs=0.1)
    assert b"compositeWithTrainedAlgorithmicMedia" in made.xmp
    assert colorize("in/alpha.png", "-o", "out.jpg", "--no-provenance") == 0
    assert b"TrainedAlgorithmicMedia" not in Path("out.jpg").read_bytes()


def test_one_photo_becomes_the_file_named(place):
    assert colorize("in/a.jpg", "-o", "new/colour.png") == 0
    assert files("new") == ["colour.png"]
    result = image_io.read("new/colour.png")
    assert result.shape == (70, 90, 3)
    change = np.abs(colorlab.lightness(result) - colorlab.lightness(image_io.read("in/a.jpg")))
    assert change.mean() <= 0.1
    assert change.max() <= 0.5


def test_one_photo_into_a_folder(place):
    Path("made.d").mkdir()
    for target in ("fresh", "made.d", f"slash.d{os.sep}"):
        assert colorize("in/a.jpg", "-o", target) == 0
        assert files(target) == ["a.jpg"]


def test_files_and_folders_together_with_a_format(place):
    assert colorize("in/b.PNG", "in/deep", "-o", "out", "--format", "jpg", "--quality", "80") == 0
    assert files("out") == ["b.jpg", "d.jpg", "er/c.jpg"]


def test_16_bits_stay_in_png_and_are_rounded_in_jpeg(place):
    deep = np.linspace(20000, 50000, 64 * 48).astype(np.uint16).reshape(48, 64)
    Image.fromarray(deep).save("deep.png")
    assert colorize("deep.png", "-o", "out") == 0
    assert image_io.read("out/deep.png").dtype == np.uint16
    assert colorize("deep.png", "-o", "out.jpg") == 0
    assert image_io.read("out.jpg").dtype == np.uint8


def test_lists_of_inputs(place, monkeypatch):
    Path("list").write_text("in/a.jpg\nin/deep\n")
    assert colorize("--from-file", "list", "-o", "out") == 0
    assert files("out") == ["a.jpg", "d.webp", "er/c.jpeg"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"in/b.PNG\0in/a.jpg\0")))
    assert colorize("--from-file", "-", "-o", "out2") == 0
    assert files("out2") == ["a.jpg", "b.PNG"]


def test_a_dry_run_writes_nothing(place, capsys):
    assert colorize("in", "-o", "out", "--dry-run", "--json") == 0
    assert not Path("out").exists()
    assert [row["output"] for row in rows(capsys)] == [
        "out/a.jpg",
        "out/b.PNG",
        "out/deep/d.webp",
        "out/deep/er/c.jpeg",
    ]


def test_the_output_folder_inside_of_the_input_is_no_input(place):
    for _ in range(2):
        assert colorize("in", "-o", "in/out", "--overwrite") == 0
    assert files("in/out") == ["a.jpg", "b.PNG", "deep/d.webp", "deep/er/c.jpeg"]


def test_saturation_and_size_and_preserve_reach_the_colorizer(place):
    assert colorize("in/a.jpg", "-o", "grey.png", "--saturation", "0") == 0
    assert np.ptp(image_io.read("grey.png").astype(int), axis=2).max() <= 1
    assert colorize("in/a.jpg", "-o", "x.png", "--size", "32", "--preserve", "luma", "--json") == 0


# JSON


def test_json_has_a_line_for_each_photo(place, capsys):
    Path("in/bad.jpg").write_bytes(photo(5)[:200])
    assert colorize("in", "-o", "out", "--json") == 1
    found = {row["path"]: row for row in rows(capsys)}
    assert found.keys() == {
        f"in/{n}" for n in ("a.jpg", "b.PNG", "bad.jpg", "deep/d.webp", "deep/er/c.jpeg")
    }
    good, bad = found["in/a.jpg"], found["in/bad.jpg"]
    assert good["status"] == "ok"
    assert (good["output"], good["height"], good["width"]) == ("out/a.jpg", 70, 90)
    assert good["seconds"] > 0
    assert 0 <= good["certificate"]["mean_delta_l"] <= 0.5
    assert (bad["status"], bad["code"]) == ("error", "truncated_image")
    assert bad["message"]


def test_names_that_are_no_text_are_json_and_files(place, capsys):
    name = os.fsdecode(b"in/\xff\xfe.jpg")
    Path(name).write_bytes(photo(6))
    assert colorize(name, "-o", "out", "--json") == 0
    (row,) = rows(capsys)
    assert row["path"] == name
    assert [os.fsencode(each) for each in names("out")] == [b"\xff\xfe.jpg"]


# Bad input


def test_bad_files_are_reported_and_the_others_done(place, capsys):
    Path("in/cut.png").write_bytes(photo(5, format="PNG")[:-30])
    Path("in/text.jpg").write_text("this is text")
    Path("in/empty.jpg").write_bytes(b"")
    assert colorize("in", "gone.jpg", "-o", "out") == 1
    assert files("out") == ["a.jpg", "b.PNG", "deep/d.webp", "deep/er/c.jpeg"]
    said = capsys.readouterr().err
    assert "in/text.jpg: " in said
    assert "looks like text" in said
    assert "gone.jpg: there is no such file" in said
    assert "4 photos coloured" in said
    assert "4 failed" in said


def test_when_nothing_succeeds_the_code_is_3(place):
    Path("t.jpg").write_text("text")
    assert colorize("t.jpg", "-o", "out.jpg") == 3
    assert colorize("gone.jpg", "t.jpg", "-o", "out") == 3
    assert files("out") == []
    assert not Path("out.jpg").exists()


def test_stop_on_error(place, capsys):
    Path("in/a0.jpg").write_text("text")
    Path("in/a.jpg").unlink()
    assert colorize("in", "-o", "out", "--on-error", "stop", "--workers", "1") in (1, 3)
    assert "deep/er/c.jpeg" not in files("out")


def test_existing_outputs_are_kept_unless_told(place, capsys):
    Path("out").mkdir()
    Path("out/a.jpg").write_bytes(b"precious")
    assert colorize("in/a.jpg", "in/b.PNG", "-o", "out", "--json") == 1
    by_path = {row["path"]: row for row in rows(capsys)}
    assert by_path["in/a.jpg"]["code"] == "output_exists"
    assert Path("out/a.jpg").read_bytes() == b"precious"
    assert colorize("in/a.jpg", "-o", "out", "--overwrite") == 0
    assert is_colored("out/a.jpg")


def test_inputs_are_never_overwritten(place, capsys):
    before = Path("in/a.jpg").read_bytes()
    os.link("in/a.jpg", "link.jpg")
    Path("dir").symlink_to("in")
    for arguments in (
        ["in/a.jpg", "-o", "in/a.jpg"],
        ["in/a.jpg", "-o", "in"],
        ["in", "-o", "in"],
        ["in", "-o", "dir"],
        ["in/a.jpg", "-o", "link.jpg"],
    ):
        assert colorize(*arguments, "--overwrite") == 2
        assert "never overwritten" in capsys.readouterr().err
    assert Path("in/a.jpg").read_bytes() == before


def test_two_inputs_for_one_output_are_refused_before_any_work(place, capsys):
    Path("in/a.bmp").write_bytes(photo(8, format="BMP"))
    Path("in/a.png").write_bytes(photo(9, format="PNG"))
    assert colorize("in", "-o", "out") == 2
    said = capsys.readouterr().err
    assert "in/a.bmp and in/a.png would both be written here" in said
    assert not Path("out").exists()
    assert colorize("in/a.jpg", "in/a.jpg", "-o", "out") == 0  # the same photo twice is one


@pytest.mark.parametrize(
    "arguments",
    [
        ["-o", "out"],
        ["in", "-o", ""],
        ["in/a.jpg", "-o", "x.gif"],
        ["in/a.jpg", "-o", "x.jpg", "--format", "png"],
        ["in", "-o", "out", "--quality", "0"],
        ["in", "-o", "out", "--saturation", "-1"],
        ["in", "-o", "out", "--size", "1"],
        ["in", "-o", "out", "--workers", "0"],
        ["in", "-o", "out", "--device", "cuda", "--threads", "-3"],
        ["", "-o", "out"],
        ["-", "-o", "out"],
        ["in/a.jpg", "-o", "-"],
        ["in", "-o", "out", "--candidates", "0"],
        ["in", "-o", "out", "--candidates", "25"],
        ["in", "-o", "out", "--candidates", "2", "--resume"],
        ["in", "-o", "out", "--candidates", "2", "--report", "r.html"],
        ["in", "-o", "out", "--candidates", "2", "--engine", "ray"],
        ["in", "shard.tar", "-o", "out", "--candidates", "2"],
    ],
)
def test_usage_errors_are_2_and_write_nothing(place, arguments):
    assert colorize(*arguments) == 2
    assert names(place) == ["in", "m.onnx"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "VERB"),
        (["paint"], "paint"),
        (["colorize"], "--output"),
        (["colorize", "x", "-o", "y", "--size", "z"], "must be auto or a number of pixels"),
        (["colorize", "x", "-o", "y", "--max-memory", "much"], "must be a number of bytes"),
        (["colorize", "x", "-o", "y", "--max-memory", "infG"], "must be a number of bytes"),
        (["colorize", "x", "-o", "y", "--max-pixels", "-5"], "must be a number of pixels"),
        (["colorize", "x", "-o", "y", "--max-pixels", ""], "must be a number of pixels"),
        (["export", "x", "-o", "y", "--gain", "z"], "must be a number above 0"),
    ],
)
def test_command_lines_that_make_no_sense_are_2(arguments, says, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert says in capsys.readouterr().err


def test_a_file_called_dash_is_a_photo(place):
    Path("-").write_bytes(photo(3))
    assert colorize("-", "-o", "out.png") == 0
    assert is_colored("out.png")


def test_a_report_that_would_have_no_place_ends_the_run_before_it_begins(place, capsys):
    for path in ("none/report.html", "in"):
        assert colorize("in", "-o", "out", "--report", path) == 3
        assert path in capsys.readouterr().err
    assert not Path("out").exists()


def test_unusable_generators_are_4(place, capsys):
    Path("bad.onnx").write_bytes(b"nothing")
    for model in ("bad.onnx", "none.onnx", "unknown"):
        assert main(["colorize", "in", "-o", "out", "--model", model, "--json"]) == 4
        (row,) = rows(capsys)
        assert row["code"].startswith("model")
    assert not Path("out").exists()


def test_too_little_memory_is_5(place):
    generators.save(generators.hungry(good_batch=0), Path("hungry.onnx"))
    assert main(["colorize", "in", "-o", "out", "--model", "hungry.onnx"]) == 5
    assert files("out") == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder(place):
    Path("out").mkdir(mode=0o555)
    assert colorize("in", "-o", "out") == 3


def test_an_output_folder_that_cannot_be_made(place, capsys):
    Path("file").write_text("in the way")
    assert colorize("in", "-o", "file/out", "--json") == 3
    (row,) = rows(capsys)
    assert (row["code"], row["path"]) == ("output_unwritable", "file/out")
    Path("out").mkdir()
    Path("out/deep").write_text("in the way")
    assert colorize("in", "-o", "out", "--json") == 1
    failed = {row["path"]: row for row in rows(capsys) if row["status"] == "error"}
    assert failed.keys() == {"in/deep/d.webp", "in/deep/er/c.jpeg"}
    assert "out/deep" in failed["in/deep/d.webp"]["message"]


# Real photographs


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.skipif(not (SHARED / "photos/bw").is_dir(), reason="the shared photos are not here")
@pytest.mark.skipif("default" not in registry.names(), reason="no default generator is bundled")
def test_every_old_photograph_comes_out_in_color(tmp_path, capsys):
    folder = SHARED / "photos/bw"
    assert (
        main(["colorize", str(folder), "-o", str(tmp_path / "out"), "--format", "png", "--json"])
        == 0
    )
    found = rows(capsys)
    assert len(found) == len(list(folder.glob("*.jpg")))
    for row in found:
        before, after = image_io.probe(row["path"]), image_io.probe(row["output"])
        assert (before.height, before.width) == (after.height, after.width)
        assert row["certificate"]["mean_delta_l"] <= 0.1
        lab = colorlab.rgb_to_lab(image_io.read(row["output"]))
        assert np.hypot(lab[..., 1], lab[..., 2]).mean() > 2, row["path"]
