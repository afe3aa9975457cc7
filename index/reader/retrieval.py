"""QueryExecution: rankings of queries and rows that match them, in one snapshot.

Masks have one value per row of the index, so their size grows with the index. The
methods of a reader do not return masks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.analyzer import exact_term
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

__all__ = ["QueryExecution", "first_rows", "lost_code"]

MAX_EXACT_ROWS: Final = 20_000
"""The highest number of rows that a vector search fetches from the keyword index.

It needs them if the condition has a constraint. Up to this number, all rows that
meet the condition are fetched and then ranked. If more rows meet the condition, it
is cheaper to rank first and to check the ranked rows afterwards.
"""

WIDEN: Final = 4
"""The factor by which the depth of a vector ranking grows at each attempt.

Another attempt is needed if too few of the ranked rows meet the constraint.
"""


class QueryExecution:
    """The queries of one call of `retrieve`. It computes each ranking only once."""

    def __init__(self, snapshot: IndexSnapshot) -> None:
        self._snapshot = snapshot
        self._rankings: dict[KeywordQuery | VectorQuery, Ranking] = {}
        self._rows: dict[tuple[Matching, ...], NDArray[np.int64]] = {}
        self._of_articles: dict[Any, NDArray[np.bool_]] = {}

    def rank(self, asked: KeywordQuery | VectorQuery) -> Ranking:
        """Return the ranking of a query."""
        if asked not in self._rankings:
            if isinstance(asked, VectorQuery):
                ranking = self._rank_by_meaning(asked)
            else:
                ranking = self._rank_by_words(asked)
            self._rankings[asked] = ranking
        return self._rankings[asked]

    def rows(self, matching: tuple[Matching, ...]) -> NDArray[np.int64]:
        """Return the rows of a set of matches, ascending: int64 of shape (n,)."""
        if matching not in self._rows:
            mask = np.zeros(self._snapshot.commit.rows, bool)
            for each in matching:
                self._mark(each, mask)
            self._rows[matching] = np.flatnonzero(mask)
        return self._rows[matching]

    def _mark(self, asked: Matching, mask: NDArray[np.bool_]) -> None:
        """Set `mask`, of shape (rows,), to True at each row that belongs to `asked`."""
        if isinstance(asked, RowSet):
            mask[asked.rows] = True
            return
        if isinstance(asked, VectorQuery):
            mask[self.rank(asked).rows] = True
            return
        condition = asked.condition
        if asked.query == query.Every() and condition.constraint is None:
            allowed = self._allowed(condition)
            mask |= True if allowed is None else allowed
            return
        within = condition.tree()
        found = self._matching(asked.query if within is None else query.And([asked.query, within]))
        if condition.article_constraint is not None:
            found &= self._article_mask(condition.article_constraint)
        mask |= found

    def _matching(self, tree: Any) -> NDArray[np.bool_]:
        """Return a mask of the rows that match a query, of shape (rows,)."""
        keywords, ranked = self._snapshot.keywords, self._snapshot.ranked
        if 2 * keywords.count(tree) <= keywords.paragraphs:
            mask = np.zeros(self._snapshot.commit.rows, bool)
            mask[keywords.rows(tree)] = True
            return mask
        # More than half of the rows match. Fetch the rows that do not, because they are fewer.
        mask = np.ones(self._snapshot.commit.rows, bool) if ranked is None else ranked.copy()
        mask[keywords.rows(query.Not(tree))] = False
        return mask

    def _article_mask(self, constraint: Any) -> NDArray[np.bool_]:
        """Return a mask of the rows whose article meets a constraint."""
        if constraint not in self._of_articles:
            scope = ArticleScope(self._matching, self._snapshot.columns.article)
            self._of_articles[constraint] = scope.rows(constraint)
        return self._of_articles[constraint]

    def _rank_by_words(self, asked: KeywordQuery) -> Ranking:
        keywords, condition = self._snapshot.keywords, asked.condition
        within, masks = condition.tree(), []
        if condition.members is not None:
            masks.append(_member_mask(self._snapshot, condition.members))
            articles = self._articles_of(masks[0])
            within = articles if within is None else query.And([articles, within])
        if condition.article_constraint is not None:
            masks.append(self._article_mask(condition.article_constraint))
        if not masks:
            return keywords.rank(asked.query, asked.depth, within)
        ranking = keywords.rank(asked.query, None, within)
        kept = np.flatnonzero(np.logical_and.reduce([mask[ranking.rows] for mask in masks]))
        best = kept[: asked.depth]
        return Ranking(ranking.rows[best], ranking.scores[best], len(best) == len(kept))

    def _articles_of(self, mask: NDArray[np.bool_]) -> Any:
        """Return the query for all rows of the articles of some rows."""
        rows = first_rows(self._snapshot, np.flatnonzero(mask), "article")
        records = self._snapshot.catalog.records_of(rows.tolist())
        names = {record.id for record in records.values()}
        return query.Or([query.Term("article", exact_term(name)) for name in sorted(names)])

    def _rank_by_meaning(self, asked: VectorQuery) -> Ranking:
        snapshot, condition = self._snapshot, asked.condition
        if condition.constraint is None:
            allowed = self._allowed(condition)
            return snapshot.vectors.rank(asked.embedding, asked.depth, allowed)
        within = condition.tree()
        if snapshot.keywords.count(within) > MAX_EXACT_ROWS:
            return self._checked(asked, within)
        mask = np.zeros(snapshot.commit.rows, bool)
        mask[snapshot.keywords.rows(within)] = True
        if condition.article_constraint is not None:
            mask &= self._article_mask(condition.article_constraint)
        return snapshot.vectors.rank(asked.embedding, asked.depth, mask)

    def _checked(self, asked: VectorQuery, within: Any) -> Ranking:
        """Rank by cosine first, then keep the rows that match `within`.

        If too few rows match, rank again with a larger depth.
        """
        snapshot, depth = self._snapshot, asked.depth
        allowed = self._allowed(asked.condition.without_constraint)
        wider = depth * WIDEN
        while True:
            ranking = snapshot.vectors.rank(asked.embedding, wider, allowed)
            kept = np.isin(ranking.rows, snapshot.keywords.rows(within, ranking.rows))
            found = int(np.count_nonzero(kept))
            if ranking.complete or found >= depth:
                complete = ranking.complete and found <= depth
                return Ranking(ranking.rows[kept][:depth], ranking.scores[kept][:depth], complete)
            wider *= WIDEN

    def _allowed(self, condition: Condition) -> NDArray[np.bool_] | None:
        """Return a mask of the rows that can be in a ranking under `condition`.

        The mask has shape (rows,). The constraint of the condition is ignored, but not its
        constraint of articles. None means that all rows of the index can be in the ranking.
        """
        masks = [] if self._snapshot.ranked is None else [self._snapshot.ranked]
        masks += _condition_masks(self._snapshot, condition)
        if condition.article_constraint is not None:
            masks.append(self._article_mask(condition.article_constraint))
        return np.logical_and.reduce(masks) if masks else None


def first_rows(snapshot: IndexSnapshot, rows: NDArray[np.int64], by: Unit) -> NDArray[np.int64]:
    """Return, of each paragraph or article in `rows`, the first row in `rows`.

    `rows` is ascending. For stories, the first row of each of their paragraphs or
    articles is returned.
    """
    whole: Unit = "article" if by.startswith("article") else "paragraph"
    # The rows of one paragraph or article follow one another.
    units = snapshot.units(rows, whole)
    return rows[np.flatnonzero(np.diff(units, prepend=units[:1] - 1))]


def lost_code(index: Path, field: str, value: str) -> BrokenIndexError:
    """Return the error for a value of an article that has no code in the catalog."""
    return BrokenIndexError(
        f"the catalog of {index} has lost the code of {field} {value!r}; "
        "run 'nutgraf repair' to rebuild it"
    )


def _condition_masks(snapshot: IndexSnapshot, condition: Condition) -> Iterator[NDArray[np.bool_]]:
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


def _member_mask(snapshot: IndexSnapshot, members: Members) -> NDArray[np.bool_]:
    units = snapshot.units(np.arange(snapshot.commit.rows), members.unit)
    return np.isin(units, np.array(members.numbers, np.int64))


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
