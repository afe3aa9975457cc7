"""PDF: an article a file. It takes pypdf, which the extra `pdf` brings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from nutgraf.index.article import Article
from nutgraf.index.errors import InputError
from nutgraf.index.sources.fields.dates import flags_of
from nutgraf.index.sources.items import Flagged, Item, OpenedFile, Rejected

__all__ = ["read_pdf"]

MAX_PDF: Final = 64 * 1024 * 1024
"""Bytes in a file; most of a large one are pictures."""


def read_pdf(opened: OpenedFile) -> Iterator[Item]:
    """Yield the article of a PDF, or why there is none. Its id is the file's name.

    Its title is that of its metadata, or else what stands largest on the first
    page. Pages that cannot be read are Flagged.
    """
    try:
        from nutgraf.index.sources.formats.pdf_file import read_file
    except ImportError:
        yield Rejected(
            opened.place, "PDF takes pypdf, which is not here: pip install 'nutgraf[pdf]'"
        )
        return
    content = opened.file.read(MAX_PDF + 1)
    try:
        if len(content) > MAX_PDF:
            raise InputError(f"the file is larger than {MAX_PDF:,} bytes")
        found = read_file(content)
        article = Article(
            id=opened.name.article_id(content=content),
            title=found.title,
            paragraphs=found.paragraphs,
            author=found.author,
            published=found.published,
            language=found.language,
        )
    except InputError as error:
        yield Rejected(opened.place, str(error))
        return
    if found.unread:
        pages = ", ".join(map(str, found.unread[:10])) + (", …" if found.unread[10:] else "")
        yield Flagged(opened.place, f"what is on page {pages} cannot be read")
    yield from flags_of(article, opened.place)
    yield article
