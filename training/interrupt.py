"""SIGINT and SIGTERM during a run: noticed between two steps, so that nothing is cut in half."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """While active, the first signal sets `received`; a second one of SIGINT acts as usual.

    Outside the main thread, where Python allows no handlers, it never receives anything.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                self._previous[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    @property
    def code(self) -> str:
        """The error code that tells a command line which exit code to give."""
        return "terminated" if self.received == signal.SIGTERM else "interrupted"

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.received = signal.Signals(number)
