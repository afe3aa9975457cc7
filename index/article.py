"""Article and Paragraph, the units of an index, and their ids."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from nutgraf.index.errors import InputError
from nutgraf.index.fields.values import (
    MAX_LIST_VALUE,
    MAX_VALUES,
    author_line,
    checked_extra,
    has_other_scheme,
    unique_texts,
)
from nutgraf.index.schema import LIST_FIELDS, OPTIONAL_FIELDS, ArticleFields, stored_value

__all__ = [
    "ADDRESSES",
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
"""The longest id of an article, in characters: an id has to fit into a URL."""

MAX_VALUE: Final = 4_096
"""The longest title, and the longest value of an optional field, in characters."""

MAX_PARAGRAPH: Final = 100_000
"""The longest paragraph, in characters.

Prose does not have longer paragraphs, so a longer one is a file that was read
wrongly.
"""

MAX_PARAGRAPHS: Final = 50_000
"""The highest number of paragraphs in an article."""

ADDRESSES: Final = ("url", "image")
"""Fields that are addresses, absolute ones on the web or relative ones."""

REQUIRED: Final = ("id", "title")
"""The fields that every article needs, in addition to its paragraphs."""

POSITION: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
"""The digits of a position: an article has at most MAX_PARAGRAPHS paragraphs."""


@dataclass(frozen=True, slots=True)
class Article(ArticleFields):
    """An article for an index.

    `published` is an ISO 8601 date or date and time ("2023-01-04",
    "2023-01-04T09:30:00+01:00"). `language` is a tag such as "en". Text is
    stored and shown unchanged.

    `sections`, `tags` and `byline` are lists of texts; one text is a list of one
    value, and duplicates are dropped. `section` is the first of `sections`, and one
    of both is enough. So is one of `author` and `byline`: an author is a byline of
    one name, and a byline is an author line with commas. `extra` is any object of
    JSON of at most 16 KiB.

    Raises InputError if a field is empty, too long or of the wrong type, or if it
    contains characters that cannot be stored as text. Raises InputError if
    `published` is not a date, or an address has a scheme other than http and https.
    The message names the field.
    """

    paragraphs: tuple[str, ...]

    def __post_init__(self) -> None:
        if isinstance(self.paragraphs, str):
            raise InputError("'paragraphs' must be a list of texts, got text")
        object.__setattr__(self, "paragraphs", tuple(self.paragraphs))
        _check_text("id", self.id, MAX_ID)
        if not self.id.isprintable():
            raise InputError("'id' holds a control character: an id must be usable in a URL")
        _check_text("title", self.title, MAX_VALUE)
        for name in OPTIONAL_FIELDS:
            value = getattr(self, name)
            if value is not None and name not in (*LIST_FIELDS, "extra"):
                _check_text(name, value, MAX_VALUE)
        self._complete_lists()
        object.__setattr__(self, "extra", checked_extra(self.extra))
        for name in ADDRESSES:
            address = getattr(self, name)
            if address is not None and has_other_scheme(address):
                raise InputError(
                    f"'{name}' is {address[:40]!r}, which is not a web address; give one that "
                    "begins with http or https, or omit it"
                )
        if self.published is not None:
            timestamp(self.published)
        if not self.paragraphs:
            raise InputError("'paragraphs' is empty: an article needs at least one paragraph")
        if len(self.paragraphs) > MAX_PARAGRAPHS:
            raise InputError(
                f"'paragraphs' holds {len(self.paragraphs):,} paragraphs; at most "
                f"{MAX_PARAGRAPHS:,} are allowed"
            )
        for position, text in enumerate(self.paragraphs):
            _check_text(f"paragraphs[{position}]", text, MAX_PARAGRAPH)

    def digest(self) -> bytes:
        """Return 16 bytes that change if any field of the article changes."""
        # Do not use dataclasses.asdict here: it copies each paragraph.
        content = {name: getattr(self, name) for name in _DIGESTED}
        for name in OPTIONAL_FIELDS:
            if name not in _DIGESTED and (value := stored_value(self, name)) is not None:
                content[name] = json.dumps(value, sort_keys=True) if name == "extra" else value
        packed = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return hashlib.blake2b(packed.encode(), digest_size=16).digest()

    def _complete_lists(self) -> None:
        """Set the lists, and the section and author that follow from them."""
        for name in LIST_FIELDS:
            values = unique_texts(name, getattr(self, name))
            _check_list(name, values)
            object.__setattr__(self, name, values)
        if self.section is not None:
            sections = unique_texts("section", [self.section, *self.sections])
            object.__setattr__(self, "sections", sections)
        elif self.sections:
            object.__setattr__(self, "section", self.sections[0])
        if self.author is None and self.byline:
            object.__setattr__(self, "author", author_line(self.byline, MAX_VALUE))
        elif self.author is not None and not self.byline:
            object.__setattr__(self, "byline", unique_texts("author", self.author))


_DIGESTED: Final = (
    *("id", "title", "paragraphs"),
    *("url", "source", "author", "section", "published", "language"),
)
"""The fields that are always hashed, in this order; never change them.

A field that was added later is hashed only if it is set, so that other articles keep
their digests.
"""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of an article, or a part of a long paragraph.

    `row` is its number in the index, `article` the id of its article, and
    `position` the position of the paragraph in the article, from 0.

    A paragraph that is too long for the encoder is split into parts, which are
    indexed and ranked separately. `part` is the number of a part, from 1, and
    `start` the offset of the part in its paragraph, in code points. Both are 0
    for a complete paragraph.
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
    """Split the public id of a paragraph into the article id and the position.

    Return None if `name` does not have the form ARTICLE#POSITION. The id of an
    article can have this form too, because it can contain a `#`.
    """
    article, sign, position = name.rpartition("#")
    if not sign or POSITION.fullmatch(position) is None:
        return None
    return article, int(position)


def timestamp(published: str) -> int:
    """Return seconds since 1970 UTC for an ISO 8601 date or date and time.

    A time without a time zone is in UTC. A date without a time means 00:00:00 of
    that day. Raises InputError if the text is neither.
    """
    try:
        moment = datetime.fromisoformat(published)
    except ValueError:
        raise InputError(
            f"'published' is {published[:40]!r}, which is not a valid date; write it as 2023-01-04 "
            "or 2023-01-04T09:30:00+01:00"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp())


def _check_list(name: str, values: tuple[str, ...]) -> None:
    if len(values) > MAX_VALUES:
        raise InputError(f"'{name}' has {len(values):,} values; at most {MAX_VALUES} are allowed")
    for at, value in enumerate(values):
        _check_text(f"{name}[{at}]", value, MAX_LIST_VALUE)


def _check_text(name: str, value: object, longest: int) -> None:
    if not isinstance(value, str):
        raise InputError(f"'{name}' must be text, got {type(value).__name__}")
    if not value.strip():
        raise InputError(
            f"'{name}' is empty; give a value" + ("" if name in REQUIRED else ", or omit it")
        )
    if len(value) > longest:
        raise InputError(
            f"'{name}' is {len(value):,} characters long; at most {longest:,} are allowed"
        )
    if "\x00" in value:
        raise InputError(
            f"'{name}' contains a NUL byte at character {value.index(chr(0))}; remove it"
        )
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"'{name}' contains half a surrogate pair at character {error.start}; remove it"
        ) from None
