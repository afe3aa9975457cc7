"""Two rankings for one question, both to one depth, under the same filters and constraint."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.keywords.query import query
from nutgraf.index.ranking import Ranking
from nutgraf.index.reader.snapshot import IndexSnapshot
from nutgraf.search.query.proximity import PAIR_DEPTH, close_pairs
from nutgraf.search.query.question import Question
from nutgraf.search.request.options import Filters
from nutgraf.search.retrieval.filters import filter_mask, filter_tree
from nutgraf.search.retrieval.split_paragraphs import paragraph_constraint, paragraph_keywords

__all__ = ["keyword_matches", "keyword_ranking", "semantic_ranking"]

MAX_EXACT_ROWS: Final = 20_000
"""Rows that satisfy a constraint, up to which they are all fetched and searched exactly.

Beyond that, so many rows pass that the nearest ones are cheaper to find first
and to check afterwards.
"""

WIDEN: Final = 4
"""By how much more the vector ranking is read when too few of its rows passed the check."""


def keyword_ranking(
    snapshot: IndexSnapshot, question: Question, filters: Filters, depth: int
) -> Ranking:
    """Return the best rows by BM25, at most `depth`, that pass constraint and filters.

    Those in which words of the question are close to one another are raised.
    """
    within = _within(snapshot, question, filters)
    ranking = snapshot.keywords.rank(paragraph_keywords(snapshot, question), depth, within)
    pairs = close_pairs(question, snapshot.keywords.weight) if len(ranking) > 1 else None
    if pairs is None:
        return ranking
    return ranking.raised(snapshot.keywords.rank(pairs, PAIR_DEPTH, within))


def keyword_matches(
    snapshot: IndexSnapshot, question: Question, filters: Filters
) -> NDArray[np.bool_]:
    """Return which rows a keyword ranking of any depth would hold, of shape (rows,)."""
    within = _within(snapshot, question, filters)
    scored = paragraph_keywords(snapshot, question)
    wanted = scored if within is None else query.And([scored, within])
    reader = snapshot.keywords
    rows = snapshot.commit.rows
    if 2 * reader.count(wanted) <= reader.paragraphs:
        return _mask(reader.rows(wanted), rows)
    # Of many, those that are not among them are fewer to fetch.
    others = _mask(reader.rows(query.Not(wanted)), rows)
    return ~others if snapshot.ranked is None else snapshot.ranked & ~others


def semantic_ranking(
    snapshot: IndexSnapshot,
    question: Question,
    embedding: NDArray[np.float32],
    filters: Filters,
    depth: int,
) -> Ranking:
    """Return the rows nearest in meaning, at most `depth`, that pass constraint and filters."""
    if question.constraint is None:
        return snapshot.vectors.rank(embedding, depth, filter_mask(snapshot, filters))
    within = _within(snapshot, question, filters)
    if snapshot.keywords.count(within) > MAX_EXACT_ROWS:
        return _checked(snapshot, within, embedding, depth, filter_mask(snapshot, filters))
    mask = _mask(snapshot.keywords.rows(within), snapshot.commit.rows)
    return snapshot.vectors.rank(embedding, depth, mask)


def _checked(
    snapshot: IndexSnapshot,
    within: query.Query,
    embedding: NDArray[np.float32],
    depth: int,
    allowed: NDArray[np.bool_] | None,
) -> Ranking:
    """Rank by meaning first, keep what satisfies `within`, and widen until `depth` are found."""
    wider = depth * WIDEN
    while True:
        ranking = snapshot.vectors.rank(embedding, wider, allowed)
        kept = np.isin(ranking.rows, snapshot.keywords.rows(within, ranking.rows))
        found = int(np.count_nonzero(kept))
        if ranking.complete or found >= depth:
            complete = ranking.complete and found <= depth
            return Ranking(ranking.rows[kept][:depth], ranking.scores[kept][:depth], complete)
        wider *= WIDEN


def _mask(chosen: NDArray[np.int64], rows: int) -> NDArray[np.bool_]:
    mask = np.zeros(rows, bool)
    mask[chosen] = True
    return mask


def _within(snapshot: IndexSnapshot, question: Question, filters: Filters) -> query.Query | None:
    conditions = paragraph_constraint(snapshot, question), filter_tree(filters)
    parts = [part for part in conditions if part is not None]
    return query.And(parts) if parts else None
