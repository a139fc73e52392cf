"""Reading, probing and writing photographs, against Pillow."""

import io
import os
import stat
import threading

import numpy as np
import pytest
from colorlab import errors, image_io
from PIL import Image

RNG = np.random.default_rng(5)
NOISE = RNG.integers(0, 256, (37, 53, 3), dtype=np.uint8)
SMOOTH = np.asarray(Image.fromarray(NOISE[:8, :8]).resize((160, 120), Image.Resampling.BICUBIC))


def encoded(image, format, **options):
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def of_mode(mode):
    """A Pillow image of any mode, with transparency where it has any."""
    if mode in ("LA", "RGBA"):
        image = Image.fromarray(SMOOTH).convert(mode)
        image.putalpha(Image.fromarray(SMOOTH[..., 0]))
        return image
    return Image.fromarray(SMOOTH).convert(mode)


@pytest.fixture
def folder(tmp_path):
    """A folder that must hold no temporary file at the end."""
    yield tmp_path
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".tmp")]


# Reading


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_png_of_every_mode_reads_as_pillow_reads_it(mode):
    image = of_mode(mode)
    data = encoded(image, "PNG")
    expected = np.asarray(image.convert("RGBA").convert("RGB"))
    if mode in ("LA", "RGBA"):  # alpha is dropped, not blended
        expected = np.asarray(image)[..., [0, 0, 0] if mode == "LA" else [0, 1, 2]]
    np.testing.assert_array_equal(image_io.read(data), expected)
    unchanged = image_io.read(data, mode="unchanged")
    channels = {"1": 1, "L": 1, "LA": 2, "P": 3, "RGB": 3, "RGBA": 4}[mode]
    assert unchanged.shape == ((120, 160) if channels == 1 else (120, 160, channels))
    assert image_io.probe(data) == image_io.ImageInfo("png", 120, 160, channels, 8, False)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_small_palettes_are_expanded(bits):
    image = Image.fromarray(SMOOTH).quantize(2**bits)
    data = encoded(image, "PNG", bits=bits)
    np.testing.assert_array_equal(image_io.read(data), np.asarray(image.convert("RGB")))


def test_palette_transparency_is_alpha():
    image = Image.fromarray(SMOOTH).quantize(16)
    data = encoded(image, "PNG", transparency=3)
    unchanged = image_io.read(data, mode="unchanged")
    np.testing.assert_array_equal(unchanged[..., 3] == 0, np.asarray(image) == 3)
    assert image_io.probe(data).channels == 4
    np.testing.assert_array_equal(image_io.read(data), np.asarray(image.convert("RGB")))


def test_grey_is_pillows_luma():
    np.testing.assert_array_equal(
        image_io.read(encoded(SMOOTH, "PNG"), mode="grey"),
        np.asarray(Image.fromarray(SMOOTH).convert("L")),
    )


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_of_every_mode_reads_as_pillow_reads_it(mode, progressive):
    data = encoded(of_mode(mode), "JPEG", quality=93, progressive=progressive)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    actual = image_io.read(data)
    assert actual.dtype == np.uint8
    assert np.abs(actual - expected).max() <= 3
    assert image_io.probe(data).channels == (1 if mode == "L" else 3)


def test_grey_of_a_color_jpeg_is_the_luma_that_it_stores():
    data = encoded(SMOOTH, "JPEG", quality=95)
    image = Image.open(io.BytesIO(data))
    image.draft("L", image.size)
    stored = np.asarray(image.convert("L")).astype(int)
    assert np.abs(image_io.read(data, mode="grey") - stored).max() <= 1


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_webp_reads_as_pillow_reads_it(mode, lossless):
    data = encoded(of_mode(mode), "WEBP", lossless=lossless, exact=True)
    expected = np.asarray(Image.open(io.BytesIO(data)))
    unchanged = image_io.read(data, mode="unchanged")
    assert np.abs(unchanged.astype(int) - expected).max() <= 2
    assert np.abs(image_io.read(data).astype(int) - expected[..., :3]).max() <= 2
    assert image_io.probe(data) == image_io.ImageInfo("webp", 120, 160, len(mode), 8, False)


def test_animations_give_their_first_frame():
    frames = [Image.fromarray(np.roll(SMOOTH, 30 * i, 1)) for i in range(3)]
    for format in ("WEBP", "PNG"):
        options = {"lossless": True} if format == "WEBP" else {}
        data = encoded(frames[0], format, save_all=True, append_images=frames[1:], **options)
        assert image_io.probe(data).animated
        np.testing.assert_array_equal(image_io.read(data), SMOOTH)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(format, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(SMOOTH, format, exif=exif)
    image = Image.open(io.BytesIO(data))
    upright = np.asarray(Image.open(io.BytesIO(encoded(SMOOTH, format))))
    turns = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: upright.transpose(1, 0, 2)[:, ::-1],
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: upright.transpose(1, 0, 2)[::-1],
    }
    actual = image_io.read(data)
    assert np.abs(actual.astype(int) - turns[orientation]).max() <= 3
    info = image_io.probe(data)
    assert (info.height, info.width) == actual.shape[:2]
    assert image.size == (160, 120)


def test_16_bit_png_keeps_its_bits(folder):
    pixels = RNG.integers(0, 65536, (9, 7), dtype=np.uint16)
    data = encoded(Image.fromarray(pixels), "PNG")
    np.testing.assert_array_equal(image_io.read(data, mode="grey"), pixels)
    np.testing.assert_array_equal(image_io.read(data), np.stack([pixels] * 3, -1))
    assert image_io.probe(data).bits == 16


@pytest.mark.parametrize(
    "compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"]
)
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_tiff_of_every_mode_reads_as_pillow_reads_it(mode, compression):
    if compression == "jpeg" and mode not in ("L", "RGB", "CMYK"):
        pytest.skip("JPEG in TIFF holds 8 bits")
    if mode == "I;16":
        image = Image.fromarray(SMOOTH[..., 0].astype(np.uint16) * 257)
    else:
        image = of_mode(mode)
    data = encoded(image, "TIFF", compression=compression)
    decoded = Image.open(io.BytesIO(data))
    unchanged = image_io.read(data, mode="unchanged")
    info = image_io.probe(data)
    assert (info.format, info.bits) == ("tiff", 16 if mode == "I;16" else 8)
    if mode in ("LA", "RGBA", "I;16", "L"):
        np.testing.assert_array_equal(unchanged, np.asarray(decoded))
    else:
        expected = np.asarray(decoded.convert("RGB" if mode != "1" else "L")).astype(int)
        assert np.abs(unchanged.astype(int) - expected).max() <= 3
    assert image_io.read(data).shape == (120, 160, 3)


def test_the_first_of_many_pages_is_read():
    pages = [Image.fromarray(SMOOTH), Image.fromarray(255 - SMOOTH)]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    np.testing.assert_array_equal(image_io.read(data), SMOOTH)
    assert image_io.probe(data).animated
    assert not image_io.probe(encoded(pages[0], "TIFF")).animated


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_bmp_of_every_mode_reads_as_pillow_reads_it(mode):
    image = of_mode(mode)
    data = encoded(image, "BMP")
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    np.testing.assert_array_equal(image_io.read(data), expected)
    assert image_io.probe(data).format == "bmp"


def test_a_reduced_jpeg_is_the_small_photo():
    data = encoded(SMOOTH, "JPEG", quality=95)
    small = image_io.read(data, reduce=4)
    expected = np.asarray(Image.fromarray(SMOOTH).reduce(4)).astype(int)
    assert small.shape == (30, 40, 3)
    assert np.abs(small - expected).max() <= 12
    np.testing.assert_array_equal(image_io.read(encoded(SMOOTH, "PNG"), reduce=4), SMOOTH)
    with pytest.raises(errors.InvalidArgumentError, match="reduce"):
        image_io.read(data, reduce=3)


def test_sources_of_every_kind(folder):
    data = encoded(SMOOTH, "PNG")
    path = folder / "a.png"
    path.write_bytes(data)
    with path.open("rb") as file:
        sources = [str(path), path, data, bytearray(data), memoryview(data), io.BytesIO(data), file]
        for source in sources:
            np.testing.assert_array_equal(image_io.read(source), SMOOTH)


def test_the_array_is_the_callers():
    image = image_io.read(encoded(SMOOTH, "PNG"))
    assert image.flags.writeable
    assert image.flags.c_contiguous
    image[:] = 0


def test_reading_on_many_threads():
    data = encoded(SMOOTH, "JPEG", quality=90)
    expected = image_io.read(data)
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(image_io.read(data))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert all(np.array_equal(result, expected) for result in results)


# Refusing


def test_the_name_does_not_make_the_format(folder):
    path = folder / "photo.jpg"
    path.write_bytes(encoded(SMOOTH, "PNG"))
    assert image_io.probe(path).format == "png"
    path.write_text("Dear diary, today no photo.\n")
    with pytest.raises(
        errors.UnsupportedFormatError, match=r"photo\.jpg.*looks like text"
    ) as caught:
        image_io.read(path)
    assert caught.value.path == str(path)
    assert caught.value.hint


@pytest.mark.parametrize("format", ["GIF", "PDF", "ICO"])
def test_other_formats_are_named(format):
    with pytest.raises(errors.UnsupportedFormatError, match=format if format != "ICO" else "icon"):
        image_io.read(encoded(SMOOTH, format))


def test_impossible_sources(folder):
    with pytest.raises(FileNotFoundError, match=r"none\.jpg") as caught:
        image_io.read(folder / "none.jpg")
    assert isinstance(caught.value, errors.InputError)
    with pytest.raises(errors.InputError, match=str(folder)):
        image_io.read(folder)
    with pytest.raises(errors.InvalidArgumentError, match="int"):
        image_io.read(5)
    with pytest.raises(errors.InvalidArgumentError, match="rb"):
        image_io.read(io.StringIO("text"))
    with pytest.raises(errors.InvalidArgumentError):
        image_io.read("a\0b.jpg")
    with pytest.raises(errors.InvalidArgumentError, match="sepia"):
        image_io.read(encoded(SMOOTH, "PNG"), mode="sepia")
    with pytest.raises(errors.InvalidArgumentError, match="max_pixel"):
        image_io.read(encoded(SMOOTH, "PNG"), limits={"max_pixel": 3})
    with pytest.raises(errors.InvalidArgumentError, match="max_pixels"):
        image_io.read(encoded(SMOOTH, "PNG"), limits={"max_pixels": -3})
    with pytest.raises(errors.InvalidArgumentError, match="max_pixels"):
        image_io.read(encoded(SMOOTH, "PNG"), limits={"max_pixels": 2**70})


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
def test_limits_are_kept(folder, format):
    path = folder / "photo"
    path.write_bytes(encoded(SMOOTH, format))
    with pytest.raises(errors.ImageTooLargeError, match="160 x 120") as caught:
        image_io.read(path, limits={"max_pixels": 160 * 120 - 1})
    assert "max_pixels" in str(caught.value)
    assert caught.value.path == str(path)
    with pytest.raises(errors.ImageTooLargeError):
        image_io.read(path, limits={"max_file_bytes": 10})
    assert image_io.read(path, limits={"max_pixels": 160 * 120}).shape == (120, 160, 3)


def test_thousands_of_scans_are_refused():
    data = encoded(SMOOTH, "JPEG", progressive=True)
    with pytest.raises(errors.ImageTooLargeError, match="scans"):
        image_io.read(data, limits={"max_jpeg_scans": 2})


# Writing


@pytest.mark.parametrize("channels", [None, 1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, ">u2"])
@pytest.mark.parametrize("size", [(1, 1), (1, 65535), (300, 1), (31, 17)])
def test_png_round_trip(folder, channels, dtype, size):
    shape = size if channels is None else (*size, channels)
    pixels = RNG.integers(0, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)
    path = folder / "a.PNG"
    image_io.write(path, pixels)
    actual = image_io.read(path, mode="unchanged")
    np.testing.assert_array_equal(actual, pixels.reshape(actual.shape))
    if np.dtype(dtype) == np.uint8:
        with Image.open(path) as image:
            np.testing.assert_array_equal(np.asarray(image), actual)


@pytest.mark.parametrize("compression", [0, 1, 6, 9])
@pytest.mark.parametrize("pixels", [NOISE, SMOOTH, np.zeros((300, 400), np.uint8)])
def test_png_of_every_compression_reads_as_pillow_reads_it(folder, compression, pixels):
    path = folder / "a.png"
    image_io.write(path, pixels, compression=compression)
    with Image.open(path) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)
    np.testing.assert_array_equal(image_io.read(path, mode="unchanged"), pixels)
    assert (path.stat().st_size < pixels.nbytes) == (compression > 0 and pixels is not NOISE)


@pytest.mark.parametrize("compression", [0, 4])
@pytest.mark.parametrize("channels", [None, 1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(1, 1), (1, 65535), (300, 1), (31, 17), (700, 400)])
def test_tiff_round_trip(folder, channels, dtype, size, compression):
    shape = size if channels is None else (*size, channels)
    pixels = RNG.integers(0, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)
    path = folder / "a.TIF"
    image_io.write(path, pixels, compression=compression)
    actual = image_io.read(path, mode="unchanged")
    np.testing.assert_array_equal(actual, pixels.reshape(actual.shape))
    if dtype == np.uint8:
        with Image.open(path) as image:
            np.testing.assert_array_equal(np.asarray(image), actual)


@pytest.mark.parametrize("channels", [3, 4])
def test_webp_round_trip(folder, channels):
    pixels = np.dstack([SMOOTH, SMOOTH[..., 0]])[..., :channels]
    image_io.write(folder / "a.webp", pixels, lossless=True)
    np.testing.assert_array_equal(image_io.read(folder / "a.webp", mode="unchanged"), pixels)
    image_io.write(folder / "b.webp", pixels, quality=95)
    lossy = image_io.read(folder / "b.webp", mode="unchanged")
    assert np.abs(lossy.astype(int) - pixels).mean() < 3


@pytest.mark.parametrize("size", [(1, 1), (1, 65500), (300, 1), (120, 160)])
@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_round_trip(folder, size, channels):
    pixels = np.full((*size, channels), 90, np.uint8)
    pixels[: size[0] // 2] = 150
    path = folder / "a.jpg"
    image_io.write(path, pixels, quality=95)
    actual = image_io.read(path, mode="unchanged")
    assert np.abs(actual.reshape(pixels.shape).astype(int) - pixels).max() <= 8
    with Image.open(path) as image:
        assert image.size == size[::-1]


def test_strided_pixels_are_written_as_they_look(folder):
    view = SMOOTH[::-2, ::3, ::-1]
    before = SMOOTH.copy()
    image_io.write(folder / "a.png", view)
    np.testing.assert_array_equal(image_io.read(folder / "a.png"), view)
    np.testing.assert_array_equal(SMOOTH, before)


def test_existing_files_are_kept_unless_told_otherwise(folder):
    path = folder / "a.png"
    image_io.write(path, SMOOTH)
    with pytest.raises(errors.OutputError, match=r"a\.png") as caught:
        image_io.write(path, NOISE)
    assert caught.value.code == "output_exists"
    np.testing.assert_array_equal(image_io.read(path), SMOOTH)
    image_io.write(path, NOISE, overwrite=True)
    np.testing.assert_array_equal(image_io.read(path), NOISE)
    assert list(folder.iterdir()) == [path]


def test_one_of_many_writers_wins_when_nothing_is_replaced(folder):
    path = folder / "a.png"
    outcomes = []

    def write():
        try:
            image_io.write(path, SMOOTH)
            outcomes.append("written")
        except errors.OutputError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["output_exists"] * 7 + ["written"]


def test_impossible_outputs_are_named_and_leave_nothing(folder):
    for path in (folder / "none" / "a.png", folder / ("x" * 300 + ".png")):
        with pytest.raises(errors.OutputError) as caught:
            image_io.write(path, SMOOTH)
        assert caught.value.code == "output_unwritable"
        assert caught.value.path == str(path)
    (folder / "folder.png").mkdir()
    with pytest.raises(errors.OutputError, match="folder"):
        image_io.write(folder / "folder.png", SMOOTH, overwrite=True)
    assert [path.name for path in folder.iterdir()] == ["folder.png"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_named(folder):
    locked = folder / "locked"
    locked.mkdir()
    locked.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(errors.OutputError, match="cannot be written"):
        image_io.write(locked / "a.png", SMOOTH)
    locked.chmod(stat.S_IRWXU)


@pytest.mark.skipif(not os.path.ismount("/proc"), reason="needs a folder nobody may write to")
def test_a_folder_that_takes_no_files_is_named():
    with pytest.raises(errors.OutputError, match=r"/proc/a\.png"):
        image_io.write("/proc/a.png", SMOOTH)


@pytest.mark.parametrize(
    ("name", "image", "error", "says"),
    [
        ("a.jpg", SMOOTH.astype(np.uint16), errors.DTypeError, "png"),
        ("a.png", SMOOTH / 255, errors.DTypeError, "255"),
        ("a.jpg", SMOOTH.astype(np.float32), errors.DTypeError, "255"),
        ("a.png", SMOOTH.astype(np.int64), errors.DTypeError, "int64"),
        ("a.png", np.zeros((0, 3, 3), np.uint8), errors.ShapeError, "0 x 3"),
        ("a.png", np.zeros(3, np.uint8), errors.ShapeError, r"\(3,\)"),
        ("a.png", np.zeros((2, 2, 5), np.uint8), errors.ShapeError, "2 x 2 x 5"),
        ("a.jpg", np.zeros((2, 2, 4), np.uint8), errors.ShapeError, "PNG"),
        ("a.jpg", np.zeros((1, 65535, 3), np.uint8), errors.ImageTooLargeError, "PNG"),
        ("a.bmp", SMOOTH, errors.UnsupportedFormatError, r"\.png"),
        ("a", SMOOTH, errors.UnsupportedFormatError, r"no extension.*\.png"),
        (".png", SMOOTH, errors.UnsupportedFormatError, "no extension"),
        ("a.png", None, errors.DTypeError, "NumPy array, not NoneType"),
        ("a.png", [[1, 2]], errors.DTypeError, "NumPy array, not list"),
    ],
)
def test_pixels_that_do_not_fit_are_refused(folder, name, image, error, says):
    with pytest.raises(error, match=says) as caught:
        image_io.write(folder / name, image)
    assert caught.value.path == str(folder / name)
    assert not list(folder.iterdir())


def test_settings_out_of_range_are_refused(folder):
    with pytest.raises(errors.InvalidArgumentError, match=r"1\.\.100"):
        image_io.write(folder / "a.jpg", SMOOTH, quality=101)
    with pytest.raises(errors.InvalidArgumentError, match=r"0\.\.9"):
        image_io.write(folder / "a.png", SMOOTH, compression=10)
    for value in (92.5, "92", None):
        with pytest.raises(errors.InvalidArgumentError, match=r"quality must be 1\.\.100"):
            image_io.write(folder / "a.jpg", SMOOTH, quality=value)
    assert not list(folder.iterdir())


def test_a_path_with_a_null_character_is_refused():
    for use in (lambda: image_io.write("a\0.png", SMOOTH), lambda: image_io.read("a\0.png")):
        with pytest.raises(errors.InvalidArgumentError, match="null character"):
            use()


def test_limits_are_a_mapping():
    with pytest.raises(errors.InvalidArgumentError, match="max_pixels"):
        image_io.read(b"", limits=1000)


def test_file_objects_that_cannot_be_read_are_told(folder):
    path = folder / "a.jpg"
    image_io.write(path, SMOOTH)
    with path.open(encoding="utf-8") as file, pytest.raises(errors.InputError, match='"rb"'):
        image_io.read(file)
    with path.open("rb") as file:
        pass
    with pytest.raises(errors.InputError, match="closed file") as caught:
        image_io.read(file)
    assert caught.value.path == str(path)


def test_chroma_goes_into_a_jpeg_and_errors_name_the_file_to_be(folder):
    source = folder / "grey.jpg"
    image_io.write(source, SMOOTH[..., 0])
    for name in ("out", "out.png"):
        with pytest.raises(errors.UnsupportedFormatError, match="JPEG only") as caught:
            image_io.add_chroma(folder / name, source, np.full((2, 2, 2), 128, np.uint8))
        assert caught.value.path == str(folder / name)


def test_names_that_are_not_utf8(folder):
    path = os.fsdecode(os.fsencode(str(folder)) + b"/f\xff.png")
    image_io.write(path, SMOOTH)
    np.testing.assert_array_equal(image_io.read(path), SMOOTH)
    with pytest.raises(errors.OutputError) as caught:
        image_io.write(path, SMOOTH)
    assert caught.value.path == path


@pytest.mark.parametrize("format", ["jpg", ".PNG", "tiff", "webp"])
def test_encoding_in_memory_gives_the_bytes_of_the_file(folder, format):
    path = folder / f"x.{format.removeprefix('.')}"
    image_io.write(path, SMOOTH, quality=80)
    assert image_io.encode(SMOOTH, format, quality=80) == path.read_bytes()


def test_encoding_to_an_unknown_format_is_refused():
    with pytest.raises(errors.UnsupportedFormatError, match="gif"):
        image_io.encode(SMOOTH, "gif")
