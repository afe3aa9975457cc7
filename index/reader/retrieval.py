"""QueryExecution: rankings of queries and rows that match them, in one snapshot.

Masks have one value per row of the index, so their size grows with the index. The
methods of a reader do not return masks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.analyzer import exact_term
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.query import query
from nutgraf.index.ranking import Ranking
from nutgraf.index.reader.protocol import NO_DATE, KeywordQuery, VectorQuery

if TYPE_CHECKING:
    from nutgraf.index.reader.conditions import Condition
    from nutgraf.index.reader.snapshot import IndexSnapshot

__all__ = ["QueryExecution"]

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

    def rank(self, asked: KeywordQuery | VectorQuery) -> Ranking:
        """Return the ranking of a query."""
        if asked not in self._rankings:
            if isinstance(asked, KeywordQuery):
                within = asked.condition.tree()
                ranking = self._snapshot.keywords.rank(asked.query, asked.depth, within)
            else:
                ranking = self._rank_by_meaning(asked)
            self._rankings[asked] = ranking
        return self._rankings[asked]

    def mark_matching(self, asked: KeywordQuery | VectorQuery, mask: NDArray[np.bool_]) -> None:
        """Set `mask`, of shape (rows,), to True at each row that a query matches.

        FacetQuery defines which rows match.
        """
        if isinstance(asked, VectorQuery):
            mask[self.rank(asked).rows] = True
            return
        within = asked.condition.tree()
        wanted = asked.query if within is None else query.And([asked.query, within])
        keywords, ranked = self._snapshot.keywords, self._snapshot.ranked
        if 2 * keywords.count(wanted) <= keywords.paragraphs:
            mask[keywords.rows(wanted)] = True
            return
        # More than half of the rows match. Fetch the rows that do not, because they are fewer.
        matching = np.ones(len(mask), bool) if ranked is None else ranked.copy()
        matching[keywords.rows(query.Not(wanted))] = False
        mask |= matching

    def _rank_by_meaning(self, asked: VectorQuery) -> Ranking:
        snapshot, condition = self._snapshot, asked.condition
        if condition.constraint is None:
            allowed = _allowed(snapshot, condition)
            return snapshot.vectors.rank(asked.embedding, asked.depth, allowed)
        within = condition.tree()
        if snapshot.keywords.count(within) > MAX_EXACT_ROWS:
            return self._checked(asked, within)
        mask = np.zeros(snapshot.commit.rows, bool)
        mask[snapshot.keywords.rows(within)] = True
        return snapshot.vectors.rank(asked.embedding, asked.depth, mask)

    def _checked(self, asked: VectorQuery, within: Any) -> Ranking:
        """Rank by cosine first, then keep the rows that match `within`.

        If too few rows match, rank again with a larger depth.
        """
        snapshot, depth = self._snapshot, asked.depth
        allowed = _allowed(snapshot, asked.condition.without_constraint)
        wider = depth * WIDEN
        while True:
            ranking = snapshot.vectors.rank(asked.embedding, wider, allowed)
            kept = np.isin(ranking.rows, snapshot.keywords.rows(within, ranking.rows))
            found = int(np.count_nonzero(kept))
            if ranking.complete or found >= depth:
                complete = ranking.complete and found <= depth
                return Ranking(ranking.rows[kept][:depth], ranking.scores[kept][:depth], complete)
            wider *= WIDEN


def _allowed(snapshot: IndexSnapshot, condition: Condition) -> NDArray[np.bool_] | None:
    """Return a mask of the rows that can be in a ranking under `condition`.

    The mask has shape (rows,). The constraint of the condition is ignored. None means
    that all rows of the index can be in the ranking.
    """
    masks = [] if snapshot.ranked is None else [snapshot.ranked]
    masks += [_value_mask(snapshot, field, values) for field, values in condition.values]
    if condition.is_dated:
        masks += _published_masks(snapshot, *condition.published)
    if condition.other_than is not None:
        masks.append(_other_mask(snapshot, condition.other_than))
    return np.logical_and.reduce(masks) if masks else None


def _value_mask(snapshot: IndexSnapshot, field: str, values: tuple[str, ...]) -> NDArray[np.bool_]:
    if field == "article":
        records = [snapshot.article(value) for value in values]
        numbers = [record.number for record in records if record is not None]
        return np.isin(snapshot.columns.article, np.array(numbers, np.uint32))
    codes = snapshot.catalog.codes(field, values)
    for value in set(values) - codes.keys():
        # Either no article has the value, or the entry of its code is damaged.
        if snapshot.keywords.count(query.Term(field, exact_term(value))):
            raise BrokenIndexError(
                f"the catalog of {snapshot.path} has lost the code of {field} {value!r}; "
                "run 'nutgraf repair' to rebuild it"
            )
    return snapshot.columns.codes(field).mask(codes.values())


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
