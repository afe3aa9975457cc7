"""The input and output types of readers.

Each format has a reader: a function that reads an OpenedFile and yields Items,
in bounded memory. For invalid content, a reader yields a Rejected. A reader
raises OSError if the file cannot be read.
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
    "UnknownFields",
]

OnBytes = Callable[[int], None]
"""A progress callback, called with the number of bytes read since the last call.

The bytes are those on disk: compressed bytes if the file is compressed.
"""


@dataclass(frozen=True, slots=True)
class _Report:
    """A message about a file, or about a line or a record of a file.

    `place` is the name of the file, with the line or record if it is known, as in
    "day.jsonl:7". `reason` is the message.
    """

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Rejected(_Report):
    """An article or a file that could not be indexed.

    `reason` describes the fault, with the name of the field if a field is invalid.
    """


@dataclass(frozen=True, slots=True)
class Skipped(_Report):
    """Content that is not indexed, without an error.

    Examples are a file without an article in a folder, a link to a file that is
    read anyway, and an older copy of an article. The user did not name such
    content, so it is no error.
    """


@dataclass(frozen=True, slots=True)
class Flagged(_Report):
    """A warning about an article or a file that is indexed.

    A reader yields the warning before the article.
    """


@dataclass(frozen=True, slots=True)
class UnknownFields:
    """The names of the unknown fields in the `extra` of an article that is indexed.

    A reader yields them before the article.
    """

    place: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Capture:
    """An article whose id is not from its file, so other files may contain copies.

    The id is a URL, or the id of an entry in a feed. `at` is the time of the copy
    in seconds since 1970 UTC, or None if the time is unknown. Of several copies,
    the newest is indexed. If the time of one of two copies is unknown, the second
    copy is rejected.
    """

    article: Article
    place: str
    at: float | None


@dataclass(frozen=True, slots=True)
class FileName:
    """The name of a file, from which articles without an id get an id.

    `stem` is the name without its ending. `clash` is an earlier file with the same
    stem, or None. With the same ids, articles of the two files would count as
    versions of one article. `stream` is True for standard input. The lines of
    standard input differ each time, so ids contain a digest of the line.
    """

    stem: str
    clash: str | None = None
    stream: bool = False

    def article_id(self, line: int | None = None, content: bytes = b"") -> str:
        """Return the id of an article of this file that has no id of its own.

        `line` is the line of the article, or None if the file contains one
        article. `content` is digested for standard input. Raises InputError if
        another file has the same stem.
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
    """Options for reading. `columns` maps fields of an article to column names."""

    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """An opened file, or a file inside a zip.

    `file` is the decompressed stream. `place` is the name of the file in messages.
    `named` is False if the user did not name the file, because it was found in a
    folder or a zip. Such a file may contain no articles.
    """

    file: BinaryIO
    place: str
    name: FileName
    options: ReadOptions = ReadOptions()
    named: bool = True

    def without_articles(self, reason: str) -> Rejected | Skipped:
        """Return the report on a file without articles.

        The report is Rejected if the user named the file, or else Skipped.
        """
        return Rejected(self.place, reason) if self.named else Skipped(self.place, reason)


Item = Article | Capture | Rejected | Flagged | UnknownFields
"""A result of a reader."""

Reader = Callable[[OpenedFile], Iterator[Item | Skipped]]
"""A reader of a format. It yields Skipped for content without an article."""
