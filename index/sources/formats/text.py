"""Plain text: the first line is the title, blank lines stand between paragraphs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from nutgraf.index.article import Article
from nutgraf.index.errors import InputError
from nutgraf.index.sources.fields.paragraphs import split_paragraphs, split_title
from nutgraf.index.sources.files.encoding import decode_any
from nutgraf.index.sources.items import FileName, Flagged, Item, OpenedFile, Rejected

__all__ = ["MAX_TEXT", "decode", "read_text"]

MAX_TEXT: Final = 32 * 1024 * 1024
"""Bytes in a text file or in a line of JSONL; an article of more is something else."""


def read_text(opened: OpenedFile) -> Iterator[Item]:
    """Yield the one article of a text file, or why there is none. Its id is the name."""
    content = opened.file.read(MAX_TEXT + 1)
    try:
        if len(content) > MAX_TEXT:
            raise InputError(f"the file is larger than {MAX_TEXT:,} bytes; split it into articles")
        decoded = decode_any(content)
        article = _article(decoded.text, opened.name)
    except InputError as error:
        yield Rejected(opened.place, str(error))
        return
    if decoded.oddity:
        yield Flagged(opened.place, decoded.oddity)
    yield article


def decode(content: bytes) -> str:
    """Return UTF-8 text, with or without a byte order mark. Raises InputError for anything else."""
    if (at := content.find(b"\x00")) >= 0:
        raise InputError(f"this is binary, not text: byte {at:,} is NUL")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"this is not UTF-8 text: byte {error.start:,} is 0x{content[error.start]:02x}; "
            "convert it to UTF-8"
        ) from None


def _article(text: str, name: FileName) -> Article:
    title, rest = split_title(text)
    if not title:
        raise InputError("the file is empty")
    paragraphs = split_paragraphs(rest)
    if not paragraphs:
        raise InputError(
            "there is a title and nothing after it; the first line is the title, and "
            "paragraphs follow, with blank lines between them"
        )
    return Article(id=name.article_id(), title=title, paragraphs=paragraphs)
