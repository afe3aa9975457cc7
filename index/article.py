"""Article and Paragraph: what is stored, and the ids by which it is named."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from nutgraf.index.errors import InputError
from nutgraf.index.schema import OPTIONAL_FIELDS, ArticleFields

__all__ = [
    "MAX_ID",
    "MAX_PARAGRAPH",
    "MAX_PARAGRAPHS",
    "MAX_VALUE",
    "Article",
    "Paragraph",
    "paragraph_id",
    "split_paragraph_id",
    "timestamp",
]

MAX_ID: Final = 512
"""Characters in an article's id: it has to fit into a URL."""

MAX_VALUE: Final = 4_096
"""Characters in any other field of an article."""

MAX_PARAGRAPH: Final = 100_000
"""Characters in a paragraph; far beyond prose, so more is a file that was read wrongly."""

MAX_PARAGRAPHS: Final = 50_000
"""Paragraphs in an article."""


POSITION: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
"""Of a paragraph in its article; none has as many."""


@dataclass(frozen=True, slots=True)
class Article(ArticleFields):
    """One article, as it is put into an index.

    `published` is an ISO 8601 date or date and time ("2023-01-04",
    "2023-01-04T09:30:00+01:00"); `language` a tag such as "en". Text is kept
    as it comes: what is shown is what was written.

    Raises InputError, naming the field, when a field is empty where it must
    not be, too long, not a date, or holds what cannot be stored as text.
    """

    paragraphs: tuple[str, ...]

    def __post_init__(self) -> None:
        if isinstance(self.paragraphs, str):
            raise InputError("'paragraphs' is a text; it must be a list of texts")
        object.__setattr__(self, "paragraphs", tuple(self.paragraphs))
        _check_text("id", self.id, MAX_ID)
        if not self.id.isprintable():
            raise InputError("'id' holds a control character: it has to fit into a URL")
        _check_text("title", self.title, MAX_VALUE)
        for name in OPTIONAL_FIELDS:
            value = getattr(self, name)
            if value is not None:
                _check_text(name, value, MAX_VALUE)
        if self.published is not None:
            timestamp(self.published)
        if not self.paragraphs:
            raise InputError("'paragraphs' is empty: an article needs at least one paragraph")
        if len(self.paragraphs) > MAX_PARAGRAPHS:
            raise InputError(
                f"'paragraphs' holds {len(self.paragraphs):,}; at most {MAX_PARAGRAPHS:,} are taken"
            )
        for position, text in enumerate(self.paragraphs):
            _check_text(f"paragraphs[{position}]", text, MAX_PARAGRAPH)

    def digest(self) -> bytes:
        """Return 16 bytes that differ when any field of the article differs."""
        # Not asdict, which copies each paragraph.
        content = {name: getattr(self, name) for name in _DIGESTED}
        packed = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return hashlib.blake2b(packed.encode(), digest_size=16).digest()


_DIGESTED: Final = ("id", "title", "paragraphs", *OPTIONAL_FIELDS)
"""The fields of an article in the order of its digest, which may not change."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """The unit that is indexed and ranked: a text and its place in its article.

    Of a paragraph that is too long for the encoder it is one of the parts,
    which `part` counts from 1 (0: the paragraph is whole), and which begins at
    `start`, in code points of the paragraph.
    """

    row: int
    article: str
    position: int
    text: str
    part: int = 0
    start: int = 0

    @property
    def id(self) -> str:
        """The public id, ARTICLE#POSITION; positions count from 0."""
        return paragraph_id(self.article, self.position)


def paragraph_id(article: str, position: int) -> str:
    """Return the public id of the paragraph at `position` (from 0) of an article."""
    return f"{article}#{position}"


def split_paragraph_id(name: str) -> tuple[str, int] | None:
    """Return the article and the position that a paragraph's public id holds; None if it is none.

    What is one may be the id of an article all the same, as that can hold a `#`, too.
    """
    article, sign, position = name.rpartition("#")
    if not sign or POSITION.fullmatch(position) is None:
        return None
    return article, int(position)


def timestamp(published: str) -> int:
    """Return seconds since 1970 UTC for an ISO 8601 date or date and time.

    A time without a zone is taken as UTC; a date as its first second. Raises
    InputError for anything else.
    """
    try:
        moment = datetime.fromisoformat(published)
    except ValueError:
        raise InputError(
            f"'published' is {published[:40]!r}, which is no date; write it as 2023-01-04 "
            "or 2023-01-04T09:30:00+01:00"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp())


def _check_text(name: str, value: object, longest: int) -> None:
    if not isinstance(value, str):
        raise InputError(f"'{name}' is of type {type(value).__name__}; it must be text")
    if not value.strip():
        raise InputError(f"'{name}' is empty")
    if len(value) > longest:
        raise InputError(f"'{name}' is {len(value):,} characters long; at most {longest:,} fit")
    if "\x00" in value:
        raise InputError(f"'{name}' holds a NUL byte at character {value.index(chr(0))}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"'{name}' holds half a surrogate pair at character {error.start}, which is no text"
        ) from None
