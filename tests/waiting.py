"""Waiting for a condition: never for a time, which is too short on some machine."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 60
"""Seconds after which a test gives up; on an idle machine it takes a moment."""


def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)
