"""Split a byte stream into lines. The content of too long lines is dropped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Line", "LineSplitter"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line and its number, from 1. `content` is None if the line is too long."""

    number: int
    content: bytes | None


class LineSplitter:
    """A splitter that turns a byte stream into lines.

    The caller passes the stream to `feed` in pieces of any size.
    """

    def __init__(self, limit: int) -> None:
        """Set the size of the longest line. `limit` is in bytes, without the line break."""
        self._limit = limit
        self.held = bytearray()
        self._too_long = False
        self._number = 0

    def feed(self, content: bytes) -> Iterator[Line]:
        """Yield the lines that end in `content`. Hold the rest for the next call."""
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
