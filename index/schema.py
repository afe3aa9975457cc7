"""The table of the fields of an article.

The table is the class `ArticleFields`. All other code derives its fields from
this table: the catalog, the columns, the keyword index, filters, facets, `field:`
in questions, the readers of files, HTTP and the command line. To add a keyword
field, add it to `ArticleFields` and to `KeywordFilters`.

A field of the kind "list" has several values, and its values are those of a
keyword field: `tags` of the keyword field `tag`, `sections` of `section`, and
`byline` of `author`. `section` is also a field: the first of `sections`. `author`
is the line that names the authors, as printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields, replace
from typing import Annotated, Any, Final, Literal, get_type_hints

__all__ = [
    "DECLARED",
    "FIELDS",
    "FIELD_BOOSTS",
    "FIELD_NAMES",
    "KEYWORD_FIELDS",
    "LISTS",
    "LIST_FIELDS",
    "OPTIONAL_FIELDS",
    "PUBLISHED",
    "QUERY_FIELDS",
    "SORTABLE_FIELDS",
    "TEXT",
    "TEXT_FIELDS",
    "VALUE_FIELDS",
    "WHOLE_PARAGRAPH",
    "ArticleFields",
    "Field",
    "KeywordFilters",
    "Kind",
    "stored_value",
    "values_of",
]

Kind = Literal["text", "keyword", "list", "date", "stored", "json"]
"""How a field is searched.

A `text` field is searched by words. A `keyword` field is searched by its value
and by words, and so is each value of a `list`. A `date` field is searched by
ranges. A `stored` field is only shown, and so is a `json` field, an object.
"""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an article.

    `boost` is the weight of a word in a text field. A word in a paragraph has the
    weight 1. `value` is the name of one value of a list, and of its keyword field.
    """

    kind: Kind
    help: str
    boost: float = 1.0
    value: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class ArticleFields:
    """An article without its paragraphs.

    `published` is an ISO 8601 date or date and time ("2023-01-04",
    "2023-01-04T09:30:00+01:00"). `language` is a tag such as "en". `section` is
    the first of `sections`. `extra` is an object of JSON, None if there is none.
    """

    id: str
    title: Annotated[
        str,
        # A title names the topic of its article. With a boost of 1.4 instead of 1, keyword search
        # is better at questions about facts of a certain date: nDCG@10 is .58 instead of .53. On
        # 4 other judged sets the results hardly change.
        Field("text", "The title of the article.", boost=1.4),
    ]
    _: KW_ONLY
    url: Annotated[str | None, Field("stored", "The address of the article.")] = None
    source: Annotated[str | None, Field("keyword", "The publication it appeared in.")] = None
    author: Annotated[str | None, Field("keyword", "The author, or the authors.")] = None
    section: Annotated[str | None, Field("keyword", "The section of the publication.")] = None
    published: Annotated[str | None, Field("date", "When it was published.")] = None
    language: Annotated[str | None, Field("keyword", "The tag of its language.")] = None
    summary: Annotated[
        str | None, Field("text", "A teaser, which is searched and is not a paragraph.")
    ] = None
    image: Annotated[str | None, Field("stored", "The address of a picture.")] = None
    sections: Annotated[
        tuple[str, ...], Field("list", "All its sections, the first one first.", value="section")
    ] = ()
    tags: Annotated[tuple[str, ...], Field("list", "Its topics.", value="tag")] = ()
    byline: Annotated[
        tuple[str, ...], Field("list", "Its authors, one by one.", value="author")
    ] = ()
    # The hash of an object of JSON is not defined.
    extra: Annotated[Mapping[str, Any] | None, Field("json", "Other fields of the publisher.")] = (
        field(default=None, hash=False)
    )

    def fields_to_dict(self) -> dict[str, Any]:
        """Return the fields in their form as JSON: lists in place of tuples."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name in FIELD_NAMES
            for value in (getattr(self, name),)
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordFilters:
    """The allowed values of each keyword field; a single text is one allowed value."""

    source: str | Sequence[str] = ()
    author: str | Sequence[str] = ()
    section: str | Sequence[str] = ()
    language: str | Sequence[str] = ()
    tag: str | Sequence[str] = ()


FIELD_NAMES: Final = tuple(each.name for each in fields(ArticleFields))
"""The names of all fields, `id` first, in the order of the columns of the catalog."""

FIELDS: Final = tuple(
    replace(spec, name=name)
    for name, hint in get_type_hints(ArticleFields, include_extras=True).items()
    for spec in getattr(hint, "__metadata__", ())
)
"""The specifications of all fields except `id`, in the order of `ArticleFields`."""

OPTIONAL_FIELDS: Final = FIELD_NAMES[2:]
"""The fields that an article may lack."""

LISTS: Final = {each.value: each.name for each in FIELDS if each.kind == "list"}
"""Keyword field -> the field with its values, if an article has several of them."""

LIST_FIELDS: Final = tuple(LISTS.values())

KEYWORD_FIELDS: Final = tuple(
    dict.fromkeys([*(each.name for each in FIELDS if each.kind == "keyword"), *LISTS])
)
"""The fields that are filtered and counted by value.

Columns store a code for each value.
"""

SORTABLE_FIELDS: Final = ("published", "source", "author", "section", "language")
"""The fields that hits can be ordered by: of several values, by the first one."""

TEXT: Final = "text"
"""The name of the field for paragraph text, in the keyword index and in questions."""

FIELD_BOOSTS: Final = {TEXT: 1.0} | {
    each.name: each.boost for each in FIELDS if each.kind == "text"
}
"""The weight of a word in each text field, if the question names no field for it.

A word that occurs in several fields counts only in the field with the highest
score. With the sum of the scores, all paragraphs of an article with a matching
title would rank above better paragraphs of other articles. On 4 judged sets,
nDCG@10 of keyword search alone is .687 with the sum and .721 with the highest
score. After fusion it is .714 with the sum and .733 with the highest score.
"""

TEXT_FIELDS: Final = tuple(FIELD_BOOSTS)
"""The fields that are indexed as words with positions and scored by BM25."""

VALUE_FIELDS: Final = (*KEYWORD_FIELDS, "article")
"""The fields that are indexed by value (see `value_terms`). A match scores 1.

`article` is the id of the article.
"""

PUBLISHED: Final = "published"

DECLARED: Final = "declared"
"""The field of the keyword index with the terms of all declared fields.

A keyword index cannot get new fields later.
"""

PERIODS: Final = ("day", "month", "year")

QUERY_FIELDS: Final = (*TEXT_FIELDS, *VALUE_FIELDS, PUBLISHED)
"""The fields that a question may name, as in `section:health`."""

WHOLE_PARAGRAPH: Final = "whole"
"""The field of a part that contains the words of the complete paragraph.

Only parts have this field. A part is ranked by its `text`, but the constraint of
a question (phrases, + and -, fields) applies to the complete paragraph. A match
of a word or phrase in this field scores 1.
"""


def values_of(article: ArticleFields, field: str) -> tuple[str, ...]:
    """Return the values that an article has in one of KEYWORD_FIELDS."""
    values = getattr(article, LISTS.get(field, field))
    if isinstance(values, tuple):
        return values
    return () if values is None else (values,)


def stored_value(article: ArticleFields, name: str) -> Any:
    """Return the value of an optional field, None if it needs no storage.

    `sections` follow from `section`, and `byline` from `author`, if they have only
    that value. An empty list is None too.
    """
    value = getattr(article, name)
    if not isinstance(value, tuple):
        return value
    single = next(each for each, several in LISTS.items() if several == name)
    return None if value in ((), (getattr(article, single, None),)) else value
