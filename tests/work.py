"""Work counted instead of timed: the same on every machine and in every run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def work_of(action: Callable[[], object]) -> int:
    """Return the number of Python lines that the action runs in this thread.

    Work in C code is not counted; benchmarks/timings.py measures time instead.
    """
    lines = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        action()
    finally:
        sys.settrace(before)
    return lines
