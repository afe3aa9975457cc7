"""Read PDF: one article per file. The extra `pdf` installs pypdf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from nutgraf.index.article import Article
from nutgraf.index.errors import InputError
from nutgraf.index.sources.fields.clean import clean_fields
from nutgraf.index.sources.fields.dates import warnings_of
from nutgraf.index.sources.items import Flagged, Item, OpenedFile, Rejected

__all__ = ["read_pdf"]

MAX_PDF: Final = 64 * 1024 * 1024
"""Largest size of a file, in bytes. Large files contain mostly pictures."""


def read_pdf(opened: OpenedFile) -> Iterator[Item]:
    """Yield the article of a PDF, or a report. The id is the name of the file.

    The title is the title in the metadata, or else the largest text on the first
    page. A warning lists the unreadable pages.
    """
    try:
        from nutgraf.index.sources.formats.pdf_file import read_file
    except ImportError:
        yield Rejected(
            opened.place,
            "PDF requires pypdf, which is not installed; run pip install 'nutgraf[pdf]'",
        )
        return
    content = opened.file.read(MAX_PDF + 1)
    try:
        if len(content) > MAX_PDF:
            raise InputError(f"the file is larger than {MAX_PDF:,} bytes; split it")
        found = read_file(content)
        fields, oddity = clean_fields(
            {
                "title": found.title,
                "paragraphs": found.paragraphs,
                "author": found.author,
                "published": found.published,
                "language": found.language,
            }
        )
        article = Article(id=opened.name.article_id(content=content), **fields)
    except InputError as error:
        yield Rejected(opened.place, str(error))
        return
    if found.unread:
        which = "page" if len(found.unread) == 1 else "pages"
        pages = ", ".join(map(str, found.unread[:10])) + (", …" if found.unread[10:] else "")
        yield Flagged(opened.place, f"the text on {which} {pages} cannot be read")
    yield from warnings_of(article, opened.place, oddity)
    yield article
