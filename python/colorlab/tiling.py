"""Large images in pieces: any function of pixels, run tile by tile in bounded memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from colorlab import _core
from colorlab.arguments import whole
from colorlab.errors import DTypeError, InvalidArgumentError, OperationCancelled, ShapeError

__all__ = ["Tile", "map_tiles", "tiles"]

Pixels = npt.NDArray[Any]
_ASK_EVERY = 0.05  # seconds between two looks at `cancel`


@dataclass(frozen=True, slots=True)
class Tile:
    """A piece of an image: `image[tile.read]` is what it sees, `out[tile.write]` what it makes."""

    row: int  #: its place among the tiles
    column: int
    write: tuple[slice, slice]  #: rows and columns that it writes
    read: tuple[slice, slice]  #: the same with the halo, cut at the image's borders

    @property
    def inner(self) -> tuple[slice, slice]:
        """`write` as seen from `read`: what to cut from a result as large as what was read."""
        rows, columns = (
            slice(write.start - read.start, write.stop - read.start)
            for write, read in zip(self.write, self.read, strict=True)
        )
        return rows, columns


def tiles(
    shape: tuple[int, ...], *, tile: int = 512, halo: int = 0, overlap: int = 0
) -> list[Tile]:
    """The tiles of an image, in reading order.

    Args:
        shape: of the image: (H, W) or (H, W, C).
        tile: side of what a tile writes, pixels; the last of a row or column is smaller.
        halo: pixels read beyond that on each side, where the image has them. Choose at least the
            reach of what is computed, and results do not depend on `tile`.
        overlap: pixels that neighbours both write, at most half of `tile`.

    Returns:
        The tiles, of which each pixel is in one, or in up to four where they overlap.

    Raises:
        InvalidArgumentError: an image without pixels, or numbers that make no sense.
        ShapeError: `shape` has not two or three dimensions.
    """
    if len(shape) not in (2, 3):
        raise ShapeError(f"an image has shape (H, W) or (H, W, C), not {tuple(shape)}")
    plan = _core.plan_tiles(shape[0], shape[1], tile=tile, halo=halo, overlap=overlap)
    return [Tile(row, column, _slices(write), _slices(read)) for row, column, write, read in plan]


def map_tiles(
    fn: Callable[[Pixels], Pixels],
    image: Pixels,
    *,
    tile: int = 512,
    halo: int = 0,
    overlap: int = 0,
    out: Pixels | None = None,
    threads: int = 1,
    cancel: threading.Event | None = None,
) -> Pixels:
    """Runs `fn` on every tile of an image and joins the results.

    Memory is bounded by tiles: the image is sliced, never copied, and may be a memory map, as may
    `out`; at most two tiles a thread are under way. The result does not depend on `threads`, nor,
    if `fn` at a pixel depends on nothing farther away than `halo` and `overlap` is 0, on `tile`.

    Args:
        fn: takes the pixels of a tile with its halo, (h, w) or (h, w, C), a view that it must not
            change; returns pixels of the same h and w, with any channels and dtype, the same for
            all tiles. With several threads it is called from all of them.
        image: (H, W) or (H, W, C) of any dtype.
        tile, halo, overlap: as in `tiles`. In an overlap the tiles' results are blended in float32
            with weights sin^2 and cos^2 that sum to 1 (integers are rounded to nearest), for
            functions such as networks whose results differ a little from tile to tile.
        out: (H, W) or (H, W, C) as `fn` makes it; else a new array. It may be the image itself
            where `halo` is 0.
        threads: how many tiles are computed at a time, at least 1.
        cancel: once set, no further tile starts and OperationCancelled is raised. So it is with
            Ctrl-C (KeyboardInterrupt). Tiles already running in other threads end by themselves;
            `out` is not touched afterwards.

    Returns:
        `out`, or the new array.

    Raises:
        ShapeError, DTypeError: `fn` returned other pixels than it promised, or `out` does not fit.
        InvalidArgumentError: as for `tiles`; `out` is read-only, or shares memory with the image
            though there is a halo.
        OperationCancelled: `cancel` was set.
        Whatever `fn` raises, with a note that names the tile.
    """
    threads = whole("threads", threads)
    if not hasattr(image, "shape"):
        raise DTypeError(f"image must be an array, not {type(image).__name__}")
    if isinstance(out, np.ndarray) and isinstance(image, np.ndarray):
        if not out.flags.writeable:
            raise InvalidArgumentError("out is read-only")
        if halo and np.shares_memory(out, image):
            raise InvalidArgumentError("out must not share memory with the image, given a halo")
    plan = tiles(image.shape, tile=tile, halo=halo, overlap=overlap)

    def compute(piece: Tile) -> Pixels:
        view = image[piece.read]
        view.flags.writeable = False
        try:
            result = np.asarray(fn(view))
        except Exception as error:
            error.add_note(f"in the tile of {_place(piece)}")
            raise
        if result.ndim not in (2, 3) or result.shape[:2] != view.shape[:2]:
            raise ShapeError(
                f"the function made {result.shape} of {view.shape}, in the tile of {_place(piece)}"
            )
        return result[piece.inner]

    writer: _Writer | None = None
    for piece, result in _in_order(compute, plan, threads, cancel):
        if writer is None:
            if out is None:
                out = np.empty(image.shape[:2] + result.shape[2:], result.dtype)
            elif out.shape != image.shape[:2] + result.shape[2:] or out.dtype != result.dtype:
                raise ShapeError(
                    f"out must be {result.dtype} of shape {image.shape[:2] + result.shape[2:]}, "
                    f"not {out.dtype} of shape {out.shape}"
                )
            writer = _Blender(out, tile, overlap) if overlap else _Writer(out)
        if result.shape[2:] != writer.out.shape[2:] or result.dtype != writer.out.dtype:
            raise ShapeError("the function's channels or dtype differ from tile to tile")
        writer.add(piece, result)
    assert writer is not None  # a plan is never empty
    writer.finish()
    return writer.out


class _Writer:
    """Puts each tile in its place."""

    def __init__(self, out: Pixels) -> None:
        self.out = out

    def add(self, piece: Tile, result: Pixels) -> None:
        self.out[piece.write] = result

    def finish(self) -> None:
        pass


class _Blender(_Writer):
    """Adds weighted tiles up in one band of rows; rows that are complete move to the output."""

    def __init__(self, out: Pixels, tile: int, overlap: int) -> None:
        super().__init__(out)
        if not np.issubdtype(out.dtype, np.integer) and not np.issubdtype(out.dtype, np.floating):
            raise DTypeError(f"only integers and floats can be blended, not {out.dtype}")
        height, width = out.shape[:2]
        self._rows, self._columns = _core.blend_windows(height, width, tile, overlap)
        self._sums = np.zeros((min(tile, height), *out.shape[1:]), np.float32)
        self._top = 0  # the image's row that _sums starts at

    def add(self, piece: Tile, result: Pixels) -> None:
        rows, columns = piece.write
        if rows.start > self._top:
            self._complete(rows.start)
        weights = self._rows[piece.row][:, None] * self._columns[piece.column]
        if result.ndim == 3:
            weights = weights[..., None]
        self._sums[: rows.stop - rows.start, columns] += weights * result.astype(np.float32)

    def finish(self) -> None:
        self._complete(self.out.shape[0])

    def _complete(self, end: int) -> None:
        """Writes the rows before `end`, and makes room for those after the band."""
        count = end - self._top
        values = self._sums[:count]
        if np.issubdtype(self.out.dtype, np.integer):
            limits = np.iinfo(self.out.dtype)
            values = np.clip(np.rint(values), limits.min, limits.max)
        self.out[self._top : end] = values.astype(self.out.dtype)
        kept = self._sums[count:].copy()
        self._sums[: len(kept)] = kept
        self._sums[len(kept) :] = 0
        self._top = end


def _in_order(
    compute: Callable[[Tile], Pixels],
    plan: list[Tile],
    threads: int,
    cancel: threading.Event | None,
) -> Iterator[tuple[Tile, Pixels]]:
    """Each tile with its result, in the plan's order, however many threads compute them."""
    if threads == 1:
        for piece in plan:
            _check(cancel)
            yield piece, compute(piece)
        return
    with _workers(threads) as workers:
        waiting = iter(plan)
        running: deque[tuple[Tile, Future[Pixels]]] = deque()
        for piece in waiting:
            running.append((piece, workers.submit(compute, piece)))
            if len(running) == 2 * threads:
                first, future = running.popleft()
                yield first, _result(future, cancel)
        for piece, future in running:
            yield piece, _result(future, cancel)


@contextmanager
def _workers(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that are left behind, with nothing more to do, when the work ends early."""
    workers = ThreadPoolExecutor(threads, thread_name_prefix="colorlab-tiles")
    try:
        yield workers
    except BaseException:
        workers.shutdown(wait=False, cancel_futures=True)
        raise
    workers.shutdown()


def _result(future: Future[Pixels], cancel: threading.Event | None) -> Pixels:
    while True:
        _check(cancel)
        try:
            return future.result(_ASK_EVERY)
        except FutureTimeout:
            if future.done():  # just now, or it is the function's own TimeoutError
                return future.result()


def _check(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise OperationCancelled("the work was cancelled")


def _slices(bounds: tuple[int, int, int, int]) -> tuple[slice, slice]:
    top, bottom, left, right = bounds
    return slice(top, bottom), slice(left, right)


def _place(piece: Tile) -> str:
    rows, columns = piece.write
    return f"rows {rows.start}..{rows.stop - 1}, columns {columns.start}..{columns.stop - 1}"
