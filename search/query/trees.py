"""Query trees of `whoosh.query` over analysed terms, without repeated members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from nutgraf.index.analysis.analyzer import tags_of
from nutgraf.index.analysis.multilingual import QuestionToken
from nutgraf.index.query import query as wq
from nutgraf.search.query.patterns import Pattern, pattern_query

__all__ = [
    "all_of",
    "any_of",
    "best",
    "best_of",
    "by_language",
    "confined",
    "negated",
    "side_by_side",
    "term_queries",
]


def by_language(words: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the terms of all words in each language, the likeliest language first.

    `words` contains a tuple of terms for each word, with one term per language. A word with only
    one term has this term in all languages. Equal results are returned once.
    """
    languages = max(map(len, words), default=1)
    readings = (tuple(terms[at % len(terms)] for terms in words) for at in range(languages))
    return list(dict.fromkeys(readings))


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
    name: str,
    words: Sequence[QuestionToken],
    lone: Sequence[Pattern],
    slop: int,
    boost: float = 1.0,
) -> list[Any]:
    """Return the queries for words side by side, with their terms in any language."""
    foreign = frozenset().union(*(word.foreign for word in words))
    if len(words) > 1:
        first, *others = by_language([word.terms for word in words])
        return [
            wq.Phrase(name, list(first), slop=slop, boost=boost),
            *(
                confined(wq.Phrase(name, list(each), slop=slop, boost=boost), each, foreign)
                for each in others
            ),
        ]
    terms = dict.fromkeys(words[0].terms)
    return [
        *(confined(wq.Term(name, term, boost=boost), [term], foreign) for term in terms),
        *(pattern_query(name, each) for each in lone),
    ]


def confined(query: Any, terms: Iterable[str], foreign: Set[tuple[str, str]]) -> Any:
    """Return the query, limited to articles of a language if any term is foreign.

    `terms` are the terms of `query`, all of one language. `foreign` contains pairs of a term and
    its language, see QuestionToken. The limit excludes articles with an unknown language tag.
    """
    if not foreign:
        return query
    languages = [{tag for each, tag in foreign if each == term} for term in terms]
    languages = [each for each in languages if each]
    if not languages:
        return query
    tags = [tag for each in sorted(set.intersection(*languages)) for tag in tags_of(each)]
    within = wq.Or([wq.Term("language", tag) for tag in tags])
    return wq.And([query, wq.ConstantScoreQuery(within, 0.0)])


def best_of(
    words: Sequence[QuestionToken], lone: Sequence[Pattern], slop: int, boosts: Mapping[str, float]
) -> Any:
    """Return the query for words side by side, scored by the best field only."""
    return best(
        [
            query
            for name, boost in boosts.items()
            for query in side_by_side(name, words, lone, slop, boost)
        ]
    )


def term_queries(name: str, terms: Iterable[str]) -> list[Any]:
    """Return the queries for single terms in a field."""
    return [wq.Term(name, term) for term in terms]


def best(queries: list[Any]) -> Any:
    """Return the query for rows that meet any query, scored by the best one only."""
    return wq.DisjunctionMax(queries) if len(queries) > 1 else queries[0]
