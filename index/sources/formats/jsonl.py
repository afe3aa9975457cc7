"""Read JSONL: one article per line.

A line is an object with the fields "id", "title", "url", "source", "author",
"section", "published" and "language", and either "paragraphs", which is a list of
texts, or "text". The title and one of paragraphs and text are required. Unknown
fields are ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any, BinaryIO, Final

from nutgraf.index.article import Article
from nutgraf.index.errors import InputError
from nutgraf.index.json_lines import MAX_TEXT, json_type, parse_line
from nutgraf.index.schema import FIELDS
from nutgraf.index.sources.fields.clean import clean_fields
from nutgraf.index.sources.fields.columns import rename
from nutgraf.index.sources.fields.dates import flags_of, iso_date
from nutgraf.index.sources.fields.paragraphs import split_paragraphs
from nutgraf.index.sources.items import Item, OpenedFile, Rejected, Skipped

__all__ = ["article_of", "looks_like_article", "read_jsonl"]

AS_TEXT: Final = tuple(field.name for field in FIELDS if field.kind in ("stored", "keyword"))
"""Fields whose text is used unchanged."""

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
            article, oddity = article_of(
                rename(fields, columns),
                partial(opened.name.article_id, number, line.strip()),
            )
        except InputError as error:
            yield Rejected(place, str(error))
        else:
            yield from flags_of(article, place, oddity)
            yield article
    if empty:
        yield Rejected(opened.place, "the file is empty")


def looks_like_article(fields: dict[str, Any], columns: Mapping[str, str]) -> bool:
    """Tell whether an object has a field of TYPICAL_FIELDS, so that it is an article.

    `columns` maps the names of fields. The article may be invalid.
    """
    return any(columns.get(name, name) in fields for name in TYPICAL_FIELDS)


def article_of(fields: dict[str, Any], id_if_none: Callable[[], str]) -> tuple[Article, str | None]:
    """Return the article with the values in `fields`, and a warning or None.

    The warning names the fields from which invalid characters were removed.

    `published` may be in any format that `iso_date` accepts. `id_if_none` returns
    the id of an article without an id. Raises InputError, with the name of the field,
    if a field is missing or invalid.
    """
    fields, oddity = clean_fields(fields)
    given = fields.get("id")
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    article = Article(
        id=id_if_none() if given is None else _text("id", given),
        title=_text("title", _required(fields, "title")),
        paragraphs=_paragraphs(fields),
        published=_published(fields),
        **{name: _text(name, fields[name]) for name in AS_TEXT if fields.get(name) is not None},
    )
    return article, oddity


def _published(fields: dict[str, Any]) -> str | None:
    given, language = fields.get("published"), fields.get("language")
    if given is None:
        return None
    if isinstance(given, date):  # A datetime too.
        return given.isoformat()
    if isinstance(given, int | float) and not isinstance(given, bool):
        given = str(given)  # Seconds or milliseconds since 1970.
    return iso_date(_text("published", given), language if isinstance(language, str) else None)


def _paragraphs(fields: dict[str, Any]) -> tuple[str, ...]:
    text, paragraphs = fields.get("text"), fields.get("paragraphs")
    if text is not None and paragraphs is not None:
        raise InputError("there is a 'text' and there are 'paragraphs'; give one of the two")
    if text is not None:
        return split_paragraphs(_text("text", text))
    if not isinstance(_required(fields, "paragraphs"), list):
        raise InputError(f"'paragraphs' must be a list of texts, got {json_type(paragraphs)}")
    texts = (_text(f"paragraphs[{at}]", item) for at, item in enumerate(fields["paragraphs"]))
    return tuple(stripped for item in texts if (stripped := item.strip()))


def _required(fields: dict[str, Any], name: str) -> Any:
    if fields.get(name) is None:
        if name == "paragraphs":
            raise InputError("'paragraphs' is missing, and so is 'text'; give one of the two")
        raise InputError(f"'{name}' is missing; add it")
    return fields[name]


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InputError(f"'{name}' must be text, got {json_type(value)}")
    return value.strip()


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
