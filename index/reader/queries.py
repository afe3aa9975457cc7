"""Queries to an index, and their results.

A `Condition` (conditions.py) is a part of most queries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.article import Paragraph
from nutgraf.index.catalog.records import Record
from nutgraf.index.ranking import Ranking
from nutgraf.index.reader.conditions import Condition, Unit

__all__ = [
    "FacetCounts",
    "FacetQuery",
    "FoundParagraph",
    "KeywordQuery",
    "ListQuery",
    "Listing",
    "Matching",
    "Order",
    "Page",
    "Period",
    "Position",
    "Retrieved",
    "RowSet",
    "Statistics",
    "Title",
    "VectorQuery",
]

Period = Literal["day", "month", "year"]


@dataclass(frozen=True, slots=True, eq=False)
class KeywordQuery:
    """A request for all rows that match `query` and meet `condition`.

    `query` is a tree of `whoosh.query` over analysed terms. The rows are in ascending
    order, with their scores by BM25.
    """

    query: Any
    condition: Condition


@dataclass(frozen=True, slots=True, eq=False)
class VectorQuery:
    """A request for the best `depth` rows by their cosine to `embedding`.

    The rows meet `condition`. `embedding` is float32 of shape (dimension,). In a large
    index, more `effort` finds more of these rows; it has no effect on an exact search.
    """

    embedding: NDArray[np.float32]
    depth: int
    condition: Condition
    effort: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class RowSet:
    """Rows that are known already: int64 of shape (n,), ascending."""

    rows: NDArray[np.int64]


Matching = KeywordQuery | VectorQuery | RowSet
"""A part of a set of matches.

The set contains all rows of a KeywordQuery, the first `depth` rows of a VectorQuery, and
the rows of a RowSet.
"""


@dataclass(frozen=True, slots=True, eq=False)
class FacetQuery:
    """A request to count the values, the periods or the ranges of a field.

    `period` is the length of the periods of a date field, and `width` the size of the
    ranges of a number field; both are None to count values. The count of a value is the
    number of units, of the kind `by`, with a row that has the value and belongs to one
    of `matching`. At most `most` values, periods or ranges are returned: the most
    frequent values, the newest periods or the highest ranges. Values with equal counts
    are sorted by value. With `empty`, periods and ranges between others have the count 0.
    """

    field: str
    matching: tuple[Matching, ...]
    by: Unit
    most: int
    period: Period | None = None
    width: float | None = None
    empty: bool = False


@dataclass(frozen=True, slots=True)
class FacetCounts:
    """The result of a FacetQuery: values, periods or ranges with their counts.

    Values are sorted by count, the highest first. Periods and ranges ascend; a range has
    the text of its lower limit. `total` is the number of different values or periods, including
    those that are not in `counts`.
    """

    counts: tuple[tuple[str, int], ...] = ()
    total: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """An order of units by the value of a field, such as "published".

    Units without a value come last. Units with the same value are ordered by their rows.
    """

    field: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Position:
    """The place of a unit in an Order: its value, None without one, and its row."""

    value: str | float | None
    row: int


@dataclass(frozen=True, slots=True, eq=False)
class ListQuery:
    """A request to count units, and to list some of them.

    The units, of the kind `by`, are those with a row that belongs to one of `matching`.
    The listing begins after `start` units, and contains at most `limit`. A unit that is
    a group of versions is ordered by its newest version, or by its first one if `newest`
    is False.

    `after` and `added_before` continue a listing of an older snapshot. Units up to the
    position `after`, and units whose row is not below `added_before`, are not listed.
    """

    matching: tuple[Matching, ...]
    by: Unit
    order: Order | None = None
    start: int = 0
    limit: int = 0
    newest: bool = True
    after: Position | None = None
    added_before: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """The result of a ListQuery.

    `total` is the number of all units. `rows` contains one row of each listed unit: the
    first matching row, of the version that decides the order. `positions` contains the
    position of each listed unit.
    """

    total: int
    rows: NDArray[np.int64]
    positions: tuple[Position, ...] = ()


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The results of one call of `retrieve`, in the order of its arguments."""

    rankings: tuple[Ranking, ...]
    facets: tuple[FacetCounts, ...] = ()
    listings: tuple[Listing, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundParagraph:
    """The article of a row, its paragraph or part, and the paragraph's complete text."""

    record: Record
    paragraph: Paragraph
    whole_text: str


@dataclass(frozen=True, slots=True)
class Page:
    """The paragraphs of some rows, and only the public ids of other paragraphs.

    The keys of `paragraphs` and `ids` are rows.
    """

    paragraphs: Mapping[int, FoundParagraph]
    ids: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Title:
    """The title and the id of an article."""

    text: str
    article: str


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts and properties of an index.

    `bytes` is the size of the index on disk, and `parts` the bytes of each part;
    `other` are earlier generations and small files. `bytes_per_paragraph` counts only
    the parts that grow with the number of paragraphs: no encoder, reranker or `other`.
    It is None if there are no paragraphs. `boilerplate` is the number of paragraphs
    that are excluded from the rankings.
    """

    articles: int
    paragraphs: int
    boilerplate: int
    rows: int
    snapshot: int
    committed: str | None
    language: str
    keyword_engine: str
    encoder: str
    reranker: str | None
    dimension: int
    format: int
    bytes: int
    bytes_per_paragraph: float | None
    parts: Mapping[str, int]
