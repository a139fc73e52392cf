"""Files row by row: the pixels, errors and files of `read` and `write`, whatever the bands."""

import itertools
import subprocess
import sys
import threading
import time

import colorlab
import numpy as np
import pytest
from colorlab import _core, errors, image_io
from colorlab.metadata import Metadata, Provenance
from colorlab.rows import create_chroma, create_rows, open_rows, turned, turned_back
from PIL import Image, ImageCms

RNG = np.random.default_rng(5)
GREY = RNG.integers(0, 256, (67, 103), dtype=np.uint8)
RGB = RNG.integers(0, 256, (67, 103, 3), dtype=np.uint8)
RGBA = RNG.integers(0, 256, (67, 103, 4), dtype=np.uint8)
GREY16 = RNG.integers(0, 65536, (67, 103), dtype=np.uint16)
RGBA16 = RNG.integers(0, 65536, (67, 103, 4), dtype=np.uint16)
PIXELS = {"grey": GREY, "rgb": RGB, "rgba": RGBA, "grey16": GREY16, "rgba16": RGBA16}
WAYS = [  # format, options of create_rows, pixels that it holds
    *(("jpg", {"quality": quality}, name) for quality in (80, 92) for name in ("grey", "rgb")),
    *(("png", {"compression": level}, name) for level in (0, 1, 6) for name in PIXELS),
    *(("tif", {"compression": level}, name) for level in (0, 1) for name in PIXELS),
    *(
        ("tif", {"tile": tile}, name)
        for tile in ((16, 32), (48, 16), (128, 128))
        for name in PIXELS
    ),
]


@pytest.fixture
def folder(tmp_path):
    """A folder that must hold no temporary file at the end."""
    yield tmp_path
    assert not list(tmp_path.rglob("*.tmp"))


def written(path, pixels, bands=(1, 30, 7, 29), **options):
    """Writes pixels in bands of these heights."""
    assert sum(bands) == len(pixels)
    ends = np.cumsum((0, *bands))
    with create_rows(path, pixels.shape, pixels.dtype, **options) as out:
        for begin, end in itertools.pairwise(ends):
            out.write(pixels[begin:end])
    return path


def saved(path, image, **options):
    Image.fromarray(image).save(path, **options)
    return path


def joined(rows):
    return np.concatenate(list(rows))


# Writing


@pytest.mark.parametrize(("extension", "options", "name"), WAYS)
def test_what_is_written_by_rows_reads_as_what_is_written_whole(folder, extension, options, name):
    path = written(folder / f"a.{extension}", PIXELS[name], **options)
    whole = {key: value for key, value in options.items() if key != "tile"}
    image_io.write(folder / f"b.{extension}", PIXELS[name], **whole)
    result = image_io.read(path, mode="unchanged")
    np.testing.assert_array_equal(
        result, image_io.read(folder / f"b.{extension}", mode="unchanged")
    )
    if extension == "jpg" or (extension == "tif" and "tile" not in options):
        assert path.read_bytes() == (folder / f"b.{extension}").read_bytes()
    if extension != "jpg":
        np.testing.assert_array_equal(result, PIXELS[name])
    with Image.open(path) as image:  # for other readers, too
        image.load()
        assert image.size == (103, 67)


@pytest.mark.parametrize("extension", ["jpg", "png", "tif"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_metadata_goes_along_and_the_tag_says_how_rows_are_turned(folder, extension, orientation):
    exif = Image.Exif()
    exif[0x010E] = "a scan"  # its description
    exif[0x0112] = 1
    about = Metadata(exif=exif.tobytes()[6:], xmp=b"<x:xmpmeta/>", dpi=(300.0, 150.0))
    path = folder / f"a.{extension}"
    note = Provenance("generator", "2")
    written(path, RGB, metadata=about, provenance=note, orientation=orientation)
    back = image_io.read_metadata(path)
    assert back.orientation == orientation
    assert b"a scan" in back.exif
    assert b"generator" in back.xmp
    assert back.dpi == pytest.approx((300.0, 150.0), abs=0.01)
    whole = folder / f"b.{extension}"
    image_io.write(whole, RGB, metadata=about, provenance=note)
    if orientation == 1:
        assert back == image_io.read_metadata(whole)
    shown = turned(RGB, orientation)
    read = image_io.read(path)
    assert read.shape == shown.shape
    if extension != "jpg":
        np.testing.assert_array_equal(read, shown)


def test_files_appear_when_they_are_finished_and_only_then(folder):
    path = folder / "a.png"
    with pytest.raises(ZeroDivisionError), create_rows(path, RGB.shape) as out:
        out.write(RGB[: 30 // len(list(folder.glob("*.png")))])  # it is not there yet
    assert not list(folder.iterdir())
    with (
        pytest.raises(errors.ShapeError, match="30 of 67 rows"),
        create_rows(path, RGB.shape) as out,
    ):
        out.write(RGB[:30])
    del out
    assert not list(folder.iterdir())
    written(path, RGB)
    with pytest.raises(errors.OutputError) as caught:
        create_rows(path, RGB.shape)
    assert caught.value.code == "output_exists"
    written(path, 255 - RGB, overwrite=True)
    np.testing.assert_array_equal(image_io.read(path), 255 - RGB)


def test_rows_that_do_not_fit_are_refused(folder):
    with create_rows(folder / "a.tif", RGB.shape) as out:
        for wrong in (RGB[:, :50], GREY, RGBA, np.vstack([RGB, RGB])):
            with pytest.raises(errors.ShapeError) as caught:
                out.write(wrong)
            assert caught.value.path == str(folder / "a.tif")
        with pytest.raises(errors.ShapeError, match=r"\(h, 103, 3\), not \(67, 50, 3\)"):
            out.write(RGB[:, :50])
        with pytest.raises(errors.DTypeError, match="uint8, not uint16"):
            out.write(RGB.astype(np.uint16))
        out.write(RGB)
    with pytest.raises(errors.InvalidArgumentError, match="closed"):
        out.write(RGB)


@pytest.mark.parametrize(
    ("name", "shape", "dtype", "options", "error"),
    [
        ("a.webp", (4, 4, 3), np.uint8, {}, errors.UnsupportedFormatError),
        ("a.gif", (4, 4, 3), np.uint8, {}, errors.UnsupportedFormatError),
        ("a.jpg", (4, 4, 3), np.uint16, {}, errors.DTypeError),
        ("a.png", (4, 4, 3), np.float32, {}, errors.DTypeError),
        ("a.jpg", (4, 4, 4), np.uint8, {}, errors.ShapeError),
        ("a.jpg", (70_000, 4), np.uint8, {}, errors.ImageTooLargeError),
        ("a.tif", (4, 4, 5), np.uint8, {}, errors.ShapeError),
        ("a.tif", (4,), np.uint8, {}, errors.ShapeError),
        ("a.png", (4, 4), np.uint8, {"compression": 10}, errors.InvalidArgumentError),
        ("a.png", (4, 4), np.uint8, {"orientation": 9}, errors.InvalidArgumentError),
        ("a.png", (4, 4), np.uint8, {"profile": "source"}, errors.InvalidArgumentError),
        ("none/a.png", (4, 4), np.uint8, {}, errors.OutputError),
        ("a.png", (4.0, 4), np.uint8, {}, errors.ShapeError),
        ("a.png", 4, np.uint8, {}, errors.ShapeError),
        ("a.png", (4, 4), "pixels", {}, errors.DTypeError),
    ],
)
def test_what_cannot_be_written_is_refused_at_once(folder, name, shape, dtype, options, error):
    with pytest.raises(error) as caught:
        create_rows(folder / name, shape, dtype, **options)
    assert caught.value.path == str(folder / name)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("extension", ["jpg", "png", "tif"])
def test_a_file_that_may_not_grow_leaves_nothing(folder, extension):
    code = """
import resource, signal, sys
import numpy as np
from colorlab import errors, rows
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
noise = np.random.default_rng(1).integers(0, 256, (100, 900, 3), dtype=np.uint8)
try:
    with rows.create_rows(sys.argv[1], (1000, 900, 3)) as out:
        for _ in range(10):
            out.write(noise)
except errors.OutputError as error:
    print(error.code, error.path)
"""
    path = folder / f"a.{extension}"
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["output_unwritable", str(path)]
    assert not list(folder.iterdir())


# Reading


def variants(folder):
    """One file of every way in which rows are stored."""
    yield saved(folder / "grey.jpg", GREY, quality=90)
    yield saved(folder / "rgb.jpg", RGB, quality=80)
    yield saved(folder / "progressive.jpg", RGB, progressive=True)
    cmyk = Image.fromarray(RGBA, "CMYK")
    cmyk.save(folder / "cmyk.jpg")
    yield folder / "cmyk.jpg"
    yield saved(folder / "pillow.png", RGBA)
    Image.fromarray(RGB).convert("P").save(folder / "palette.png", bits=4)
    yield folder / "palette.png"
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        yield saved(folder / f"{compression}.tif", RGB, compression=compression)
    for name, pixels in PIXELS.items():
        yield written(folder / f"{name}.tif", pixels)
        yield written(folder / f"{name}-tiles.tif", pixels, tile=(16, 32), compression=6)
        yield written(folder / f"{name}.png", pixels)
    yield saved(folder / "whole.webp", RGBA, lossless=True)
    yield saved(folder / "whole.bmp", RGB)


@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated:DeprecationWarning")
@pytest.mark.parametrize("mode", ["unchanged", "rgb", "grey"])
def test_rows_are_those_of_read(folder, mode):
    for path in variants(folder):
        expected = image_io.read(path, mode=mode)
        for band_rows in (None, 1, 5, 1000):
            rows = open_rows(path, mode=mode, band_rows=band_rows)
            assert (rows.shape, rows.dtype) == (expected.shape, expected.dtype)
            for _ in range(2):  # from the first row each time
                np.testing.assert_array_equal(joined(rows), expected, err_msg=str(path))
        info = image_io.probe(path)
        assert (rows.format, rows.upright) == (info.format, (info.height, info.width))
        assert rows.metadata() == image_io.read_metadata(path)
        assert bool(rows.whole_because) == path.stem.startswith("whole")
        assert rows.fits_in_memory


def test_bands_are_as_high_as_asked_for_and_as_the_file_holds_together(folder):
    def heights(path, band_rows):
        return [len(band) for band in open_rows(path, band_rows=band_rows)]

    assert heights(written(folder / "a.png", RGB), 30) == [30, 30, 7]
    tiles = written(folder / "a.tif", RGB, tile=(16, 16))
    assert heights(tiles, 40) == [32, 32, 3]
    assert heights(tiles, 10) == [10, 6, 10, 6, 10, 6, 10, 6, 3]
    assert open_rows(tiles).tile == (16, 16)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_rows_lie_as_stored_and_can_be_turned(folder, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    for path in (folder / "a.jpg", folder / "a.png", folder / "a.tif"):
        Image.fromarray(RGB).save(path, exif=exif)
        rows = open_rows(path)
        assert rows.orientation == orientation
        shown = turned(joined(rows), orientation)
        np.testing.assert_array_equal(shown, image_io.read(path))
        assert rows.upright == shown.shape[:2]
        np.testing.assert_array_equal(turned_back(shown, orientation), joined(rows))


def test_an_icc_profile_is_applied_to_each_band(folder):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # sRGB's curve and its primaries in another order: red and blue change places.
    swapped = swap_tags(srgb, b"rXYZ", b"bXYZ")
    path = saved(folder / "a.png", RGB, icc_profile=swapped)
    expected = image_io.read(path)
    assert np.abs(expected.astype(int) - RGB).max() > 50
    np.testing.assert_array_equal(joined(open_rows(path, band_rows=3)), expected)
    grey = image_io.read(path, mode="grey")
    np.testing.assert_array_equal(joined(open_rows(path, mode="grey", band_rows=3)), grey)
    stored = open_rows(path, colors="stored", band_rows=3)
    np.testing.assert_array_equal(joined(stored), RGB)


def swap_tags(icc, first, second):
    """An ICC profile in which two tags have changed places."""
    return icc.replace(first, b"????").replace(second, first).replace(b"????", second)


# Damage and limits


def outcome(read):
    try:
        return read()
    except errors.ColorlabError as error:
        return error


@pytest.mark.parametrize("extension", ["jpg", "progressive", "png", "tif", "tiles", "webp"])
def test_a_file_cut_short_anywhere_ends_as_read_ends(folder, extension):
    path = folder / "a"
    small = np.ascontiguousarray(RGB[:24, :40])
    if extension == "tiles":
        data = written(folder / "t.tif", small, bands=(24,), tile=(16, 16)).read_bytes()
    elif extension == "progressive":
        data = saved(folder / "p.jpg", small, progressive=True).read_bytes()
    else:
        data = saved(folder / f"w.{extension}", small).read_bytes()
    kinds = set()
    for end in range(0, len(data), 11):
        path.write_bytes(data[:end])
        for on_truncated in ("error", "fill"):
            options = {"mode": "unchanged", "on_truncated": on_truncated}
            whole = outcome(lambda o=options: image_io.read(path, **o))
            rows = outcome(lambda o=options: joined(open_rows(path, band_rows=5, **o)))
            kinds.add(type(whole))
            if isinstance(whole, Exception):
                assert (type(rows), rows.path, rows.hint) == (type(whole), str(path), whole.hint)
            else:
                np.testing.assert_array_equal(rows, whole)
    assert errors.TruncatedImageError in kinds
    assert np.ndarray in kinds


def test_limits_are_those_of_rows_and_can_be_changed(folder):
    path = written(folder / "a.png", GREY)
    for limit in ({"max_pixels": 6900}, {"max_side": 100}, {"max_file_bytes": 500}):
        with pytest.raises(errors.ImageTooLargeError, match=next(iter(limit))) as caught:
            open_rows(path, limits=limit)
        assert caught.value.path == str(path)
    with pytest.raises(errors.InvalidArgumentError):
        open_rows(path, limits={"pixels": 1})
    with pytest.raises(errors.InvalidArgumentError):
        open_rows(path, band_rows=0)
    with pytest.raises(errors.InputNotFoundError):
        open_rows(folder / "b.png")
    # What is held at a time is limited, not the image.
    np.testing.assert_array_equal(joined(open_rows(path, limits={"max_decoded_bytes": 2000})), GREY)
    tiles = written(folder / "a.tif", GREY, tile=(16, 16))
    np.testing.assert_array_equal(
        joined(open_rows(tiles, limits={"max_decoded_bytes": 2000})), GREY
    )
    with pytest.raises(errors.ImageTooLargeError, match="16 rows"):
        open_rows(tiles, limits={"max_decoded_bytes": 1600})
    assert not open_rows(path, limits={"max_decoded_bytes": 2000}).fits_in_memory


def test_an_image_between_the_two_limits_reads_by_rows_only(folder):
    """Zeros of 200 megapixels pack into a small file."""
    path = folder / "a.png"
    rows = np.zeros((1000, 20_000), np.uint8)
    with create_rows(path, (10_000, 20_000)) as out:
        for _ in range(10):
            out.write(rows)
    with pytest.raises(errors.ImageTooLargeError, match="max_pixels") as caught:
        image_io.read(path)
    assert "colorlab colorize" in caught.value.hint
    photo = open_rows(path)
    assert not photo.fits_in_memory
    assert photo.shape == (10_000, 20_000)
    assert image_io.probe(path) == image_io.ImageInfo("png", 10_000, 20_000, 1, 8, False)
    assert next(iter(photo)).max() == 0


def test_what_must_be_decoded_whole_says_so_where_it_is_too_large(folder):
    path = saved(folder / "a.jpg", RGB, progressive=True)
    limits = {"max_decoded_bytes": 10_000}
    with pytest.raises(errors.ImageTooLargeError, match="progressive") as caught:
        open_rows(path, limits=limits)
    assert caught.value.path == str(path)
    assert "TIFF" in caught.value.hint


# Colour


@pytest.mark.parametrize("preserve", ["lightness", "luma"])
@pytest.mark.parametrize("upsample", ["guided", "bilinear"])
def test_recolouring_by_rows_is_recolouring(folder, preserve, upsample):
    ab = RNG.uniform(-70, 70, (13, 21, 2)).astype(np.float32)
    options = {"preserve": preserve, "upsample": upsample}
    for name, pixels in PIXELS.items():
        path = written(folder / f"{name}.tif", pixels, tile=(16, 16))
        color = pixels[..., :3] if name.startswith("rgba") else pixels
        expected = colorlab.recolor(np.ascontiguousarray(color), ab, **options)
        photo = open_rows(path, band_rows=5)
        planes = photo.reduce_lightness([(13, 21), (100, 200), (67, 1)])
        for guide in (None, planes[0], planes[1]):
            for channels in (3, 4):
                out = folder / "out.png"
                shape = (*pixels.shape[:2], channels)
                with create_rows(out, shape, pixels.dtype, overwrite=True) as rows:
                    certificate = photo.recolor(rows, ab, guide=guide, threads=2, **options)
                result = image_io.read(out, mode="unchanged")
                np.testing.assert_array_equal(result[..., :3], expected)
                assert certificate == expected.certificate
                if channels == 4:
                    most = np.iinfo(pixels.dtype).max
                    alpha = pixels[..., 3] if name.startswith("rgba") else most
                    assert np.all(result[..., 3] == alpha)


def test_lightness_is_reduced_as_for_the_network(folder):
    path = written(folder / "a.png", GREY16)
    for height, width in ((8, 16), (67, 103), (70, 10), (134, 300)):
        (plane,) = open_rows(path, band_rows=2).reduce_lightness([(height, width)])
        tensor = _core.preprocess(GREY16, height, width)[0, 0]
        np.testing.assert_array_equal(plane / np.float32(50) - np.float32(1), tensor)


def test_sixteen_bits_are_rounded_into_a_file_of_eight(folder):
    ab = np.full((4, 6, 2), 20, np.float32)
    photo = open_rows(written(folder / "a.png", GREY16))
    with create_rows(folder / "b.png", (*GREY16.shape, 3)) as out:
        photo.recolor(out, ab)
    expected = image_io.to_8bit(np.asarray(colorlab.recolor(GREY16, ab)))
    np.testing.assert_array_equal(image_io.read(folder / "b.png"), expected)


def test_rows_of_another_shape_are_not_recoloured(folder):
    photo = open_rows(written(folder / "a.png", GREY))
    ab = np.zeros((2, 2, 2), np.float32)
    for shape in ((67, 100, 3), (66, 103, 3), (67, 103)):
        with pytest.raises(errors.ShapeError), create_rows(folder / "b.png", shape) as out:
            photo.recolor(out, ab)
    with (
        pytest.raises(errors.ShapeError),
        create_rows(folder / "b.png", (67, 103, 3), np.uint16) as out,
    ):
        photo.recolor(out, ab)


def test_compressed_luma_goes_into_a_jpeg_only(folder):
    with open_rows(saved(folder / "grey.jpg", GREY)) as photo:
        for name in ("a.png", "a"):
            with pytest.raises(errors.UnsupportedFormatError, match="JPEG only") as caught:
                create_chroma(folder / name, photo)
            assert caught.value.path == str(folder / name)
    assert [path.name for path in folder.iterdir()] == ["grey.jpg"]


def test_a_writer_is_not_closed_while_rows_are_recoloured_into_it(folder):
    pixels = np.tile(GREY, (30, 20))
    photo = open_rows(saved(folder / "a.png", pixels), band_rows=16)
    out = create_rows(folder / "b.png", (*pixels.shape, 3))

    def close_when_rows_come():
        while sum(path.stat().st_size for path in folder.glob(".colorlab-*")) < 100_000:
            time.sleep(0.001)
        out.abandon()

    closer = threading.Thread(target=close_when_rows_come, daemon=True)
    closer.start()
    certificate = photo.recolor(out, np.zeros((2, 2, 2), np.float32))
    closer.join()
    assert certificate.max_delta_l <= 0.5
    assert not (folder / "b.png").exists()


def test_a_reader_that_is_cancelled_stops(folder):
    photo = open_rows(written(folder / "a.png", GREY))
    photo.cancel()
    with pytest.raises(errors.OperationCancelled):
        photo.reduce_lightness([(4, 4)])
