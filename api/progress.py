"""The progress of `nutgraf index` on a terminal; silent elsewhere."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

__all__ = ["IndexProgress"]


class IndexProgress:
    """A bar over the bytes that are read, with articles and paragraphs a second beside it."""

    def __init__(self, total: int | None, console: Console) -> None:
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[articles]:,} articles"),
            BarColumn(),
            TextColumn("{task.fields[paragraphs]:,} paragraphs, {task.fields[rate]:,.0f}/s"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("index", total=total, articles=0, paragraphs=0, rate=0.0)
        self._articles = 0
        self._paragraphs = 0

    def read(self, count: int) -> None:
        """Tell that so many bytes were read."""
        self._bar.advance(self._task, count)

    def put(self, paragraphs: int) -> None:
        """Tell that an article of so many paragraphs was put."""
        self._articles += 1
        self._paragraphs += paragraphs
        elapsed = self._bar.tasks[0].elapsed or 0.0
        self._bar.update(
            self._task,
            articles=self._articles,
            paragraphs=self._paragraphs,
            rate=self._paragraphs / elapsed if elapsed else 0.0,
        )

    def __enter__(self) -> IndexProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
