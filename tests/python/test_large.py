"""Photos coloured row by row: the colours of those that are held, in bounded memory."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import colorlab
import generators
import numpy as np
import pytest
from colorlab import errors, image_io
from colorlab.bench import scaling
from colorlab.bulk import large
from colorlab.colorizer import Colorizer
from colorlab.recoloring import memory_of
from colorlab.rows import create_chroma, create_rows, open_rows
from PIL import Image

RNG = np.random.default_rng(11)
SMOOTH = np.asarray(
    Image.fromarray(RNG.integers(0, 256, (9, 13), dtype=np.uint8)).resize(
        (211, 140), Image.Resampling.BICUBIC
    )
)
GREY = np.clip(SMOOTH.astype(int) + RNG.integers(-9, 10, SMOOTH.shape), 0, 255).astype(np.uint8)
RGB = np.stack([GREY, 255 - GREY, GREY // 2], axis=-1)
RGBA = np.dstack([RGB, SMOOTH])
GREY16 = GREY.astype(np.uint16) * 257 + RNG.integers(0, 200, GREY.shape).astype(np.uint16)
PIXELS = {"grey": GREY, "rgb": RGB, "rgba": RGBA, "grey16": GREY16}
CASES = [
    *(("a.jpg", "a.jpg", name, {}) for name in ("grey", "rgb")),
    *(("a.png", "a.png", name, {}) for name in PIXELS),
    *(("a.tif", "a.tif", name, {}) for name in PIXELS),
    *(("a.tif", "a.tif", name, {"tile": (32, 16)}) for name in PIXELS),
    *(("a.tif", "a.jpg", name, {}) for name in ("rgba", "grey16")),
]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The current folder, with a generator; all photos that need memory count as large."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(large, "_SMALLEST", 1)
    generators.save(generators.by_lightness(), tmp_path / "m.onnx")
    generators.save(generators.constant(), tmp_path / "quarter.onnx")
    Path("in").mkdir()
    return tmp_path


def photo(name, pixels, **options):
    path = Path("in") / name
    with create_rows(path, pixels.shape, pixels.dtype, overwrite=True, **options) as out:
        out.write(pixels)
    return path


def colored(source, output, **options):
    """One outcome."""
    outcomes = []
    options = {"model": "m.onnx", "threads": 1, "overwrite": True} | options
    colorlab.bulk(source, output, on_outcome=outcomes.append, **options)
    (outcome,) = outcomes
    return outcome


def by_rows(source, output, **options):
    return colored(source, output, max_memory=1, **options)


@pytest.mark.parametrize("preserve", ["lightness", "luma"])
@pytest.mark.parametrize("model", ["m.onnx", "quarter.onnx"])
@pytest.mark.parametrize(("source", "output", "name", "options"), CASES)
def test_colours_are_those_of_photos_that_are_held(
    place, preserve, model, source, output, name, options
):
    path = photo(source, PIXELS[name], **options)
    settings = {"preserve": preserve, "model": model, "saturation": 1.3}
    held = colored(path, f"held-{output}", **settings)
    rows = by_rows(path, f"rows-{output}", **settings)
    assert held.status == rows.status == "ok"
    assert rows.certificate == held.certificate
    assert rows.size == held.size == GREY.shape
    expected = image_io.read(f"held-{output}", mode="unchanged")
    np.testing.assert_array_equal(image_io.read(f"rows-{output}", mode="unchanged"), expected)
    if output == "a.jpg":
        assert Path(f"rows-{output}").read_bytes() == Path(f"held-{output}").read_bytes()
    assert image_io.read_metadata(f"rows-{output}") == image_io.read_metadata(f"held-{output}")
    assert open_rows(f"rows-{output}").tile == options.get("tile", (0, 0))


@pytest.mark.parametrize("extension", ["jpg", "png", "tif"])
@pytest.mark.parametrize("orientation", range(2, 9))
def test_turned_photos_stay_turned_and_show_the_same_colours(place, extension, orientation):
    path = photo(f"a.{extension}", GREY, orientation=orientation)
    colored(path, f"held.{extension}")
    outcome = by_rows(path, f"rows.{extension}")
    assert open_rows(f"rows.{extension}").orientation == orientation
    assert open_rows(f"held.{extension}").orientation == 1
    held, rows = (image_io.read(f"{name}.{extension}") for name in ("held", "rows"))
    assert outcome.size == held.shape[:2]
    # Sums in another order, and in a JPEG other blocks.
    most = 40 if extension == "jpg" else 1
    assert np.abs(held.astype(int) - rows).max() <= most
    assert np.abs(held.astype(int) - rows).mean() < (3 if extension == "jpg" else 0.01)


@pytest.mark.parametrize("shape", [(1, 2), (1, 40), (33, 2), (64, 47), (140, 211)])
@pytest.mark.parametrize("band_rows", [1, 2, 7, 64])
def test_luma_is_copied_bit_for_bit_from_any_bands(place, shape, band_rows):
    path = photo("a.jpg", np.ascontiguousarray(GREY[: shape[0], : shape[1]]))
    with Colorizer("m.onnx", threads=1) as colorizer:
        held = colorizer.prepare(image_io.read(path, mode="unchanged"))
        (ab,) = colorizer.predict([held])
        cbcr, expected = colorizer.finish_chroma(held, ab)
        image_io.add_chroma("held.jpg", path, cbcr)
        rows = open_rows(path, band_rows=band_rows)
        assert rows.copies_luma
        with create_chroma("rows.jpg", rows) as out:
            certificate = colorizer.finish_rows(colorizer.prepare_rows(rows), ab, out)
    assert Path("rows.jpg").read_bytes() == Path("held.jpg").read_bytes()
    assert certificate == expected
    assert certificate.lossless


def test_luma_that_cannot_be_copied_by_rows_is_encoded_anew_and_said_so(place, monkeypatch):
    path = Path("in/a.jpg")
    Image.fromarray(GREY).save(path, progressive=True)
    assert not open_rows(path).copies_luma
    # Held, its coefficients can be copied: so it is held, unless it may not be.
    held = by_rows(path, "held.jpg", preserve="luma")
    assert held.certificate.lossless
    monkeypatch.setattr(large.rows.RowReader, "fits_in_memory", False)
    rows = by_rows(path, "rows.jpg", preserve="luma")
    assert rows.status == "ok"
    assert (rows.certificate.preserve, rows.certificate.lossless) == ("luma", False)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_luma_of_turned_photos_is_copied_as_it_lies(place, orientation):
    # Of even sides: two pixels that share their chroma do so however the photo is turned.
    even = np.ascontiguousarray(GREY[:, :-1])
    path = photo("a.jpg", even, orientation=orientation)
    outcome = by_rows(path, "rows.jpg", preserve="luma")
    assert outcome.certificate.lossless
    assert open_rows("rows.jpg").orientation == orientation
    colored(path, "held.jpg", preserve="luma")
    held, rows = (image_io.read(f"{name}.jpg", mode="grey") for name in ("held", "rows"))
    np.testing.assert_array_equal(rows, held)
    colors = [image_io.read(f"{name}.jpg").astype(int) for name in ("held", "rows")]
    assert np.abs(colors[0] - colors[1]).mean() < 0.5


def test_chroma_goes_to_grey_baseline_jpegs_only(place):
    for name, pixels in (("a.jpg", RGB), ("a.png", GREY)):
        with pytest.raises(errors.UnsupportedFormatError) as caught:
            create_chroma("out.jpg", open_rows(photo(name, pixels)))
        assert caught.value.path == str(Path("in") / name)
    path = photo("a.jpg", GREY)
    with (
        pytest.raises(errors.ShapeError, match="of chroma"),
        create_chroma("out.jpg", open_rows(path)),
    ):
        pass
    with pytest.raises(errors.InvalidArgumentError, match="quality"):
        create_chroma("out.jpg", open_rows(path), quality=0)
    assert not list(place.glob("*.tmp"))
    assert not Path("out.jpg").exists()


def test_a_photo_that_needs_little_is_held_unless_it_may_not_be(place, monkeypatch):
    path = place / photo("a.png", GREY)

    def is_large(output, **options):
        limits = options.pop("limits", None)
        arguments = {"preserve": "lightness", "max_memory": 1} | options
        return large.is_large(open_rows(path, limits=limits), output, **arguments)

    need = memory_of(open_rows(path))
    assert need == GREY.size * (1 + 3) * 2
    assert is_large("a.png")
    assert not is_large("a.webp")  # can only be written whole
    assert is_large("a.png", max_memory=need - 1)
    assert not is_large("a.png", max_memory=need)
    monkeypatch.undo()
    assert not is_large("a.png", max_memory=1)
    tight = {"max_decoded_bytes": GREY.size - 1}
    assert is_large("a.png", limits=tight, max_memory=1 << 40)
    with pytest.raises(errors.ImageTooLargeError, match="WebP") as caught:
        is_large("a.webp", limits=tight)
    assert "--format" in caught.value.hint


def test_limits_of_the_colorizer_are_limits_of_rows(place):
    path = photo("a.png", GREY)
    outcome = by_rows(path, "out.png", limits={"max_pixels": GREY.size - 1})
    assert isinstance(outcome.error, errors.ImageTooLargeError)
    assert by_rows(path, "out.png", limits={"max_pixels": GREY.size}).status == "ok"


@pytest.mark.parametrize("extension", ["jpg", "png", "tif"])
def test_damage_is_found_before_anything_is_written(place, extension):
    path = photo(f"a.{extension}", GREY)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    if extension == "tif":  # without the directory at its end it would not even open
        path.write_bytes(data[:8] + b"no zlib stream" + data[22:])
    held = colored(path, f"held.{extension}")
    rows = by_rows(path, f"out/rows.{extension}")
    assert rows.status == "error"
    assert type(rows.error) is type(held.error)
    assert rows.error.path == str(path)
    assert not Path("out").exists()


def test_a_photo_that_changes_between_its_two_readings_leaves_nothing(place):
    path = photo("a.png", GREY)
    with Colorizer("m.onnx", threads=1) as colorizer:
        rows = open_rows(path)
        prepared = colorizer.prepare_rows(rows)
        (ab,) = colorizer.predict([prepared])
        other = photo("b.png", GREY[:70])
        path.write_bytes(other.read_bytes())
        with (
            pytest.raises(errors.CorruptImageError, match="changed"),
            create_rows("out.png", (*GREY.shape, 3)) as out,
        ):
            colorizer.finish_rows(prepared, ab, out)
    assert not Path("out.png").exists()
    assert not list(place.glob("*.tmp"))


def test_the_command_line_colours_large_photos(place, capfd):
    from colorlab.cli.main import main

    path = photo("a.tif", GREY16, tile=(16, 16))
    command = ["colorize", str(path), "-o", "out.tif", "--model", "m.onnx", "--json"]
    assert main([*command, "--max-memory", "1"]) == 0
    row = json.loads(capfd.readouterr().out)
    assert (row["height"], row["width"]) == GREY.shape
    assert open_rows("out.tif").tile == (16, 16)
    assert main([*command, "--overwrite", "--max-pixels", "0.02M"]) == 3
    row = json.loads(capfd.readouterr().out)
    assert row["code"] == "image_too_large"
    assert "max_pixels = 20000" in row["message"]


# Real sizes


def megapixels(path, height, width, dtype=np.uint8, channels=1, **options):
    """A photo of any size, from one band of noise over a ramp."""
    rng = np.random.default_rng(3)
    ramp = np.linspace(40, 200, width, dtype=np.float32)
    band = np.clip(ramp + rng.normal(0, 8, (256, width)), 0, 255).astype(np.uint8)
    band = band.astype(dtype) * (257 if dtype == np.uint16 else 1)
    shape = (height, width)
    if channels == 3:
        band, shape = np.repeat(band[..., None], 3, axis=2), (height, width, 3)
    with create_rows(path, shape, dtype, **options) as out:
        for top in range(0, height, 256):
            out.write(band[: height - top])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "side", "options", "settings", "most"),
    [
        ("grey.jpg", 14_200, {}, (), 1.5e9),  # as it comes: 200 megapixels
        ("grey.tif", 8000, {"dtype": np.uint16}, ("--max-memory", "100M"), 0.5e9),
        ("rgb.tif", 8000, {"channels": 3, "tile": (256, 256)}, ("--max-memory", "100M"), 0.5e9),
        ("rgb.jpg", 8000, {"channels": 3}, ("--max-memory", "100M"), 0.5e9),
        ("grey.png", 8000, {}, ("--max-memory", "100M"), 0.5e9),
    ],
)
def test_memory_does_not_grow_with_the_photo(tmp_path, name, side, options, settings, most):
    path, output = tmp_path / name, tmp_path / f"out-{name}"
    megapixels(path, side, side, **options)
    assert scaling.peak_memory(path, output, *settings) < most
    assert open_rows(output).shape == (side, side, 3)


@pytest.mark.slow
def test_ctrl_c_stops_in_the_middle_of_a_photo(tmp_path):
    megapixels(tmp_path / "a.tif", 12_000, 16_000, np.uint16)
    output = tmp_path / "out" / "a.tif"
    for _ in range(3):  # on a busy machine the photo may be done before the signal is sent
        process = subprocess.Popen(
            [sys.executable, "-m", "colorlab", "colorize", tmp_path / "a.tif", "-o", output],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        deadline = time.monotonic() + 60
        while not list(output.parent.glob("*.tmp")) and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert not list(output.parent.glob("*.tmp"))
        if not output.exists():
            break
        output.unlink()
    assert process.returncode == 130, said
    assert not list(output.parent.iterdir())
