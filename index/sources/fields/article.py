"""Make an article from the fields of a line, a row, a request or a mapping."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from nutgraf.index.article import Article
from nutgraf.index.errors import InputError
from nutgraf.index.fields.values import MAX_EXTRA, check_nesting, checked_extra, json_size
from nutgraf.index.json_lines import json_type
from nutgraf.index.schema import FIELDS, LIST_FIELDS
from nutgraf.index.sources.fields.clean import clean_fields
from nutgraf.index.sources.fields.columns import INPUT_FIELDS
from nutgraf.index.sources.fields.dates import iso_date, warnings_of
from nutgraf.index.sources.fields.paragraphs import split_paragraphs
from nutgraf.index.sources.items import Item, UnknownFields

__all__ = ["ReadArticle", "article_of"]

AS_TEXT: Final = tuple(
    field.name
    for field in FIELDS
    if field.kind in ("stored", "keyword", "text") and field.name != "title"
)
"""Optional fields whose text is used unchanged."""

LISTED: Final = {"author": "byline", "section": "sections"}
"""Fields that may also be a list: the list of values then."""


@dataclass(frozen=True, slots=True)
class ReadArticle:
    """An article with a warning or None, and the fields that went into its `extra`.

    `unknown` are the names of fields that Nutgraf does not know.
    """

    article: Article
    warning: str | None
    unknown: tuple[str, ...] = ()

    def items(self, place: str, *oddities: str | None) -> Iterator[Item]:
        """Yield the reports on the article, then the article.

        `oddities` are other problems of it, or None.
        """
        yield from warnings_of(self.article, place, *oddities, self.warning)
        if self.unknown:
            yield UnknownFields(place, self.unknown)
        yield self.article


def article_of(
    given: Mapping[str, Any],
    id_if_none: Callable[[], str],
    others: Mapping[str, Any] = MappingProxyType({}),
) -> ReadArticle:
    """Return the article with the values in `given`.

    The warning names the fields from which invalid characters or addresses were removed.
    Unknown fields go into `extra`, and so do `others`, whose names may be those of known
    fields. A null is left out, and so is a field that does not fit.

    `published` may be in any format that `iso_date` accepts. `id_if_none` returns
    the id of an article without an id. Raises InputError, with the name of the field,
    if a field is missing or invalid.
    """
    known = {name: value for name, value in given.items() if name in INPUT_FIELDS}
    unknown, left_out = _bounded(
        {name: value for name, value in given.items() if name not in INPUT_FIELDS} | dict(others)
    )
    check_nesting("extra", known.get("extra"))
    fields, oddity = clean_fields(known)
    unknown, oddity_of_unknown = clean_fields(unknown)
    name = fields.get("id")
    if isinstance(name, int) and not isinstance(name, bool):
        name = str(name)
    for single, several in LISTED.items():
        if isinstance(fields.get(single), list) and fields.get(several) is None:
            fields[several], fields[single] = fields[single], None
    extra = _merged(fields.get("extra"), unknown, left_out)
    texts: dict[str, Any] = {
        name: _text(name, fields[name]) for name in AS_TEXT if fields.get(name) is not None
    }
    lists: dict[str, Any] = {name: _list(name, fields.get(name)) for name in LIST_FIELDS}
    article = Article(
        id=id_if_none() if name is None else _text("id", name),
        title=_text("title", _required(fields, "title")),
        paragraphs=_paragraphs(fields),
        published=_published(fields),
        extra=extra,
        **texts,
        **lists,
    )
    kept = tuple(key for key in unknown if key in (article.extra or {}))
    reasons = "; ".join(left_out.values())
    left = f"unknown fields were left out: {reasons}" if left_out else None
    warning = "; ".join(filter(None, (oddity, oddity_of_unknown, left)))
    return ReadArticle(article, warning or None, kept)


def _bounded(unknown: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the fields that may fit, and the reasons against the others.

    A null is left out, and a field with too many parts. Dates become text.
    """
    bounded: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for name, value in unknown.items():
        try:
            check_nesting(name, value)
        except InputError as error:
            left_out[name] = str(error)
        else:
            if value is not None:
                bounded[name] = value.isoformat() if isinstance(value, date) else value
    return bounded, left_out


def _merged(
    extra: Any, unknown: Mapping[str, Any], left_out: dict[str, str]
) -> dict[str, Any] | None:
    """Return `extra` with the unknown fields of an article.

    The largest fields are left out if all together are too large, and so are values
    that JSON does not have; their reasons are added to `left_out`. Raises InputError
    if `extra` is invalid, or if a field is also in `extra`.
    """
    merged: dict[str, Any] = checked_extra(extra) or {}
    if twice := next((key for key in unknown if key in merged), None):
        raise InputError(f"'{twice}' is given twice: beside 'extra' and in it; give it once")
    sizes: dict[str, int] = {}
    for key, value in unknown.items():
        try:
            sizes[key] = json_size(key, {key: value})
        except InputError as error:
            left_out[key] = str(error)
    room = MAX_EXTRA - json_size("extra", merged)
    for key in sorted(sizes, key=lambda key: sizes[key]):
        room -= sizes[key]
        if room < 0:
            left_out[key] = (
                f"'{key}' takes {sizes[key]:,} bytes, and 'extra' has {MAX_EXTRA:,} for all"
            )
    merged.update((key, value) for key, value in unknown.items() if key not in left_out)
    return merged or None


def _published(fields: Mapping[str, Any]) -> str | None:
    given, language = fields.get("published"), fields.get("language")
    if given is None:
        return None
    if isinstance(given, date):  # A datetime too.
        return given.isoformat()
    if isinstance(given, int | float) and not isinstance(given, bool):
        given = str(given)  # Seconds or milliseconds since 1970.
    return iso_date(_text("published", given), language if isinstance(language, str) else None)


def _paragraphs(fields: Mapping[str, Any]) -> tuple[str, ...]:
    text, paragraphs = fields.get("text"), fields.get("paragraphs")
    if text is not None and paragraphs is not None:
        raise InputError("there is a 'text' and there are 'paragraphs'; give one of the two")
    if text is not None:
        return split_paragraphs(_text("text", text))
    if not isinstance(_required(fields, "paragraphs"), list):
        raise InputError(f"'paragraphs' must be a list of texts, got {json_type(paragraphs)}")
    texts = (_text(f"paragraphs[{at}]", item) for at, item in enumerate(fields["paragraphs"]))
    return tuple(stripped for item in texts if (stripped := item.strip()))


def _list(name: str, value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        raise InputError(f"'{name}' must be a list of texts, got {json_type(value)}")
    return tuple(_text(f"{name}[{at}]", item) for at, item in enumerate(value))


def _required(fields: Mapping[str, Any], name: str) -> Any:
    if fields.get(name) is None:
        if name == "paragraphs":
            raise InputError("'paragraphs' is missing, and so is 'text'; give one of the two")
        raise InputError(f"'{name}' is missing; add it")
    return fields[name]


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InputError(f"'{name}' must be text, got {json_type(value)}")
    return value.strip()
