"""Read plain text: one article per file.

The first line is the title, and blank lines separate the paragraphs.
"""

from __future__ import annotations

from collections.abc import Iterator

from nutgraf.index.article import Article
from nutgraf.index.errors import InputError
from nutgraf.index.json_lines import MAX_TEXT
from nutgraf.index.sources.fields.clean import clean_fields
from nutgraf.index.sources.fields.dates import warnings_of
from nutgraf.index.sources.fields.paragraphs import split_paragraphs, split_title
from nutgraf.index.sources.files.encoding import decode_any
from nutgraf.index.sources.items import FileName, Item, OpenedFile, Rejected

__all__ = ["read_text"]


def read_text(opened: OpenedFile) -> Iterator[Item]:
    """Yield the article of a text file, or a report.

    The id of the article is the name of the file.
    """
    content = opened.file.read(MAX_TEXT + 1)
    try:
        if len(content) > MAX_TEXT:
            raise InputError(f"the file is larger than {MAX_TEXT:,} bytes; split it into articles")
        decoded = decode_any(content)
        article, oddity = _article(decoded.text, opened.name)
    except InputError as error:
        yield Rejected(opened.place, str(error))
        return
    yield from warnings_of(article, opened.place, decoded.oddity, oddity)
    yield article


def _article(text: str, name: FileName) -> tuple[Article, str | None]:
    title, rest = split_title(text)
    if not title:
        raise InputError("the file is empty")
    paragraphs = split_paragraphs(rest)
    if not paragraphs:
        raise InputError(
            "there is a title and nothing after it; the first line is the title, and "
            "paragraphs follow, with blank lines between them"
        )
    fields, oddity = clean_fields({"title": title, "paragraphs": paragraphs})
    return Article(id=name.article_id(), **fields), oddity
