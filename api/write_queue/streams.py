"""ArticleStream: puts articles from lines of JSON, and returns a result per line.

A client may send its complete body before it reads anything. If the server sent
results during that time, each side would wait for the other. So the results go to
a temporary file, and the server sends them after the last commit. Every reported
line is then durable, and the status of the response can report a failure.
"""

from __future__ import annotations

import json
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, NoReturn

from nutgraf.api.write_queue.lines import Line, LineSplitter
from nutgraf.api.write_queue.operations import Put, Written
from nutgraf.api.write_queue.queue import WriteQueue
from nutgraf.index.errors import InputError
from nutgraf.index.json_lines import MAX_TEXT, parse_line
from nutgraf.index.sources.fields.article import ReadArticle, article_of

__all__ = ["ArticleStream"]

PART_BYTES: Final = 64 * 1024
PART_LINES: Final = 512
"""Bytes, or lines, of a stream after which they are queued as one piece.

Pieces of this size make the cost of the queue negligible.
"""

MAX_OUTSTANDING_LINES: Final = 16_384
"""The most lines in memory that wait for a commit."""

MAX_MEMORY_BYTES: Final = 1024 * 1024
"""The most bytes of results in memory. More results go to a temporary file."""

READ_BYTES: Final = 64 * 1024
"""Bytes of results in one piece of the response."""


@dataclass(frozen=True, slots=True)
class _Line:
    """The number of a line, the reason if it was rejected, and the warning if flagged."""

    number: int
    rejected: str | None = None
    flagged: str | None = None


@dataclass(frozen=True, slots=True)
class _QueuedLines:
    """Lines that were queued together."""

    lines: list[_Line]
    future: Future[Written]


class ArticleStream:
    """A stream of articles, one per line, that is written in bounded memory.

    Use a stream in a `with` block, and in a worker thread, because its methods block
    while the queue is full. They raise WritingError if the index cannot be written.
    """

    def __init__(self, queue: WriteQueue) -> None:
        self._queue = queue
        self._lines = LineSplitter(MAX_TEXT)
        self._queued: deque[_QueuedLines] = deque()
        self.outstanding = 0
        self._durable = 0
        self._results = tempfile.SpooledTemporaryFile(max_size=MAX_MEMORY_BYTES)  # noqa: SIM115

    @property
    def durable(self) -> int:
        """The number of the line up to which all lines are durable."""
        return self._durable

    def feed(self, content: bytes) -> None:
        """Queue the articles on the lines that end in `content`."""
        self._send(self._lines.feed(content))

    def finish(self) -> None:
        """Queue the last line, and wait until all lines are durable."""
        self._send(self._lines.rest())
        self._queue.flush().result()
        while self._queued:
            self._record_oldest()

    def results(self) -> Iterator[bytes]:
        """Yield the results in order: one line of JSON for each line that was not blank.

        The results are deleted at the end, so call this method only once.
        """
        with self._results:
            self._results.seek(0)
            while part := self._results.read(READ_BYTES):
                yield part

    def close(self) -> None:
        """Delete the results."""
        self._results.close()

    def __enter__(self) -> ArticleStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.close()

    def _send(self, lines: Iterable[Line]) -> None:
        """Queue the articles on lines, and record the results of lines that are durable."""
        reported: list[_Line] = []
        puts: list[Put] = []
        size = 0
        for line in lines:
            if line.content is not None and not line.content.strip():
                continue
            try:
                read = _parse_article(line.content)
            except InputError as error:
                reported.append(_Line(line.number, rejected=str(error)))
            else:
                puts.append(Put(read.article, unknown=read.unknown))
                size += len(line.content or b"")
                reported.append(_Line(line.number, flagged=read.warning))
            if size >= PART_BYTES or len(reported) >= PART_LINES:
                self._queue_part(reported, puts, size)
                reported, puts, size = [], [], 0
        if reported:
            self._queue_part(reported, puts, size)

    def _queue_part(self, reported: list[_Line], puts: list[Put], size: int) -> None:
        self._queued.append(_QueuedLines(reported, self._queue.submit_stream(puts, size)))
        self.outstanding += len(reported)
        if self.outstanding > MAX_OUTSTANDING_LINES:
            self._queue.flush().result()
        while self._queued and self._queued[0].future.done():
            self._record_oldest()

    def _record_oldest(self) -> None:
        """Wait for the lines that were queued first, and write their results."""
        sent = self._queued[0]
        written = sent.future.result()
        applied = iter(written.applied)
        for line in sent.lines:
            if line.rejected is not None:
                result: dict[str, Any] = {
                    "line": line.number,
                    "result": "rejected",
                    "reason": line.rejected,
                }
            else:
                done = next(applied)
                result = {"line": line.number, "id": done.id, "result": done.result}
                if done.reason is not None:
                    result["reason"] = done.reason
                if line.flagged is not None:
                    result["flagged"] = line.flagged
                if done.unknown:
                    result["unknown_fields"] = list(done.unknown)
            self._write_result(result)
        self._queued.popleft()
        self.outstanding -= len(sent.lines)
        self._durable = sent.lines[-1].number

    def _write_result(self, result: dict[str, Any]) -> None:
        self._results.write(json.dumps(result, ensure_ascii=False).encode() + b"\n")


def _parse_article(content: bytes | None) -> ReadArticle:
    """Return the article on a line.

    `content` is None for a line that is too long. Raises InputError if the line is
    too long, or is not an article.
    """
    if content is None:
        raise InputError(f"the line is longer than {MAX_TEXT:,} bytes; split or shorten it")
    return article_of(parse_line(content), _no_id)


def _no_id() -> NoReturn:
    raise InputError("'id' is missing: over HTTP there is no file to take it from; add it")
