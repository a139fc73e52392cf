"""Stages that overlap: an iterator that runs in a thread of its own, a few items ahead."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

__all__ = ["ahead"]

_Item = TypeVar("_Item")
_END = object()


class _Failure:
    def __init__(self, error: BaseException) -> None:
        self.error = error


@contextmanager
def ahead(items: Iterable[_Item], *, depth: int) -> Iterator[Iterator[_Item]]:
    """Gives the same items, computed in a thread up to `depth` of them before they are asked for.

    What the items' own code raises is raised here in its place. On leaving, the thread has ended.
    """
    waiting: queue.Queue[object] = queue.Queue(depth)
    stopped = threading.Event()

    def put(item: object) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in items:
                if not put(item):
                    return
            put(_END)
        except BaseException as error:  # for the caller to see
            put(_Failure(error))

    def taken() -> Iterator[_Item]:
        while (item := waiting.get()) is not _END:
            if isinstance(item, _Failure):
                raise item.error
            yield item  # type: ignore[misc]

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield taken()
    finally:
        stopped.set()
        thread.join()
