"""A progress bar for `nutgraf verify`, shown only on a terminal."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)

__all__ = ["VerifyProgress"]

STEP: Final = 1_000
"""Rows from one change of the bar to the next.

A change takes as long as the check of a row.
"""


class VerifyProgress:
    """A progress bar with the part that is checked, and the rows of this part."""

    def __init__(self, console: Console) -> None:
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("", total=None)
        self._part = ""
        self._next = 0

    def check(self, part: str, done: int, rows: int) -> None:
        """Show the part that is checked, and how many of its rows are done."""
        if part != self._part:
            self._part, self._next = part, 0
            self._bar.reset(self._task, description=part)
        if done >= self._next:
            self._next = done + STEP
            # A bar without a number of rows only moves.
            self._bar.update(self._task, completed=done, total=rows if done else None)

    def __enter__(self) -> VerifyProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
