"""Waiting for a condition.

A fixed time would be too short on some machines.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 60
"""Seconds until a test gives up. On an idle machine, conditions come true at once."""


def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"the condition was still false after {PATIENCE} s"
        time.sleep(0.01)
