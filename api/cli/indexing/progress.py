"""A progress bar for `nutgraf index`, shown only on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

__all__ = ["IndexProgress"]


class IndexProgress:
    """A progress bar over the bytes read, with the rates of bytes and of paragraphs.

    The total number of paragraphs is estimated from the bytes, and shown as "some 1,200".
    Articles are put while files are read, so the time left includes reading and putting.
    """

    def __init__(self, total: int | None, console: Console) -> None:
        self._total = total
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[articles]:,} articles"),
            TextColumn("{task.fields[paragraphs]}"),
            BarColumn(bar_width=20),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("index", total=total, articles=0, paragraphs="")
        self._articles = 0
        self._paragraphs = 0
        self._bytes = 0

    def read(self, count: int) -> None:
        """Advance the bar by the `count` bytes that were read."""
        self._bytes += count
        self._bar.advance(self._task, count)

    def put(self, paragraphs: int) -> None:
        """Count an article that was put, with its number of paragraphs."""
        self._articles += 1
        self._paragraphs += paragraphs
        self._bar.update(self._task, articles=self._articles, paragraphs=self.paragraphs())

    def paragraphs(self) -> str:
        """Return a text: the paragraphs put, their estimated total, and their rate."""
        elapsed = self._bar.tasks[0].elapsed or 0.0
        rate = self._paragraphs / elapsed if elapsed else 0.0
        some = ""
        if self._total and self._bytes:
            some = f" of some {round(self._paragraphs * self._total / self._bytes, -2):,.0f}"
        return f"{self._paragraphs:,}{some} paragraphs, {rate:,.0f}/s"

    def __enter__(self) -> IndexProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
