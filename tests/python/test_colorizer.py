"""The colorizer: whatever a photo comes in, colour out, with the promises it makes."""

import io
import itertools
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import colorlab
import generators
import numpy as np
import pytest
from colorlab import errors, streaming
from colorlab.colorizer import Colorizer
from colorlab.model import registry
from colorlab.session import GeneratorSession
from PIL import Image

RNG = np.random.default_rng(7)
GREY = np.asarray(
    Image.fromarray(RNG.integers(0, 256, (6, 8), dtype=np.uint8)).resize(
        (160, 120), Image.Resampling.BICUBIC
    )
)
CONSTANT = generators.constant(0.3, -0.2).SerializeToString()
BY_LIGHTNESS = generators.by_lightness().SerializeToString()


@pytest.fixture(scope="module")
def painter():
    """Paints everything in a* 30, b* -20."""
    return Colorizer(CONSTANT, threads=1)


def encoded(pixels, format="PNG", **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format, **options)
    return buffer.getvalue()


# Colour


def test_the_color_is_what_the_network_says(painter):
    middle = np.clip(GREY, 90, 160)  # where a* 30, b* -20 fits into sRGB
    lab = colorlab.rgb_to_lab(np.asarray(painter.colorize(middle)))
    np.testing.assert_allclose(lab[..., 1], 30, atol=1.2)
    np.testing.assert_allclose(lab[..., 2], -20, atol=1.2)


def test_saturation_multiplies_it_and_zero_is_grey(painter):
    middle = np.clip(GREY, 90, 160)
    half = colorlab.rgb_to_lab(np.asarray(painter.colorize(middle, saturation=0.5)))
    np.testing.assert_allclose(half[..., 1], 15, atol=1.2)
    none = np.asarray(painter.colorize(GREY, saturation=0))
    assert np.abs(none.astype(int) - GREY[..., None]).max() <= 1


def test_the_network_sees_the_lightness():
    ramp = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None, :], 64, axis=0)
    with Colorizer(BY_LIGHTNESS) as colorizer:
        ab = colorizer.predict_ab(colorlab.lightness(ramp))
    expected = 50 * (colorlab.lightness(ramp) / 50 - 1)
    np.testing.assert_allclose(ab[..., 0], expected, atol=1e-3)
    np.testing.assert_allclose(ab[..., 1], -expected, atol=1e-3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_lightness_is_kept_and_certified(painter, dtype):
    scale = {np.uint8: 1, np.uint16: 257, np.float32: np.float32(1 / 255)}[dtype]
    photo = GREY.astype(dtype) * dtype(scale)
    result = painter.colorize(photo)
    change = np.abs(colorlab.lightness(np.asarray(result)) - colorlab.lightness(photo))
    promise = result.certificate
    assert promise.preserve == "lightness"
    assert change.max() <= 0.5
    assert change.mean() <= 0.1
    assert promise.max_delta_l == pytest.approx(change.max(), abs=1e-3)
    assert promise.mean_delta_l == pytest.approx(change.mean(), abs=1e-3)
    assert 0 < promise.reduced_chroma < 1  # near black and white there is no room for colour


def test_luma_is_kept_when_asked_for(painter):
    result = painter.colorize(GREY, preserve="luma")
    luma = np.asarray(result) @ np.array([0.299, 0.587, 0.114])
    assert np.abs(luma - GREY).mean() <= 0.5
    assert result.certificate.preserve == "luma"
    assert result.certificate.mean_delta_luma == pytest.approx(np.abs(luma - GREY).mean(), abs=0.05)


def test_photos_are_never_changed(painter):
    photo = GREY.copy()
    painter.colorize(photo)
    np.testing.assert_array_equal(photo, GREY)


# What comes in, what goes out


class Tensor:
    """Like a tensor of a deep-learning library on the CPU."""

    def __init__(self, pixels):
        self.pixels = pixels

    def __array__(self, dtype=None, copy=None):
        return self.pixels


class Capsule:
    """Shares its memory by DLPack and by nothing else."""

    def __init__(self, pixels):
        self.pixels = pixels

    def __dlpack__(self, **options):
        return self.pixels.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.pixels.__dlpack_device__()


def test_every_kind_of_input_gives_the_same(painter, tmp_path):
    expected = np.asarray(painter.colorize(GREY))
    path = tmp_path / "grey.png"
    path.write_bytes(encoded(GREY))
    rgb = np.repeat(GREY[..., None], 3, axis=2)
    alpha = np.dstack([rgb, np.full(GREY.shape, 9, np.uint8)])
    with path.open("rb") as file:
        inputs = {
            "(H, W, 1)": GREY[..., None],
            "(H, W, 3)": rgb,
            "Fortran order": np.asfortranarray(rgb),
            "a view": np.repeat(GREY, 2, axis=1)[:, ::2],
            "__array__": Tensor(GREY),
            "__dlpack__": Capsule(GREY.copy()),
            "path": path,
            "text": str(path),
            "bytes": encoded(GREY),
            "bytearray": bytearray(encoded(GREY)),
            "file": file,
            "BytesIO": io.BytesIO(encoded(GREY)),
            "PIL L": Image.fromarray(GREY),
            "PIL RGB": Image.fromarray(rgb),
            "PIL RGBA": Image.fromarray(alpha),
            "PIL LA": Image.fromarray(GREY).convert("LA"),
            "RGBA file": encoded(alpha),
        }
        for kind, image in inputs.items():
            result = painter.colorize(image)
            assert result.dtype == np.uint8, kind
            np.testing.assert_array_equal(np.asarray(result), expected, err_msg=kind)
    assert expected.shape == (120, 160, 3)
    np.testing.assert_array_equal(np.asarray(painter(GREY)), expected)


def test_16_bits_stay_16_bits(painter):
    deep = GREY.astype(np.uint16) * 257
    expected = np.asarray(painter.colorize(deep))
    assert expected.dtype == np.uint16
    for image in (encoded(deep), Image.fromarray(deep), deep.astype(">u2")):
        np.testing.assert_array_equal(np.asarray(painter.colorize(image)), expected)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (3, 2), (31, 33), (700, 20)])
def test_any_size_comes_back_as_it_was(painter, shape):
    assert painter.colorize(np.full(shape, 120, np.uint8)).shape == (*shape, 3)


def test_a_list_gives_a_list(painter):
    results = painter.colorize([GREY, GREY[:50], encoded(GREY)])
    assert [result.shape for result in results] == [(120, 160, 3), (50, 160, 3), (120, 160, 3)]
    assert painter.colorize([]) == []


def test_out_is_where_the_result_goes(painter):
    out = np.zeros((120, 160, 3), np.uint8)
    result = painter.colorize(GREY, out=out)
    assert np.shares_memory(result, out)
    np.testing.assert_array_equal(out, np.asarray(painter.colorize(GREY)))
    with pytest.raises(errors.ShapeError):
        painter.colorize(GREY, out=out[1:])
    with pytest.raises(errors.InvalidArgumentError, match="not a list"):
        painter.colorize([GREY], out=out)


@pytest.mark.parametrize(
    ("image", "error", "says"),
    [
        (np.zeros((4, 4, 4), np.uint8), errors.ShapeError, "alpha"),
        (np.zeros((2, 4, 4, 3), np.uint8), errors.ShapeError, "colorize_batch"),
        (np.zeros((4, 4, 5), np.uint8), errors.ShapeError, "not"),
        (np.zeros((0, 4), np.uint8), errors.ShapeError, "one pixel"),
        (np.zeros((4,), np.uint8), errors.ShapeError, "not"),
        (np.zeros((3, 40, 50), np.uint8), errors.ShapeError, "moveaxis"),
        (np.zeros((4, 4)), errors.DTypeError, "float32"),
        (np.zeros((4, 4), np.int64), errors.DTypeError, "int64.*uint8"),
        (np.array([[None]]), errors.DTypeError, "object"),
        (Image.new("F", (4, 4)), errors.DTypeError, "range"),
        (7, errors.InvalidArgumentError, "int"),
        (None, errors.InvalidArgumentError, "None"),
        (b"text, not a photo", errors.UnsupportedFormatError, "text"),
        ("no/such/file.jpg", errors.InputNotFoundError, "no/such/file.jpg"),
    ],
)
def test_what_is_no_photo_is_refused(painter, image, error, says):
    with pytest.raises(error, match=says):
        painter.colorize(image)


@pytest.mark.parametrize(
    "options",
    [
        {"saturation": -1},
        {"saturation": float("nan")},
        {"saturation": "much"},
        {"preserve": "color"},
        {"size": 4},
        {"size": "big"},
        {"size": True},
        {"size": 100_000},
    ],
)
def test_arguments_are_checked(painter, options):
    with pytest.raises(errors.InvalidArgumentError):
        painter.colorize(GREY, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 0},
        {"batch_size": True},
        {"size": 0},
        {"threads": 0},
        {"threads": True},
        {"device": "x"},
        {"device": ["cpu"]},
        {"limits": 5},
        {"sha256": 5},
        {"adapter": ["ddcolor"]},
    ],
)
def test_arguments_of_the_constructor_are_checked(options):
    with pytest.raises(errors.InvalidArgumentError):
        Colorizer(CONSTANT, **options)


def test_numbers_of_numpy_are_numbers():
    with Colorizer(CONSTANT, size=np.int64(32), batch_size=np.int64(2), threads=np.int32(1)) as one:
        assert (one.size, one.batch_size, one.threads) == (32, 2, 1)
        assert one.colorize(GREY, size=np.uint16(16)).shape == (120, 160, 3)


def test_a_pil_image_that_cannot_be_decoded_is_an_error_in_its_place(painter, tmp_path):
    path = tmp_path / "cut.jpg"
    path.write_bytes(encoded(GREY, "JPEG")[:-400])
    with Image.open(path) as cut:
        one, two = painter.colorize_batch([cut, GREY], on_error="return")
    assert isinstance(one, errors.CorruptImageError)
    assert one.path == str(path)
    assert two.shape == (120, 160, 3)


def test_one_photo_is_no_stream(painter):
    for image in ("a.jpg", b"bytes", Path("a.jpg")):
        with pytest.raises(errors.InvalidArgumentError, match="one photo"):
            painter.colorize_batch(image)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_lightness_that_is_no_number_is_not_the_generators_fault(painter, value):
    lightness = np.full((16, 16), 50, np.float32)
    lightness[3, 3] = value
    with pytest.raises(errors.InvalidArgumentError, match="finite"):
        painter.predict_ab(lightness)


def test_limits_hold_for_files():
    with Colorizer(CONSTANT, limits={"max_pixels": 100}) as colorizer:
        with pytest.raises(errors.ImageTooLargeError):
            colorizer.colorize(encoded(GREY))
        assert colorizer.colorize(GREY).shape == (120, 160, 3)


def test_the_certificate_belongs_to_these_pixels(painter):
    result = painter.colorize(GREY)
    assert isinstance(result, np.ndarray)
    assert result[:5].certificate is None
    assert (result * 1.0).certificate is None
    again = pickle.loads(pickle.dumps(result))
    assert again.certificate == result.certificate
    np.testing.assert_array_equal(again, result)
    assert set(result.certificate.as_dict()) == {
        "preserve",
        "max_delta_l",
        "mean_delta_l",
        "max_delta_luma",
        "mean_delta_luma",
        "reduced_chroma",
        "lossless",
    }
    assert not result.certificate.lossless  # said of files only


# Streams and batches


def test_streams_keep_their_order_and_read_no_further_ahead_than_a_batch():
    taken = []

    def photos():
        for number in itertools.count():
            taken.append(number)
            yield np.full((16, 16 + number % 3), 100 + number, np.uint8)

    with Colorizer(BY_LIGHTNESS, batch_size=4) as colorizer:
        stream = colorizer.colorize_batch(photos())
        assert taken == []
        for number in range(10):
            result = next(stream)
            assert len(taken) <= number // 4 * 4 + 4
            alone = colorizer.colorize(np.full((16, 16 + number % 3), 100 + number, np.uint8))
            np.testing.assert_array_equal(np.asarray(result), np.asarray(alone))


def test_photos_side_by_side_keep_their_order_and_few_are_taken_ahead(monkeypatch):
    taken = []

    def photos():
        for number in range(30):
            taken.append(number)
            yield b"no photo" if number == 7 else np.full((16, 16 + number % 3), 100, np.uint8)

    with Colorizer(BY_LIGHTNESS, threads=3) as colorizer:
        for memory, ahead in ((1 << 30, 3), (0, 1)):
            monkeypatch.setattr(streaming, "DEFAULT_MEMORY", memory)
            taken.clear()
            stream = colorizer.colorize_batch(photos(), on_error="return")
            assert taken == []
            for number, result in enumerate(stream):
                assert len(taken) <= number + 1 + ahead
                if number == 7:
                    assert isinstance(result, errors.UnsupportedFormatError)
                else:
                    assert result.shape == (16, 16 + number % 3, 3)
            assert len(taken) == 30
        before = threading.active_count()
        stream = colorizer.colorize_batch(photos())
        for _ in range(7):
            next(stream)
        with pytest.raises(errors.UnsupportedFormatError):
            next(stream)
        assert threading.active_count() == before


def test_results_do_not_depend_on_batches_or_threads():
    photos = [RNG.integers(0, 256, (70, 90), dtype=np.uint8) for _ in range(5)]
    results = []
    for batch, threads in ((1, 1), (2, 2), (5, 3), (1, 4)):
        with Colorizer(BY_LIGHTNESS, batch_size=batch, threads=threads) as colorizer:
            results.append([np.asarray(each) for each in colorizer.colorize(photos)])
    for other in results[1:]:
        for one, same in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(one, same)


def test_a_bad_photo_ends_the_stream_or_stands_in_its_place(painter):
    photos = [GREY, b"no photo", GREY]
    stream = painter.colorize_batch(photos)
    assert next(stream).shape == (120, 160, 3)
    with pytest.raises(errors.UnsupportedFormatError):
        next(stream)
    for batch in (1, 3):
        with Colorizer(CONSTANT, batch_size=batch) as colorizer:
            one, two, three = colorizer.colorize_batch(photos, on_error="return")
        assert isinstance(two, errors.UnsupportedFormatError)
        assert one.shape == three.shape == (120, 160, 3)


def test_arguments_of_streams_are_checked_at_once(painter):
    for options in ({"on_error": "ignore"}, {"saturation": -1}):
        with pytest.raises(errors.InvalidArgumentError):
            painter.colorize_batch([], **options)


def test_when_memory_runs_out_the_batch_is_halved():
    made = generators.hungry(good_batch=2).SerializeToString()
    with Colorizer(made, batch_size=8) as colorizer:
        results = colorizer.colorize([GREY] * 11)
        assert colorizer.batch_size == 2
    assert len(results) == 11


def test_when_memory_runs_out_for_one_photo_there_is_an_error_and_never_a_grey_picture():
    made = generators.hungry(good_batch=0).SerializeToString()
    with Colorizer(made, batch_size=4) as colorizer:
        with pytest.raises(errors.OutOfMemoryError, match="batch of 1"):
            colorizer.colorize([GREY] * 4)
        failures = list(colorizer.colorize_batch([GREY, GREY], on_error="return"))
    assert [type(each) for each in failures] == [errors.OutOfMemoryError] * 2


# Lifetime, threads, processes


def test_many_threads_share_one(painter):
    photos = [RNG.integers(0, 256, (40 + n, 50), dtype=np.uint8) for n in range(8)]
    expected = [np.asarray(painter.colorize(photo)) for photo in photos]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            for one, same in zip(expected, pool.map(painter.colorize, photos), strict=True):
                np.testing.assert_array_equal(one, np.asarray(same))


def test_closing_ends_it():
    with Colorizer(CONSTANT) as colorizer:
        pass
    for use in (lambda: colorizer.colorize(GREY), lambda: pickle.dumps(colorizer)):
        with pytest.raises(errors.InvalidArgumentError, match="closed"):
            use()
    assert "closed" in repr(colorizer)
    colorizer.close()


def test_pickling_keeps_everything(tmp_path, monkeypatch):
    path = generators.save(generators.constant(), tmp_path / "m.onnx")
    monkeypatch.chdir(tmp_path)
    with Colorizer("m.onnx", size=32, batch_size=3, threads=1) as colorizer:
        data = pickle.dumps(colorizer)
        monkeypatch.chdir("/")
        with pickle.loads(data) as again:
            assert (again.size, again.batch_size, again.card) == (32, 3, colorizer.card)
            np.testing.assert_array_equal(again.colorize(GREY), colorizer.colorize(GREY))
    assert len(data) < 2000  # the generator goes by name
    path.write_bytes(BY_LIGHTNESS)
    with pytest.raises(errors.ModelIntegrityError):
        pickle.loads(data)


def work(colorizer, connection):
    result = colorizer.colorize(GREY)
    connection.send((np.asarray(result), colorizer.device))


def test_it_works_in_spawned_processes(painter):
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=work, args=(painter, there))
    process.start()
    assert here.poll(60)
    pixels, device = here.recv()
    process.join(10)
    assert process.exitcode == 0
    assert device == painter.device
    np.testing.assert_array_equal(pixels, painter.colorize(GREY))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_it_works_in_forked_processes_while_other_threads_use_it():
    code = """
import sys
sys.path.insert(0, {tests!r})
import multiprocessing, threading
import numpy as np
import test_colorizer as t
colorizer = t.Colorizer(t.BY_LIGHTNESS)
expected = np.asarray(colorizer.colorize(t.GREY))
def forever(stop=[]):
    while not stop: colorizer.colorize(t.GREY)
thread = threading.Thread(target=forever)
thread.start()
context = multiprocessing.get_context("fork")
for _ in range(5):
    here, there = context.Pipe()
    process = context.Process(target=t.work, args=(colorizer, there))
    process.start()
    assert here.poll(30), "the child hangs"
    np.testing.assert_array_equal(here.recv()[0], expected)
    process.join(30)
    assert process.exitcode == 0
forever.__defaults__[0].append(1)
thread.join()
print("done")
"""
    done = subprocess.run(
        [sys.executable, "-c", code.format(tests=os.path.dirname(__file__))],  # noqa: PTH120
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stdout, done.returncode) == ("done\n", 0), done.stderr


def test_threads_are_not_left_behind():
    before = threading.active_count()
    for _ in range(3):
        with Colorizer(CONSTANT) as colorizer:
            colorizer.colorize(GREY)
    assert threading.active_count() == before


# The public shortcuts


def test_colorize_and_recolor_are_shortcuts(tmp_path):
    path = generators.save(generators.constant(), tmp_path / "m.onnx")
    result = colorlab.colorize(GREY, model=path, saturation=0.5)
    with Colorizer(path) as colorizer:
        np.testing.assert_array_equal(result, colorizer.colorize(GREY, saturation=0.5))
        ab = colorizer.predict_ab(colorlab.lightness(GREY)) * np.float32(0.5)
    again = colorlab.recolor(GREY, ab)
    np.testing.assert_array_equal(result, again)
    assert again.certificate == result.certificate


@pytest.mark.skipif("default" in registry.names(), reason="there is a default generator")
def test_without_a_default_generator_there_is_a_hint():
    with pytest.raises(errors.ModelNotFoundError, match="colorlab train"):
        colorlab.colorize(GREY)


@pytest.mark.skipif("default" not in registry.names(), reason="no default generator is bundled")
def test_the_default_generator_colors():
    result = colorlab.colorize(GREY)
    assert result.certificate.mean_delta_l <= 0.1
    lab = colorlab.rgb_to_lab(np.asarray(result))
    assert np.hypot(lab[..., 1], lab[..., 2]).mean() > 1


# Passes side by side


def test_passes_with_fewer_threads_give_the_same():
    with Colorizer(threads=4) as colorizer:
        photos = [colorizer.prepare(np.full((40, 40 + 16 * n), 90, np.uint8)) for n in range(3)]
        alone = colorizer.predict(photos)
        for threads in (1, 2, 3):
            for given, wanted in zip(
                colorizer.predict_each(photos, threads=threads), alone, strict=True
            ):
                np.testing.assert_array_equal(given, wanted)
        spread = colorizer.predict_with_spread(photos[0])
        with_one = colorizer.predict_with_spread(photos[0], threads=1)
        np.testing.assert_array_equal(with_one[0], spread[0])
        assert with_one[1] == spread[1]


def test_two_passes_do_run_at_once_in_streams_and_in_bulk(monkeypatch, tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(4):
        colorlab.write(tmp_path / "in" / f"{number}.png", GREY)
    meeting = threading.Barrier(2)
    alone = GeneratorSession.run

    def run(self, lightness, *, threads=None):
        assert threads == 1
        meeting.wait(20)  # breaks, and fails, unless there is another
        return alone(self, lightness, threads=threads)

    monkeypatch.setattr(GeneratorSession, "run", run)
    with Colorizer(CONSTANT, threads=2) as colorizer:
        assert len(list(colorizer.colorize_batch([GREY] * 4))) == 4
        report = colorlab.bulk(tmp_path / "in", tmp_path / "out", colorizer=colorizer)
        assert (report.done, report.failed) == (4, 0)


def test_so_many_passes_run_at_once_as_cores_and_memory_allow():
    with Colorizer(threads=3) as colorizer:
        assert colorizer.passes_at_once(memory=1 << 30) == 3
        assert colorizer.passes_at_once(memory=100_000_000) == 2
        assert colorizer.passes_at_once(memory=1) == 1
    with Colorizer(threads=3, size=1024) as colorizer:  # sixteen times the pixels
        assert colorizer.passes_at_once(memory=1 << 30) == 1
