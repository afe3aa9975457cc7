"""A stream of bytes to lines, none of which is held beyond a limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Line", "LineSplitter"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line and its number, from 1; `content` is None where it is longer than the limit."""

    number: int
    content: bytes | None


class LineSplitter:
    """Cuts parts of a stream, in whatever sizes they come, at line breaks."""

    def __init__(self, limit: int) -> None:
        """Hold at most `limit` bytes of a line; of a longer one, nothing."""
        self._limit = limit
        self.held = bytearray()
        self._too_long = False
        self._number = 0

    def feed(self, content: bytes) -> Iterator[Line]:
        """Yield the lines that `content` ends; what is after the last is held for the next."""
        start = 0
        while (end := content.find(b"\n", start)) >= 0:
            self._hold(content[start:end])
            yield self._take()
            start = end + 1
        self._hold(content[start:])

    def rest(self) -> Iterator[Line]:
        """Yield the last line, if no line break ended it."""
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
