"""The progress of `nutgraf index` on a terminal; silent elsewhere."""

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
    """A bar over the bytes that were read and put, with their rate and that of paragraphs.

    How many paragraphs there are in all is reckoned from the bytes, and told
    as "some". Time left is that of both: what is put was read.
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
        """Tell that so many bytes were read."""
        self._bytes += count
        self._bar.advance(self._task, count)

    def put(self, paragraphs: int) -> None:
        """Tell that an article of so many paragraphs was put."""
        self._articles += 1
        self._paragraphs += paragraphs
        self._bar.update(self._task, articles=self._articles, paragraphs=self.paragraphs())

    def paragraphs(self) -> str:
        """Return how many paragraphs were put, of how many, and how many a second."""
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
