"""Read JSONL: one article per line.

A line is an object with the fields of an article, and either "paragraphs", which is a
list of texts, or "text". The title and one of paragraphs and text are required. Other
fields are stored in "extra".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO, Final

from nutgraf.index.errors import InputError
from nutgraf.index.json_lines import MAX_TEXT, parse_line
from nutgraf.index.sources.fields.article import article_of
from nutgraf.index.sources.fields.columns import rename
from nutgraf.index.sources.items import Item, OpenedFile, Rejected, Skipped

__all__ = ["looks_like_article", "read_jsonl"]

TYPICAL_FIELDS: Final = ("title", "paragraphs")
"""Fields that show that an object is an article, and not, for example, a question."""

NOT_ARTICLES: Final = (
    "its first line has no 'title' and no 'paragraphs', so it seems to contain no articles; to "
    "read it, name the file, and use --map if the fields have other names"
)


def read_jsonl(opened: OpenedFile) -> Iterator[Item | Skipped]:
    """Yield an article or a report for each line that is not blank.

    A file that the user did not name is Skipped if its first line is not an article.

    An article without an id gets an id from the name of the file and the number of
    its line, such as NAME:7. On standard input, a digest of the line replaces the
    number.
    """
    empty, doubtful = True, not opened.named
    columns = opened.options.columns
    for number, line in _lines(opened.file):
        if not line.strip():
            continue
        empty = False
        place = f"{opened.place}:{number}"
        try:
            fields = parse_line(line, MAX_TEXT)
            if doubtful and not looks_like_article(fields, columns):
                yield opened.without_articles(NOT_ARTICLES)
                return
            doubtful = False
            read = article_of(
                rename(fields, columns),
                partial(opened.name.article_id, number, line.strip()),
            )
        except InputError as error:
            yield Rejected(place, str(error))
        else:
            yield from read.items(place)
    if empty:
        yield Rejected(opened.place, "the file is empty")


def looks_like_article(fields: dict[str, Any], columns: Mapping[str, str]) -> bool:
    """Tell whether an object has a field of TYPICAL_FIELDS, so that it is an article.

    `columns` maps the names of fields. The article may be invalid.
    """
    return any(columns.get(name, name) in fields for name in TYPICAL_FIELDS)


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield each line with its number, from 1.

    A line of more than MAX_TEXT bytes is cut to MAX_TEXT + 1 bytes. `parse_line`
    rejects such a line.
    """
    number = 0
    while line := file.readline(MAX_TEXT + 1):
        number += 1
        yield number, line
        while len(line) >= MAX_TEXT and not line.endswith(b"\n"):
            line = file.readline(MAX_TEXT)
