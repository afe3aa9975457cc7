"""The table of the fields of an article.

The table is the class `ArticleFields`. All other code derives its fields from
this table: the catalog, the columns, the keyword index, filters, facets, `field:`
in questions, the readers of files, HTTP and the command line. To add a keyword
field, add it to `ArticleFields` and to `KeywordFilters`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, fields, replace
from typing import Annotated, Final, Literal, get_type_hints

__all__ = [
    "FACETS",
    "FIELDS",
    "FIELD_BOOSTS",
    "FIELD_NAMES",
    "KEYWORD_FIELDS",
    "OPTIONAL_FIELDS",
    "PUBLISHED",
    "QUERY_FIELDS",
    "SORTABLE_FIELDS",
    "TEXT",
    "TEXT_FIELDS",
    "VALUE_FIELDS",
    "WHOLE",
    "ArticleFields",
    "Field",
    "KeywordFilters",
    "Kind",
]

Kind = Literal["text", "keyword", "date", "stored"]
"""How a field is searched.

A `text` field is searched by words. A `keyword` field is searched by its value
and by words, a `date` field by ranges. A `stored` field is only shown.
"""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an article.

    `boost` is the weight of a word in a text field. A word in a paragraph has the
    weight 1.
    """

    kind: Kind
    help: str
    boost: float = 1.0
    name: str = ""


@dataclass(frozen=True, slots=True)
class ArticleFields:
    """An article without its paragraphs.

    `published` is an ISO 8601 date or date and time ("2023-01-04",
    "2023-01-04T09:30:00+01:00"). `language` is a tag such as "en".
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

    @staticmethod
    def of(article: ArticleFields) -> ArticleFields:
        """Return only the fields of an article or of a record of the catalog."""
        return ArticleFields(**{name: getattr(article, name) for name in FIELD_NAMES})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordFilters:
    """The allowed values of each keyword field; a single text is one allowed value."""

    source: str | Sequence[str] = ()
    author: str | Sequence[str] = ()
    section: str | Sequence[str] = ()
    language: str | Sequence[str] = ()


FIELD_NAMES: Final = tuple(field.name for field in fields(ArticleFields))
"""The names of all fields, `id` first, in the order of the columns of the catalog."""

FIELDS: Final = tuple(
    replace(spec, name=name)
    for name, hint in get_type_hints(ArticleFields, include_extras=True).items()
    for spec in getattr(hint, "__metadata__", ())
)
"""The specifications of all fields except `id`, in the order of `ArticleFields`."""

OPTIONAL_FIELDS: Final = FIELD_NAMES[2:]
"""The fields that an article may lack."""

KEYWORD_FIELDS: Final = tuple(field.name for field in FIELDS if field.kind == "keyword")
"""The fields that are filtered and counted by value.

Columns store a code for each value.
"""

SORTABLE_FIELDS: Final = (*KEYWORD_FIELDS, "published")
"""The fields that hits can be ordered by."""

TEXT: Final = "text"
"""The name of the field for paragraph text, in the keyword index and in questions."""

FIELD_BOOSTS: Final = {TEXT: 1.0} | {
    field.name: field.boost for field in FIELDS if field.kind == "text"
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

PERIODS: Final = ("day", "month", "year")

QUERY_FIELDS: Final = (*TEXT_FIELDS, *VALUE_FIELDS, PUBLISHED)
"""The fields that a question may name, as in `section:health`."""

FACETS: Final = (
    *KEYWORD_FIELDS,
    *(f"{field.name}:{unit}" for field in FIELDS if field.kind == "date" for unit in PERIODS),
)
"""The facets: the values of a keyword field, or days, months and years of a date."""

WHOLE: Final = "whole"
"""The field of a part that contains the words of the complete paragraph.

Only parts have this field. A part is ranked by its `text`, but the constraint of
a question (phrases, + and -, fields) applies to the complete paragraph. A match
of a word or phrase in this field scores 1.
"""
