"""A stream of photos through a colorizer, in order: in batches, or side by side on CPU cores."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np
import numpy.typing as npt

from colorlab.errors import ColorlabError
from colorlab.inputs import ImageLike
from colorlab.recoloring import Prepared, Ready, memory_of
from colorlab.result import ColorizedImage

__all__ = ["DEFAULT_MEMORY", "Network", "Result", "stream"]

Result = ColorizedImage | ColorlabError


class Network(Protocol):
    """What a stream needs of a colorizer, each as `Colorizer` describes it."""

    @property
    def batch_size(self) -> int: ...

    @property
    def threads(self) -> int: ...

    def predict_each(
        self, photos: Sequence[Ready], *, threads: int | None = None
    ) -> Sequence[npt.NDArray[np.float32] | ColorlabError]: ...


# A photo made ready; its colour, float32 (h, w, 2), joined with it to RGB (H, W, 3).
_Prepare = Callable[[ImageLike], Prepared]
_Finish = Callable[[Prepared, npt.NDArray[np.float32]], ColorizedImage]

DEFAULT_MEMORY = 1 << 30  #: bytes; while photos in hand take more, no further one is taken


def stream(
    network: Network,
    images: Iterator[ImageLike],
    prepare: _Prepare,
    finish: _Finish,
    *,
    passes: int,
) -> Iterator[Result]:
    """Photos through prepare, the network and finish, in their order, few in hand at a time.

    Args:
        images: taken as results are asked for, at most `batch_size` or `passes` ahead.
        prepare: makes a photo ready; its ColorlabError stands in the photo's place.
        finish: makes the result of a photo that is ready and of its a*b*, float32 (h, w, 2).
        passes: of the network at a time, each with a thread of its own; 1 takes them in batches.

    Returns:
        For each photo RGB (H, W, 3), or the error that it ended in.
    """
    if passes == 1:
        return _in_batches(network, images, prepare, finish)
    return _side_by_side(network, images, prepare, finish, passes)


def _in_batches(
    network: Network, images: Iterator[ImageLike], prepare: _Prepare, finish: _Finish
) -> Iterator[Result]:
    """At most `batch_size` photos at a time; those of one render size share a pass."""
    while window := list(itertools.islice(images, network.batch_size)):
        ready = [_prepared(prepare, image) for image in window]
        del window
        photos = [each for each in ready if isinstance(each, Prepared)]
        predicted = iter(network.predict_each(photos) if photos else ())
        for each in ready:
            result = each if isinstance(each, ColorlabError) else next(predicted)
            if isinstance(each, Prepared) and not isinstance(result, ColorlabError):
                yield finish(each, result)
            elif isinstance(result, ColorlabError):
                yield result


def _side_by_side(
    network: Network,
    images: Iterator[ImageLike],
    prepare: _Prepare,
    finish: _Finish,
    passes: int,
) -> Iterator[Result]:
    """Each photo in a thread of its own, so many at once while memory allows.

    The next photo is taken and decoded meanwhile, by whoever asks for results.
    """
    threads = max(1, network.threads // passes)

    def color(photo: Prepared) -> Result:
        (ab,) = network.predict_each([photo], threads=threads)
        return ab if isinstance(ab, ColorlabError) else finish(photo, ab)

    waiting: deque[tuple[Result | Future[Result], int]] = deque()
    with ThreadPoolExecutor(passes, thread_name_prefix="colorlab") as pool:
        try:
            for image in images:
                photo = _prepared(prepare, image)
                if isinstance(photo, ColorlabError):
                    waiting.append((photo, 0))
                else:
                    waiting.append((pool.submit(color, photo), memory_of(photo.pixels)))
                del photo, image
                while len(waiting) > passes or sum(size for _, size in waiting) > DEFAULT_MEMORY:
                    yield _result(waiting.popleft()[0])
            while waiting:
                yield _result(waiting.popleft()[0])
        finally:
            pool.shutdown(cancel_futures=True)


def _prepared(prepare: _Prepare, image: ImageLike) -> Prepared | ColorlabError:
    try:
        return prepare(image)
    except ColorlabError as error:
        return error


def _result(made: Result | Future[Result]) -> Result:
    return made.result() if isinstance(made, Future) else made
