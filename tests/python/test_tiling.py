"""Tiles: the same result as in one piece, bounded memory, order, blending, errors, cancelling."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from colorlab.errors import (
    ColorlabError,
    DTypeError,
    InvalidArgumentError,
    OperationCancelled,
    ShapeError,
)
from colorlab.tiling import map_tiles, tiles

Pixels = npt.NDArray[Any]


def picture(height: int, width: int, dtype: str = "uint8") -> Pixels:
    rng = np.random.default_rng(7)
    values = rng.integers(0, 256, (height, width, 3))
    return (values / 255).astype(dtype) if dtype == "float32" else values.astype(dtype)


def blur(pixels: Pixels) -> Pixels:
    """5 x 5 maximum: reaches two pixels far, exact in any dtype."""
    padded = np.pad(pixels, ((2, 2), (2, 2), (0, 0)), mode="constant")
    height, width = pixels.shape[:2]
    shifts = [padded[y : y + height, x : x + width] for y in range(5) for x in range(5)]
    return np.maximum.reduce(shifts)


def test_an_output_that_later_tiles_would_read_is_refused() -> None:
    image = picture(40, 50)
    wanted = 255 - image
    in_place = map_tiles(lambda pixels: 255 - pixels, image, tile=16, out=image, threads=2)
    assert in_place is image
    np.testing.assert_array_equal(image, wanted)
    with pytest.raises(InvalidArgumentError, match="share memory"):
        map_tiles(blur, image, tile=16, halo=2, out=image)
    np.testing.assert_array_equal(image, wanted)


def test_arguments_that_are_none_are_refused_before_any_work() -> None:
    def never(_: Pixels) -> Pixels:
        raise AssertionError

    image: Any = picture(8, 8)
    locked = np.empty_like(image)
    locked.flags.writeable = False
    with pytest.raises(InvalidArgumentError, match="read-only"):
        map_tiles(never, image, out=locked)
    threads: Any
    for threads in (0, "2", 1.5):
        with pytest.raises(InvalidArgumentError, match="threads"):
            map_tiles(never, image, threads=threads)
    with pytest.raises(DTypeError, match="list"):
        map_tiles(never, image.tolist())


def test_tiles_cover_each_pixel_once_and_read_their_halo() -> None:
    for side in (1, 10, 64, 500):
        count = np.zeros((33, 71), int)
        for piece in tiles((33, 71, 3), tile=side, halo=4):
            count[piece.write] += 1
            rows, columns = piece.read
            assert 0 <= rows.start <= piece.write[0].start
            assert columns.stop <= 71
            view = np.arange(33 * 71).reshape(33, 71)
            assert np.array_equal(view[piece.read][piece.inner], view[piece.write])
        assert (count == 1).all()


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize("side", [64, 256, 512, 1024])
def test_the_result_depends_on_neither_tile_size_nor_threads(side: int, threads: int) -> None:
    image = picture(300, 520)
    mapped = map_tiles(blur, image, tile=side, halo=2, threads=threads)
    assert np.array_equal(mapped, blur(image))


def test_a_halo_that_is_too_small_shows() -> None:
    image = picture(100, 100)
    assert not np.array_equal(map_tiles(blur, image, tile=32, halo=1), blur(image))


def test_channels_and_dtype_are_the_functions() -> None:
    image = picture(50, 40)
    luma = map_tiles(lambda pixels: pixels.mean(axis=2, dtype=np.float32), image, tile=16)
    assert luma.shape == (50, 40)
    assert luma.dtype == np.float32
    two = map_tiles(lambda pixels: pixels[..., :2].astype(np.uint16), image, tile=16)
    assert two.shape == (50, 40, 2)
    assert two.dtype == np.uint16


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("threads", [1, 3])
def test_blending_keeps_what_tiles_agree_on(dtype: str, threads: int) -> None:
    image = picture(150, 210, dtype)
    mapped = map_tiles(blur, image, tile=64, halo=2, overlap=20, threads=threads)
    assert mapped.dtype == image.dtype
    np.testing.assert_allclose(mapped, blur(image), atol=0 if dtype != "float32" else 1e-6)


def test_blending_hides_seams_and_is_the_same_for_all_threads() -> None:
    image = np.zeros((200, 230), np.float32)
    lock = threading.Lock()
    seen: dict[int, int] = {}

    def disagree(pixels: Pixels) -> Pixels:
        place = pixels.__array_interface__["data"][0]
        with lock:
            seen[place] = seen.get(place, 0) + 1
        return np.full_like(pixels, (place % 1013) / 1013)

    def steepest(mapped: Pixels) -> float:
        return float(np.abs(np.diff(mapped, axis=1)).max())

    hard = map_tiles(disagree, image, tile=100)
    assert set(seen.values()) == {1}
    soft = map_tiles(disagree, image, tile=100, overlap=40)
    assert steepest(soft) < 0.1 * steepest(hard)
    for threads in (2, 3, 8):
        again = map_tiles(disagree, image, tile=100, overlap=40, threads=threads)
        assert np.array_equal(soft, again)


def test_out_is_filled_and_may_be_a_memory_map(tmp_path: Any) -> None:
    image = picture(90, 70)
    out = np.memmap(tmp_path / "out.raw", np.uint8, "w+", shape=(90, 70, 3))
    assert map_tiles(blur, image, tile=32, halo=2, out=out) is out
    assert np.array_equal(out, blur(image))
    with pytest.raises(ShapeError, match="out must be"):
        map_tiles(blur, image, tile=32, out=np.empty((90, 70), np.uint8))
    with pytest.raises(ShapeError, match="out must be"):
        map_tiles(blur, image, tile=32, out=np.empty((90, 70, 3), np.uint16))


def test_memory_is_bounded_by_tiles() -> None:
    image = np.broadcast_to(np.uint8(7), (6000, 6000))  # 36 MB, were it copied
    out = np.empty(image.shape, np.uint8)

    def heavy(pixels: Pixels) -> Pixels:
        return (pixels.astype(np.float64) * 2).astype(np.uint8)

    tracemalloc.start()
    try:
        map_tiles(heavy, image, tile=256, halo=8, out=out, threads=2)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (out == 14).all()
    # Four tiles under way of 272 x 272 doubles and bytes, and room for the rest.
    assert peak < 8 * 272 * 272 * 8


def test_tiles_are_read_only() -> None:
    image = picture(40, 40)

    def spoil(pixels: Pixels) -> Pixels:
        pixels += 1
        return pixels

    with pytest.raises(ValueError, match="read-only"):
        map_tiles(spoil, image, tile=16)
    assert image.flags.writeable


@pytest.mark.parametrize("threads", [1, 3])
def test_a_failing_tile_is_named_and_ends_the_work(threads: int) -> None:
    def fail(pixels: Pixels) -> Pixels:
        if (pixels == 255).all():
            raise RuntimeError("no luck")
        return pixels

    image = np.zeros((64, 64), np.uint8)
    image[32:48, 16:32] = 255
    with pytest.raises(RuntimeError, match="no luck") as caught:
        map_tiles(fail, image, tile=16, threads=threads)
    assert caught.value.__notes__ == ["in the tile of rows 32..47, columns 16..31"]


def test_arguments_and_results_are_checked() -> None:
    image = picture(40, 40)
    with pytest.raises(ShapeError, match="made"):
        map_tiles(lambda pixels: pixels[1:], image, tile=16)
    kinds = iter([np.uint8, np.int16])
    with pytest.raises(ShapeError, match="differ from tile to tile"):
        map_tiles(lambda pixels: pixels.astype(next(kinds)), image, tile=32)
    for wrong in ({"tile": 0}, {"tile": -3}, {"halo": -1}, {"tile": 10, "overlap": 6}):
        with pytest.raises(InvalidArgumentError):
            tiles(image.shape, **wrong)
    with pytest.raises(InvalidArgumentError):
        map_tiles(blur, image, threads=0)
    with pytest.raises(InvalidArgumentError):
        tiles((0, 5))
    with pytest.raises(ShapeError):
        tiles((5,))
    with pytest.raises(DTypeError):
        map_tiles(lambda pixels: pixels.astype(complex), image, tile=16, overlap=4)
    assert issubclass(ShapeError, ColorlabError)


@pytest.mark.parametrize("threads", [1, 3])
def test_cancelling_stops_soon(threads: int) -> None:
    cancel = threading.Event()
    done = []

    def slow(pixels: Pixels) -> Pixels:
        done.append(1)
        time.sleep(0.02)
        if len(done) == 4:
            cancel.set()
        return pixels

    with pytest.raises(OperationCancelled):
        map_tiles(slow, picture(160, 160), tile=16, threads=threads, cancel=cancel)
    assert len(done) < 20


SCRIPT = """
import sys, time, numpy as np
from colorlab import _core
from colorlab.tiling import map_tiles
kind, threads = sys.argv[1], int(sys.argv[2])
image = np.full((9000, 9000), 127, np.uint8)
ab = np.random.default_rng(0).normal(0, 40, (64, 64, 2)).astype(np.float32)
def slow(pixels):
    time.sleep(0.03)
    return pixels
print("ready", flush=True)
try:
    while True:
        if kind == "map":
            map_tiles(slow, image, tile=128, threads=threads)
        else:
            _core.recolor(image, ab, preserve="luma", threads=threads)
except KeyboardInterrupt:
    print(time.time(), flush=True)
"""


@pytest.mark.parametrize(("kind", "threads"), [("map", 1), ("map", 3), ("recolor", 1)])
def test_control_c_stops_within_a_fifth_of_a_second(kind: str, threads: int) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, kind, str(threads)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.5)
        asked = time.time()
        os.kill(child.pid, signal.SIGINT)
        answer, _ = child.communicate(timeout=30)
    finally:
        child.kill()
        child.wait()
    took = float(answer) - asked
    assert took < (0.2 if os.getloadavg()[0] < (os.cpu_count() or 1) else 1.0)
    assert child.returncode == 0
