"""What goes into a reader, and what comes out of it.

A reader is one function a format: it takes an OpenedFile and yields Items, as
it reads, in bounded memory. It never raises for what is wrong with the content.
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
"""Called with the number of bytes, as they are on disk, that were read since the last call."""


@dataclass(frozen=True, slots=True)
class _Report:
    """What is said of a place."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Rejected(_Report):
    """An article, or a file, that was to be indexed and could not be.

    `place` names the file, and the line or the record where there is one;
    `reason` says what is wrong and which field it is in.
    """


@dataclass(frozen=True, slots=True)
class Skipped(_Report):
    """What nobody asked to index by name, and what holds nothing that is wanted."""


@dataclass(frozen=True, slots=True)
class Flagged(_Report):
    """What is odd about an article that is indexed all the same; it comes before the article."""


@dataclass(frozen=True, slots=True)
class Capture:
    """An article that is called by its URL, so that another file may hold it, too.

    `at` is when it was fetched, in seconds since 1970 UTC: of several, the
    newest is meant. None where nobody knows: then they are two articles that
    claim one URL.
    """

    article: Article
    place: str
    at: float | None


@dataclass(frozen=True, slots=True)
class FileName:
    """The name of a file without its ending, from which articles without an id take theirs.

    `clash` is another file of that name, read before: two articles must not
    be taken for two versions of one because their files are called alike.
    `stream` is True where there is no file: its lines are other ones each
    time, so they are told apart by what they hold.
    """

    stem: str
    clash: str | None = None
    stream: bool = False

    def article_id(self, line: int | None = None, content: bytes = b"") -> str:
        """Return the id for the article of the file, or on a line of it.

        Raises InputError where another file has taken the name.
        """
        if self.stream:
            return f"{self.stem}:{hashlib.blake2b(content, digest_size=8).hexdigest()}"
        if self.clash is not None:
            raise InputError(
                f"there is no 'id', and {self.clash} has taken the name {self.stem!r} for its own; "
                "give it an id, or rename the file"
            )
        return self.stem if line is None else f"{self.stem}:{line}"


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What whoever indexes can say of the files. `columns`: field of an article -> its column."""

    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file, or a member of an archive, opened: `file` gives what it holds, decompressed.

    `place` is what messages call it. `named` is False where nobody asked for
    it by name: what it holds may be none of an index's business then.
    """

    file: BinaryIO
    place: str
    name: FileName
    options: ReadOptions = ReadOptions()
    named: bool = True

    def without_articles(self, reason: str) -> Rejected | Skipped:
        """Return what is to be told of the file where it holds something else."""
        return Rejected(self.place, reason) if self.named else Skipped(self.place, reason)


Item = Article | Capture | Rejected | Flagged
"""What a reader yields of what it was given to read."""

Reader = Callable[[OpenedFile], Iterator[Item | Skipped]]
"""It yields Skipped for what an archive holds besides."""
