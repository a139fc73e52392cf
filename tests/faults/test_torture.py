"""Damaged files end in pixels or in a typed error, as the torture collection's manifest says."""

import csv
import io
import os
from pathlib import Path

import numpy as np
import pytest
from colorlab import errors, image_io
from colorlab.rows import RowReader, open_rows, turned
from PIL import Image

SHARED = Path(os.environ.get("COLORLAB_SHARED", Path(__file__).parents[2].parent / "shared"))
MANIFEST = SHARED / "torture" / "manifest.csv"
OURS = ("jpeg", "png", "webp", "tiff", "bmp")


def shared(test):
    """Marks a test that needs the collection."""
    absent = pytest.mark.skipif(not MANIFEST.is_file(), reason="the shared collection is not here")
    return pytest.mark.shared(absent(test))


RNG = np.random.default_rng(5)
NOISE = RNG.integers(0, 256, (37, 53, 3), dtype=np.uint8)
SMOOTH = np.asarray(Image.fromarray(NOISE[:8, :8]).resize((160, 120), Image.Resampling.BICUBIC))


def encoded(pixels, format, **options):
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def files(*formats):
    if not MANIFEST.is_file():
        return []
    with MANIFEST.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if not formats or row["format"] in formats]


def outcome(path, *, read=image_io.read, **options):
    """The pixels, or the error; anything else is raised."""
    try:
        return read(path, **options)
    except errors.ImageError as error:
        return error


@shared
@pytest.mark.parametrize("format", OURS)
def test_our_formats_load_or_are_refused_as_the_manifest_says(format):
    wrong = []
    for row in files(format):
        path = MANIFEST.parent / row["file"]
        result = outcome(path)
        loaded = isinstance(result, np.ndarray)
        if row["expected"] in ("load", "refuse") and loaded != (row["expected"] == "load"):
            wrong.append((row["file"], row["expected"], str(result)[:200]))
        if not loaded:
            assert result.path == str(path)
    assert not wrong


@shared
@pytest.mark.parametrize("mode", ["rgb", "grey", "unchanged"])
@pytest.mark.parametrize("on_truncated", ["error", "fill"])
def test_every_mode_agrees_on_what_can_be_read(mode, on_truncated):
    for row in files():
        path = MANIFEST.parent / row["file"]
        result = outcome(path, mode=mode, on_truncated=on_truncated)
        first = outcome(path, on_truncated=on_truncated)
        assert isinstance(result, np.ndarray) == isinstance(first, np.ndarray)
        if isinstance(result, np.ndarray):
            info = image_io.probe(path)
            assert (info.height, info.width) == result.shape[:2]
            assert info.bits == 8 * result.dtype.itemsize


@shared
@pytest.mark.parametrize("on_truncated", ["error", "fill"])
def test_rows_are_the_same_pixels_or_the_same_error(on_truncated):
    for row in files():
        path = MANIFEST.parent / row["file"]
        options = {"mode": "unchanged", "on_truncated": on_truncated}
        whole = outcome(path, **options)
        rows = outcome(path, read=rows_of, **options)
        if isinstance(rows, RowReader):  # too large to be held
            assert isinstance(whole, errors.ImageTooLargeError), row["file"]
        elif isinstance(rows, np.ndarray):
            assert isinstance(whole, np.ndarray), (row["file"], whole)
            np.testing.assert_array_equal(rows, whole, err_msg=row["file"])
        else:
            assert type(rows) is type(whole), (row["file"], rows, whole)
            assert rows.path == str(path)


def rows_of(path, **options):
    """All rows, upright; those of an image that `read` would refuse are left in their file."""
    photo = open_rows(path, band_rows=3, **options)
    if not photo.fits_in_memory:
        return photo
    return turned(np.concatenate(list(photo)), photo.orientation)


@shared
def test_other_formats_are_refused_by_name():
    for row in files("other"):
        result = outcome(MANIFEST.parent / row["file"])
        assert isinstance(result, errors.UnsupportedFormatError | errors.TruncatedImageError)
        assert result.reason


@shared
def test_icc_colors_are_those_of_littlecms():
    with (MANIFEST.parent / "icc_expected.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    for row in rows:
        pixels = image_io.read(MANIFEST.parent / row["file"]).astype(int)
        for name in ("p1_x,y:sRGB", "p2", "p3", "p4"):
            place, color = row[name].split(":")
            x, y = (int(part) for part in place.split(","))
            expected = [int(part) for part in color.split("/")]
            assert x < 0 or np.abs(pixels[y, x] - expected).max() <= 2, row["file"]


@shared
def test_metadata_can_be_read_wherever_pixels_can():
    for row in files():
        path = MANIFEST.parent / row["file"]
        if isinstance(outcome(path), np.ndarray):
            metadata = image_io.read_metadata(path)
            assert 1 <= metadata.orientation <= 8


@shared
def test_small_limits_refuse_everything_larger():
    for row in files(*OURS):
        result = outcome(MANIFEST.parent / row["file"], limits={"max_pixels": 64})
        assert not isinstance(result, np.ndarray) or result.shape[0] * result.shape[1] <= 64


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("BMP", {}),
    ],
)
def test_truncation_is_an_error_or_is_filled(tmp_path, format, options):
    data = encoded(NOISE.repeat(4, 0).repeat(4, 1), format, **options)
    full = image_io.read(data)
    right = []
    path = tmp_path / "cut"
    for percent in range(5, 100, 5):
        cut = data[: len(data) * percent // 100]
        path.write_bytes(cut)
        with pytest.raises(errors.TruncatedImageError, match="fill") as caught:
            image_io.read(path)
        assert caught.value.path == str(path)
        filled = image_io.read(cut, on_truncated="fill")
        assert filled.shape == full.shape
        right.append(int((filled == full).all(axis=(1, 2)).sum()))
    if not options.get("progressive"):
        assert right == sorted(right)
        assert right[-1] > 0.8 * len(full)


def test_a_tiff_that_lost_its_directory_is_truncated_whatever_is_asked():
    data = encoded(NOISE, "TIFF", compression="tiff_lzw")  # its directory stands at the end
    for percent in range(5, 100, 5):
        for on_truncated in ("error", "fill"):
            with pytest.raises(errors.TruncatedImageError):
                image_io.read(data[: len(data) * percent // 100], on_truncated=on_truncated)


def test_a_damaged_png_is_corrupt():
    data = bytearray(encoded(NOISE, "PNG"))
    data[len(data) // 2] ^= 0x55
    with pytest.raises(errors.CorruptImageError):
        image_io.read(data)


def test_random_damage_never_does_worse_than_an_error():
    rng = np.random.default_rng(2024)
    originals = [
        encoded(SMOOTH, "JPEG"),
        encoded(SMOOTH, "JPEG", progressive=True),
        encoded(Image.fromarray(SMOOTH).quantize(64), "PNG"),
        encoded(SMOOTH, "PNG"),
        encoded(np.dstack([SMOOTH, SMOOTH[..., 0]]), "WEBP"),
        encoded(SMOOTH, "WEBP", lossless=True),
        encoded(SMOOTH, "TIFF", compression="tiff_lzw"),
        encoded(SMOOTH, "TIFF", compression="jpeg"),
        encoded(Image.fromarray(SMOOTH).quantize(16), "BMP"),
    ]
    outcomes = {"read": 0, "refused": 0}
    for number in range(300):
        data = bytearray(originals[number % len(originals)])
        for _ in range(rng.integers(1, 10)):
            # half of the damage goes to the header
            end = len(data) if rng.random() < 0.5 else min(len(data), 200)
            data[rng.integers(0, end)] = rng.integers(0, 256)
        for fill in ("error", "fill"):
            try:
                image_io.probe(data)
                image_io.read(data, mode="unchanged", on_truncated=fill)
                outcomes["read"] += 1
            except errors.ColorlabError:
                outcomes["refused"] += 1
    assert outcomes["refused"] > 50
