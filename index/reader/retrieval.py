"""QueryExecution: rankings of queries and rows that match them, in one snapshot.

Masks have one value per row of the index, so their size grows with the index. The
methods of a reader do not return masks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.distinct import are_repeated, contained, merged, starts
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.query import query
from nutgraf.index.ranking import Ranking
from nutgraf.index.reader.article_scope import ArticleScope
from nutgraf.index.reader.conditions import FieldValues, value_query
from nutgraf.index.reader.protocol import (
    NO_DATE,
    KeywordQuery,
    Matching,
    Members,
    RowSet,
    Unit,
    VectorQuery,
)
from nutgraf.index.schema import PUBLISHED

if TYPE_CHECKING:
    from pathlib import Path

    from nutgraf.index.reader.conditions import Condition
    from nutgraf.index.reader.snapshot import IndexSnapshot

__all__ = ["MatchingUnits", "QueryExecution", "lost_code"]


@dataclass(frozen=True, slots=True, eq=False)
class MatchingUnits:
    """The units of a set of matches, to count values of articles.

    `rows` are rows of different articles, and `counts` the numbers of their units. `several`
    are rows of the units that are in several articles or have several rows, and `units`
    their units. All arrays are int64.
    """

    rows: NDArray[np.int64]
    counts: NDArray[np.int64]
    several: NDArray[np.int64]
    units: NDArray[np.int64]


_Units = tuple[NDArray[np.int64], NDArray[np.int64]]


class QueryExecution:
    """The queries of one call of `retrieve`. It computes each ranking only once."""

    def __init__(self, snapshot: IndexSnapshot) -> None:
        self._snapshot = snapshot
        self._rankings: dict[KeywordQuery | VectorQuery, Ranking] = {}
        self._rows: dict[tuple[Matching, ...], NDArray[np.int64]] = {}
        self._units: dict[tuple[tuple[Matching, ...], Unit], _Units] = {}
        self._articles: dict[tuple[tuple[Matching, ...], Unit], MatchingUnits] = {}
        self._masks: dict[Any, NDArray[np.bool_]] = {}
        self._of_articles: dict[Any, NDArray[np.bool_]] = {}

    def rank(self, asked: KeywordQuery | VectorQuery) -> Ranking:
        """Return the ranking of a query."""
        if asked not in self._rankings:
            if isinstance(asked, VectorQuery):
                allowed = self._allowed(asked.condition)
                vectors = self._snapshot.vectors
                ranking = vectors.rank(asked.embedding, asked.depth, allowed, asked.effort)
            else:
                ranking = self._rank_by_words(asked)
            self._rankings[asked] = ranking
        return self._rankings[asked]

    def rows(self, matching: tuple[Matching, ...]) -> NDArray[np.int64]:
        """Return the rows of a set of matches, ascending: int64 of shape (n,)."""
        if matching not in self._rows:
            rows = np.empty(0, np.int64)
            for each in matching:
                more = each.rows if isinstance(each, RowSet) else self.rank(each).rows
                more = np.sort(more) if isinstance(each, VectorQuery) else more
                rows = merged(rows, more)
            self._rows[matching] = rows
        return self._rows[matching]

    def units(self, matching: tuple[Matching, ...], by: Unit) -> _Units:
        """Return the first matching row of each paragraph or article, and their units.

        Units that are stories have one row for each of their paragraphs or articles.
        """
        if (matching, by) not in self._units:
            rows, units = self._firsts(self.rows(matching), by.removesuffix("_story"))
            if by.endswith("_story"):
                units = self._snapshot.units(rows, by)
            self._units[matching, by] = (rows, units)
        return self._units[matching, by]

    def articles(self, matching: tuple[Matching, ...], by: Unit) -> MatchingUnits:
        """Return the units of a set of matches, by the articles that they are in."""
        if (matching, by) not in self._articles:
            rows, units = self.units(matching, by)
            several = np.empty(0, np.int64)
            if by.endswith("_story"):
                several = np.flatnonzero(are_repeated(units))
            alone = np.delete(rows, several) if len(several) else rows
            firsts = starts(self._snapshot.units(alone, "article"))
            counts = np.diff(firsts, append=len(alone))
            found = MatchingUnits(alone[firsts], counts, rows[several], units[several])
            self._articles[matching, by] = found
        return self._articles[matching, by]

    def _firsts(self, rows: NDArray[np.int64], by: str) -> _Units:
        """Return the first of ascending rows in each paragraph or article, and its number."""
        if by == "paragraph" and not self._snapshot.has_split_paragraphs:
            return rows, rows
        # The rows of one paragraph or article follow one another.
        units = self._snapshot.units(rows, "article" if by == "article" else "paragraph")
        firsts = starts(units)
        return rows[firsts], units[firsts]

    def _matching(self, tree: Any) -> NDArray[np.bool_]:
        """Return a mask of the rows that match a query, of shape (rows,)."""
        if tree not in self._masks:
            keywords, ranked = self._snapshot.keywords, self._snapshot.ranked
            rows = self._snapshot.commit.rows
            if 2 * keywords.count(tree) <= keywords.paragraphs:
                mask = np.zeros(rows, bool)
                mask[keywords.rows(tree)] = True
            else:
                # More than half of the rows match. Fetch the others, because they are fewer.
                mask = np.ones(rows, bool) if ranked is None else ranked.copy()
                mask[keywords.rows(query.Not(tree))] = False
            self._masks[tree] = mask
        return self._masks[tree]

    def _article_mask(self, constraint: Any) -> NDArray[np.bool_]:
        """Return a mask of the rows whose article meets a constraint."""
        if constraint not in self._of_articles:
            scope = ArticleScope(self._matching, self._snapshot.columns.article)
            self._of_articles[constraint] = scope.rows(constraint)
        return self._of_articles[constraint]

    def _rank_by_words(self, asked: KeywordQuery) -> Ranking:
        if asked.query != query.Every():
            # The keyword index has no row that cannot be in a ranking.
            allowed = _all_of(list(self._condition_masks(asked.condition)))
            return self._snapshot.keywords.scores(asked.query, allowed)
        allowed = self._allowed(asked.condition)
        rows = np.arange(self._snapshot.commit.rows) if allowed is None else np.flatnonzero(allowed)
        return Ranking(rows, np.ones(len(rows), np.float32))

    def _allowed(self, condition: Condition) -> NDArray[np.bool_] | None:
        """Return a mask of the rows that can be in a ranking under `condition`.

        The mask has shape (rows,). None means that all rows of the index can be in the ranking.
        """
        masks = [] if self._snapshot.ranked is None else [self._snapshot.ranked]
        masks += self._condition_masks(condition)
        return _all_of(masks)

    def _condition_masks(self, condition: Condition) -> Iterator[NDArray[np.bool_]]:
        """Yield a mask for each part of a condition."""
        snapshot = self._snapshot
        for field, values in condition.values:
            yield _value_mask(snapshot, field, values)
        if condition.is_dated:
            yield from _published_masks(snapshot, *condition.published)
        if condition.other_than is not None:
            yield _other_mask(snapshot, condition.other_than)
        for each in condition.fields:
            yield _field_mask(snapshot, each)
        if condition.members is not None:
            yield _member_mask(snapshot, condition.members)
        if condition.constraint is not None:
            yield self._matching(condition.constraint)
        if condition.article_constraint is not None:
            yield self._article_mask(condition.article_constraint)


def _all_of(masks: list[NDArray[np.bool_]]) -> NDArray[np.bool_] | None:
    """Return the mask of the rows that are in all masks; None without masks."""
    # A single mask is not copied. Nobody writes to it.
    return np.logical_and.reduce(masks) if len(masks) > 1 else next(iter(masks), None)


def lost_code(index: Path, field: str, value: str) -> BrokenIndexError:
    """Return the error for a value of an article that has no code in the catalog."""
    return BrokenIndexError(
        f"the catalog of {index} has lost the code of {field} {value!r}; "
        "run 'nutgraf repair' to rebuild it"
    )


def _member_mask(snapshot: IndexSnapshot, members: Members) -> NDArray[np.bool_]:
    units = snapshot.units(np.arange(snapshot.commit.rows), members.unit)
    return contained(units, np.array(members.numbers, np.int64))


def _value_mask(snapshot: IndexSnapshot, field: str, values: tuple[str, ...]) -> NDArray[np.bool_]:
    if field == "article":
        records = [snapshot.article(value) for value in values]
        numbers = [record.number for record in records if record is not None]
        return np.isin(snapshot.columns.article, np.array(numbers, np.uint32))
    codes = snapshot.catalog.codes(field, values)
    for value in set(values) - codes.keys():
        # Either no article has the value, or the entry of its code is damaged.
        if snapshot.keywords.count(value_query(field, value, snapshot.declared.get(field))):
            raise lost_code(snapshot.path, field, value)
    return snapshot.columns.codes(field).mask(codes.values())


def _field_mask(snapshot: IndexSnapshot, asked: FieldValues) -> NDArray[np.bool_]:
    if asked.values:
        mask = _value_mask(snapshot, asked.field, asked.values)
    elif asked.field == PUBLISHED or asked.kind in ("number", "date"):
        columns = snapshot.columns
        numbers = columns.published if asked.kind is None else columns.numbers[asked.field]
        mask = _number_mask(numbers, *(asked.limits or (None, None)))
    else:
        mask = snapshot.columns.codes(asked.field).present()
    return ~mask if asked.excluded else mask


def _number_mask(
    numbers: NDArray[Any], first: float | None, last: float | None
) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = (
        numbers != NO_DATE if numbers.dtype.kind == "i" else ~np.isnan(numbers)
    )
    if first is not None:
        mask &= numbers >= first
    if last is not None:
        mask &= numbers <= last
    return mask


def _published_masks(
    snapshot: IndexSnapshot, start: int | None, end: int | None
) -> list[NDArray[np.bool_]]:
    published = snapshot.columns.published
    masks = [published != NO_DATE]
    if start is not None:
        masks.append(published >= start)
    if end is not None:
        masks.append(published <= end)
    return masks


def _other_mask(snapshot: IndexSnapshot, article: str) -> NDArray[np.bool_]:
    record = snapshot.article(article)
    others = np.ones(snapshot.commit.rows, bool)
    if record is not None:
        others[record.rows.start : record.rows.stop] = False
    return others
