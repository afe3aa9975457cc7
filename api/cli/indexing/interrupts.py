"""Interrupts: a KeyboardInterrupt that waits until a step is complete."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, Self

__all__ = ["Interrupts"]

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """The handler of control-C within a `with` block, in the main thread.

    Within `deferred`, an interrupt waits for the end of that block. It handles the signals
    that raise KeyboardInterrupt before.
    """

    def __init__(self) -> None:
        self._handled: list[signal.Signals] = []
        self._is_deferred = False
        self._came = False

    def __enter__(self) -> Self:
        default = signal.default_int_handler
        self._handled = [each for each in SIGNALS if signal.getsignal(each) is default]
        for each in self._handled:
            signal.signal(each, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._handled:
            signal.signal(each, signal.default_int_handler)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Raise a KeyboardInterrupt after the block, not within it.

        Otherwise one line of the block could be done and the next one not.
        """
        self._is_deferred = True
        try:
            yield
        finally:
            self._is_deferred = False
        if self._came:
            raise KeyboardInterrupt

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if not self._is_deferred:
            raise KeyboardInterrupt
        self._came = True
