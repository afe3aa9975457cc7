"""Cursors: opaque texts that say where the next page of a request begins.

A cursor names the request, the index and the snapshot of its first page. While that snapshot is
held, all pages come from it. Afterwards, the pages come from the newest snapshot, without hits that
were shown before, and without hits that were added or changed since.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import pairwise
from typing import Any, Final

from nutgraf.index.reader.protocol import IndexReader, Position
from nutgraf.search.errors import RequestError
from nutgraf.search.request.search_request import SearchRequest

__all__ = ["MAX_SHOWN", "Cursor", "read_cursor", "sequence_of"]

VERSION: Final = 2

MAX_SHOWN: Final = 500
"""The most shown hits that a cursor lists, to limit its length to 2 KB.

A ranking by relevance can change with the next commit, because the weights of words change. So a
cursor lists the shown hits. After more hits, the position in the ranking must suffice.
"""

DIGEST: Final = 8
"""Bytes of a digest of a request or an index."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place of the next page, and the snapshot of the first page.

    `count` is the number of hits on the pages so far. `position` is the place of the last hit in
    the order of the request; its value is the score if the order is relevance. `shown` are rows of
    the first MAX_SHOWN hits, ascending; only the order by relevance needs them. `rows` is the
    number of rows of the snapshot with the number `sequence`, with deleted ones. `now` is the time
    of the first page, in seconds since 1970 UTC: its day, or its minute if age counts. `corrected`
    is the corrected question if the pages answer it in place of the question of the request.
    """

    sequence: int
    rows: int
    now: int
    count: int = 0
    position: Position | None = None
    shown: tuple[int, ...] = field(default=())
    corrected: str | None = None

    @classmethod
    def start(cls, index: IndexReader, request: SearchRequest, now: datetime) -> Cursor:
        """Return the place of the first page of a request.

        Without recency, only the day of `now` matters. So the same request has the same cursor
        all day, and answers can be cached and compared.
        """
        start = now.replace(second=0, microsecond=0)
        if request.recency is None:
            start = start.replace(hour=0, minute=0)
        return cls(index.sequence, index.row_count, int(start.timestamp()), request.offset)

    @property
    def moment(self) -> datetime:
        """The time of the first page."""
        return datetime.fromtimestamp(self.now, UTC)

    def is_of(self, index: IndexReader) -> bool:
        """Return whether the index still shows the snapshot of the cursor."""
        return self.sequence == index.sequence

    def after(self, hits: int, last: Position, shown: Sequence[int] = ()) -> Cursor:
        """Return the place after a page of `hits` hits that ends at `last`.

        `shown` are rows of all hits so far.
        """
        some = tuple(sorted(shown[:MAX_SHOWN]))
        return replace(self, count=self.count + hits, position=last, shown=some)

    def encode(self, index: IndexReader, request: SearchRequest) -> str:
        """Return the cursor as text."""
        place = None if self.position is None else [self.position.value, self.position.row]
        steps = [after - before for before, after in pairwise([0, *self.shown])]
        numbers = [VERSION, self.sequence, self.rows, self.now, self.count]
        digests = [_digest_of_request(request), _digest_of_index(index)]
        content = json.dumps(
            [*numbers, *digests, place, steps, self.corrected], separators=(",", ":")
        )
        packed = zlib.compress(content.encode(), 9)
        checksum = zlib.crc32(packed).to_bytes(4, "big")
        return base64.urlsafe_b64encode(checksum + packed).decode().rstrip("=")


def read_cursor(index: IndexReader, request: SearchRequest, now: datetime) -> Cursor:
    """Return the place of the requested page: that of its cursor, or of its offset.

    Raises RequestError if the cursor is damaged, or was made for another request or index.
    """
    if request.cursor is None:
        return Cursor.start(index, request, now)
    version, sequence, rows, moment, count, asked, of, place, steps, corrected = _unpack(
        request.cursor
    )
    if version != VERSION:
        raise RequestError("cursor", "was made by another version of nutgraf; omit it")
    if of != _digest_of_index(index):
        raise RequestError(
            "cursor",
            "was made for another index, or the index was rebuilt since; omit it to begin again",
        )
    if asked != _digest_of_request(request):
        raise RequestError(
            "cursor",
            "was made for another request; repeat the question and the options of the first page, "
            "or omit it",
        )
    shown, row = [], 0
    for step in steps:
        row += step
        shown.append(row)
    position = None if place is None else Position(*place)
    return Cursor(sequence, rows, moment, count, position, tuple(shown), corrected)


def sequence_of(cursor: str | None) -> int | None:
    """Return the number of the snapshot of a cursor, None if it is damaged."""
    try:
        return None if cursor is None else int(_unpack(cursor)[1])
    except RequestError:
        return None


def _unpack(cursor: str) -> list[Any]:
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        if zlib.crc32(packed[4:]).to_bytes(4, "big") != packed[:4]:
            raise _damaged()
        content: list[Any] = json.loads(_inflated(packed[4:]))
    except (ValueError, binascii.Error, zlib.error, RecursionError):
        raise _damaged() from None
    if not _is_cursor(content):
        raise _damaged()
    return content


def _damaged() -> RequestError:
    return RequestError(
        "cursor",
        "is damaged or not a cursor; use the value of next in an answer unchanged, or omit it",
    )


def _inflated(packed: bytes) -> bytes:
    """Return the decompressed content; a crafted cursor cannot fill the memory."""
    return zlib.decompressobj().decompress(packed, 16 * MAX_SHOWN)


def _is_cursor(content: Any) -> bool:
    if not isinstance(content, list) or len(content) != 10:
        return False
    *numbers, asked, of, place, steps, corrected = content
    return (
        all(map(_is_count, numbers))
        and isinstance(asked, str)
        and isinstance(of, str)
        and (place is None or _is_place(place))
        and isinstance(steps, list)
        and len(steps) <= MAX_SHOWN
        and all(map(_is_count, steps))
        and (corrected is None or _is_question(corrected))
    )


def _is_question(text: Any) -> bool:
    """Return whether a request accepts the text as its question."""
    try:
        return bool(SearchRequest(text).q)
    except RequestError:
        return False


def _is_place(place: Any) -> bool:
    if not isinstance(place, list) or len(place) != 2 or not _is_count(place[1]):
        return False
    value = place[0]
    return value is None or (isinstance(value, str | int | float) and not isinstance(value, bool))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 62


def _digest_of_request(request: SearchRequest) -> str:
    """Return a digest of all options that decide about hits and their order."""
    return blake2b(repr(request.without_page()).encode(), digest_size=DIGEST).hexdigest()


def _digest_of_index(index: IndexReader) -> str:
    return blake2b(index.identity.encode(), digest_size=DIGEST).hexdigest()
