"""Lines of a byte stream. A line over a limit is not held in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Line", "LineSplitter"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line and its number, from 1. `content` is None for a line over the limit."""

    number: int
    content: bytes | None


class LineSplitter:
    """A splitter of a byte stream, read in pieces of any size, at line breaks."""

    def __init__(self, limit: int) -> None:
        """Set the longest line, in bytes. The content of a longer line is dropped."""
        self._limit = limit
        self.held = bytearray()
        self._too_long = False
        self._number = 0

    def feed(self, content: bytes) -> Iterator[Line]:
        """Yield the lines that `content` completes. Hold the rest for the next call."""
        start = 0
        while (end := content.find(b"\n", start)) >= 0:
            self._hold(content[start:end])
            yield self._take()
            start = end + 1
        self._hold(content[start:])

    def rest(self) -> Iterator[Line]:
        """Yield the last line, if it has no line break."""
        if self.held or self._too_long:
            yield self._take()

    def _hold(self, content: bytes) -> None:
        if self._too_long or len(self.held) + len(content) > self._limit:
            self._too_long = True
            self.held = bytearray()
        else:
            self.held += content

    def _take(self) -> Line:
        self._number += 1
        line = Line(self._number, None if self._too_long else bytes(self.held))
        self.held = bytearray()
        self._too_long = False
        return line
