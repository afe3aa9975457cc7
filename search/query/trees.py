"""Query trees of `whoosh.query` over analysed terms, without repeated members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from functools import lru_cache
from typing import Any, Final

from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.index.analysis.value_terms import exact_term
from nutgraf.index.query import query as wq
from nutgraf.search.query.patterns import Pattern, pattern_query

__all__ = [
    "all_of",
    "any_of",
    "best",
    "confined",
    "negated",
    "side_by_side",
]


MAX_NESTED: Final = 5
"""Maximum number of languages that are excluded one after another.

For each match, an engine looks the excluded languages up. Excluded at once, it joins all their
rows, which takes 3 times as long for a rare word, and a third of the time for the most common word.
"""


def all_of(queries: Iterable[Any]) -> Any:
    """Return the query for rows that meet every query."""
    return _joined(wq.And, queries)


def any_of(queries: Iterable[Any]) -> Any:
    """Return the query for rows that meet any query."""
    return _joined(wq.Or, queries)


def _joined(kind: Any, queries: Iterable[Any]) -> Any:
    flat: dict[str, Any] = {}
    for query in queries:
        members = query.subqueries if type(query) is kind else [query]
        flat.update((repr(member), member) for member in members)
    return kind(list(flat.values())) if len(flat) > 1 else next(iter(flat.values()))


def negated(query: Any) -> Any:
    """Return the query for rows that do not meet a query."""
    return query.query if isinstance(query, wq.Not) else wq.Not(query)


def side_by_side(
    boosts: Mapping[str, float], terms: Sequence[str], lone: Sequence[Pattern], slop: int
) -> list[Any]:
    """Return the queries for terms of one language side by side, in each field.

    `boosts` maps each field to the factor of its score.
    """
    queries: list[Any] = []
    for name, boost in boosts.items():
        if len(terms) > 1:
            queries.append(wq.Phrase(name, list(terms), slop=slop, boost=boost))
        else:
            queries.append(wq.Term(name, terms[0], boost=boost))
            queries += [pattern_query(name, each) for each in lone]
    return queries


def confined(query: Any, languages: Set[str], analyzer: MultilingualAnalyzer) -> Any:
    """Return the query, limited to articles of some languages of an index.

    Articles in languages that are not in `analyzer` can match.
    """
    others = analyzer.every - languages
    if not others:
        return query
    there, elsewhere = analyzer.tags(languages), analyzer.tags(others)
    # Articles without a tag have no term of their language.
    if None not in there and (None in elsewhere or len(there) == 1 or len(there) < len(elsewhere)):
        return wq.And([query, _tagged(tuple(there))])
    if len(elsewhere) > MAX_NESTED:
        return wq.And([query, *map(_not_tagged, elsewhere)])
    for tag in elsewhere:
        query = wq.And([query, _not_tagged(tag)])
    return query


@lru_cache(256)
def _not_tagged(tag: str | None) -> Any:
    return wq.Not(wq.Term("language", exact_term(tag or "")))


@lru_cache(256)
def _tagged(tags: Sequence[str | None]) -> Any:
    within = wq.Or([wq.Term("language", exact_term(tag)) for tag in tags if tag is not None])
    return wq.ConstantScoreQuery(within, 0.0)


def best(queries: list[Any]) -> Any:
    """Return the query for rows that meet any query, scored by the best one only."""
    return wq.DisjunctionMax(queries) if len(queries) > 1 else queries[0]
