"""The input and output types of readers.

A reader is a function for one format: it reads an OpenedFile and yields Items,
in bounded memory. It never raises for faults of the content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from nutgraf.index.article import Article
from nutgraf.index.errors import InputError

__all__ = [
    "Capture",
    "FileName",
    "Flagged",
    "Item",
    "OnBytes",
    "OpenedFile",
    "ReadOptions",
    "Reader",
    "Rejected",
    "Skipped",
]

OnBytes = Callable[[int], None]
"""Called with the number of bytes on disk that were read since the last call."""


@dataclass(frozen=True, slots=True)
class _Report:
    """A message about a place: a file, a line or a record."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Rejected(_Report):
    """An article or a file that could not be indexed.

    `place` names the file, and the line or record if known; `reason` names the
    fault and the field.
    """


@dataclass(frozen=True, slots=True)
class Skipped(_Report):
    """Content that was not named for indexing and contains no article."""


@dataclass(frozen=True, slots=True)
class Flagged(_Report):
    """A warning about an article that is indexed; yielded before the article."""


@dataclass(frozen=True, slots=True)
class Capture:
    """An article whose id is its URL, so that another file may contain a copy.

    `at` is the time of the copy, in seconds since 1970 UTC: of several copies,
    the newest is indexed. None if the time is unknown: then a second article
    with the URL is rejected.
    """

    article: Article
    place: str
    at: float | None


@dataclass(frozen=True, slots=True)
class FileName:
    """The name of a file without its ending; the default id of its articles.

    `clash` is an earlier file with the same name: articles of the two files
    would otherwise count as versions of one article. `stream` is True for
    standard input: its lines differ each time, so ids are digests of the lines.
    """

    stem: str
    clash: str | None = None
    stream: bool = False

    def article_id(self, line: int | None = None, content: bytes = b"") -> str:
        """Return the id for the article of the file, or of a line of it.

        Raises InputError if another file uses the name.
        """
        if self.stream:
            return f"{self.stem}:{hashlib.blake2b(content, digest_size=8).hexdigest()}"
        if self.clash is not None:
            raise InputError(
                f"there is no 'id', and {self.clash} uses the name {self.stem!r} for its id; "
                "add an 'id', or rename the file"
            )
        return self.stem if line is None else f"{self.stem}:{line}"


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Options for reading. `columns` maps a field of an article to its column."""

    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """An opened file or member of an archive; `file` is the decompressed stream.

    `place` is its name in messages. `named` is False for a file that was found
    in a folder or an archive: it may contain something else than articles.
    """

    file: BinaryIO
    place: str
    name: FileName
    options: ReadOptions = ReadOptions()
    named: bool = True

    def without_articles(self, reason: str) -> Rejected | Skipped:
        """Return the report that the file contains something else than articles."""
        return Rejected(self.place, reason) if self.named else Skipped(self.place, reason)


Item = Article | Capture | Rejected | Flagged
"""A result of a reader."""

Reader = Callable[[OpenedFile], Iterator[Item | Skipped]]
"""A reader of a format. It yields Skipped for other content of an archive."""
