"""Disks that are full, read-only or forbidden: a named error, and nothing left behind."""

import os
import subprocess
import sys
import textwrap
from contextlib import contextmanager

import colorlab
import numpy as np
import pytest
from colorlab import errors, image_io
from colorlab.bulk import runner
from colorlab.rows import create_rows

NOISE = np.random.default_rng(1).integers(0, 256, (300, 400, 3), dtype=np.uint8)
EXTENSIONS = ("jpg", "png", "tif", "webp")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount and change users")


def names(folder):
    return [path.name for path in folder.iterdir()]


@contextmanager
def mounted(folder, options):
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine mounts no tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def refused(path, **options):
    with pytest.raises(errors.OutputError) as caught:
        image_io.write(path, NOISE, **options)
    assert caught.value.code == "output_unwritable"
    assert caught.value.path == str(path)
    return str(caught.value)


@as_root
@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_full_disk_keeps_what_it_had(tmp_path, extension):
    with mounted(tmp_path / "small", "size=16k") as folder:
        path = folder / f"a.{extension}"
        path.write_bytes(b"old")
        assert "No space" in refused(path, overwrite=True)
        assert path.read_bytes() == b"old"
        assert names(folder) == [path.name]


def write_by_rows(path):
    with create_rows(path, NOISE.shape, overwrite=True) as out:
        for top in range(0, len(NOISE), 50):
            out.write(NOISE[top : top + 50])


@as_root
@pytest.mark.parametrize("extension", ["jpg", "png", "tif"])
def test_a_disk_that_fills_up_row_by_row_keeps_what_it_had(tmp_path, extension):
    with mounted(tmp_path / "small", "size=200k") as folder:
        path = folder / f"a.{extension}"
        path.write_bytes(b"old")
        with pytest.raises(errors.OutputError, match="No space") as caught:
            write_by_rows(path)
        assert caught.value.code == "output_unwritable"
        assert caught.value.path == str(path)
        assert path.read_bytes() == b"old"
        assert names(folder) == [path.name]


@as_root
def test_a_read_only_disk(tmp_path):
    with mounted(tmp_path / "fixed", "ro") as folder:
        assert "Read-only" in refused(folder / "a.png")
        assert names(folder) == []


@as_root
def test_no_work_goes_into_photos_for_a_read_only_disk(tmp_path, monkeypatch):
    photo = tmp_path / "a.png"
    image_io.write(photo, NOISE)
    monkeypatch.setattr(runner, "read_photo", None)  # nobody comes to need it
    with mounted(tmp_path / "fixed", "ro") as folder:
        (failure,) = colorlab.bulk(photo, folder).failures
        assert failure.error.code == "output_unwritable"
        assert failure.error.path == str(folder / "a.png")
        assert "read-only" in str(failure.error)


def in_a_child(code, *arguments):
    """Runs code that changes its own process for good; what it prints."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.split()


@as_root
def test_a_folder_of_somebody_else(tmp_path):
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    code = """
    import os, sys
    import numpy as np
    from colorlab import errors, image_io
    os.setgid(65534), os.setuid(65534)
    try:
        image_io.write(sys.argv[1], np.zeros((4, 4), np.uint8))
    except errors.OutputError as error:
        print(error.code, error.path)
    """
    path = tmp_path / "a.png"
    assert in_a_child(code, path) == ["output_unwritable", str(path)]
    assert names(tmp_path) == []


@as_root
def test_photos_in_a_folder_of_somebody_else_fail_alone(tmp_path):
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    for name in ("private", "open", "out"):
        (tmp_path / name).mkdir(mode=0o777)
        image_io.write(tmp_path / name / f"{name}.png", NOISE[:20])
    for name, mode in (("private", 0o700), ("out", 0o777)):
        (tmp_path / name).chmod(mode)
    code = """
    import os, sys
    from pathlib import Path
    import colorlab
    from colorlab import errors
    here = Path(sys.argv[1])
    with colorlab.Colorizer() as colorizer:
        warm = colorlab.bulk(here / "open", here / "warm", colorizer=colorizer)  # all is imported
        os.setgid(65534), os.setuid(65534)
        names = [here / "private/private.png", here / "open/open.png"]
        for name, output in ((names, "out/new"), (names[:1], "out/a.jpg"), (names[1:], "private/")):
            try:
                report = colorlab.bulk(name, f"{here}/{output}", colorizer=colorizer)
            except errors.OutputError as error:
                print(error.code)
            else:
                print(report.done, *(failure.error.code for failure in report.failures))
    """
    assert in_a_child(code, tmp_path) == [
        *("1", "input_unreadable"),
        *("0", "input_unreadable"),
        "output_unwritable",
    ]


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_limit_on_file_sizes(tmp_path, extension):
    code = """
    import resource, sys
    import numpy as np
    from colorlab import errors, image_io
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
    noise = np.random.default_rng(1).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    try:
        image_io.write(sys.argv[1], noise)
    except errors.OutputError as error:
        print(error.code, error.path)
    """
    path = tmp_path / f"a.{extension}"
    assert in_a_child(code, path) == ["output_unwritable", str(path)]
    assert names(tmp_path) == []


def test_permissions_and_dates_are_those_asked_for(tmp_path):
    path = tmp_path / "a.png"
    moment = 1_234_567_890_123_456_000
    image_io.write(path, NOISE, permissions=0o640, mtime_ns=moment)
    assert path.stat().st_mode & 0o7777 == 0o640
    assert path.stat().st_mtime_ns == moment
    image_io.write(path, NOISE, overwrite=True)  # a replaced file's permissions stay
    assert path.stat().st_mode & 0o7777 == 0o640
    assert path.stat().st_mtime_ns != moment
    image_io.write(path, NOISE, overwrite=True, mtime_ns=-1_500_000_000)
    assert path.stat().st_mtime_ns == -1_500_000_000
    with pytest.raises(errors.InvalidArgumentError, match="permissions"):
        image_io.write(tmp_path / "b.png", NOISE, permissions=0o10000)
    assert names(tmp_path) == ["a.png"]
