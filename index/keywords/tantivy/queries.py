"""Translation of nodes to tantivy's queries."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Final

import tantivy
from tantivy import Occur

from nutgraf.index.keywords.fields import HAS, PUBLISHED, ROW, TEXT_FIELDS
from nutgraf.index.keywords.nodes import (
    AndMaybe,
    Between,
    Constant,
    Every,
    Fuzzy,
    Intersection,
    Node,
    Nothing,
    Pattern,
    Phrase,
    Union,
    Without,
    Word,
    escaped,
)

__all__ = ["Translator"]

_MAX_SPACINGS: Final = 256
# Most ways to space the words of a phrase with slop. Each way becomes a query, so a
# larger slop is reduced until the number of ways is low enough.


class Translator:
    """A translator of nodes to queries for one schema.

    The terms of fuzzy nodes are looked up with `searcher`.
    """

    def __init__(self, schema: tantivy.Schema, searcher: tantivy.Searcher) -> None:
        self._schema = schema
        self._searcher = searcher

    def __call__(self, node: Node) -> tantivy.Query:
        """Return the query with the matches and scores of `node`."""
        match node:
            case Nothing():
                return tantivy.Query.empty_query()
            case Every():
                return _constant(self._exactly(HAS, node.field), node.boost)
            case Word():
                return self._word(node)
            case Phrase():
                return self._phrase(node)
            case Pattern():
                regex = tantivy.Query.regex_query(self._schema, node.field, node.regex)
                return _constant(regex, node.boost)
            case Fuzzy():
                return _constant(self._fuzzy(node), node.boost)
            case Between():
                return _constant(self._between(node), node.boost)
            case Intersection():
                return _boolean((Occur.Must, self(part)) for part in node.nodes)
            case Union(tie=None):
                return _boolean((Occur.Should, self(part)) for part in node.nodes)
            case Union():
                parts = [self(part) for part in node.nodes]
                return tantivy.Query.disjunction_max_query(parts, node.tie)
            case Without():
                pair = (Occur.Must, self(node.kept)), (Occur.MustNot, self(node.dropped))
                return _boolean(pair)
            case AndMaybe():
                return _boolean(
                    ((Occur.Must, self(node.kept)), (Occur.Should, self(node.preferred)))
                )
            case Constant():
                return _constant(self(node.node), node.score)

    def among(self, node: Node, rows: list[int]) -> tantivy.Query:
        """Return the query for the matches of `node` among `rows`."""
        chosen = tantivy.Query.term_set_query(self._schema, ROW, rows)
        both = (Occur.Must, self(node)), (Occur.Must, chosen)
        return _constant(_boolean(both), 0.0)

    def _word(self, node: Word) -> tantivy.Query:
        if node.field not in TEXT_FIELDS:
            return _constant(self._exactly(node.field, node.term), node.boost)
        query = tantivy.Query.term_query(self._schema, node.field, node.term, "freq")
        return _boosted(query, node.boost)

    def _exactly(self, field: str, term: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, field, term, "basic")

    def _phrase(self, node: Phrase) -> tantivy.Query:
        # tantivy's own slop has another meaning: it limits the sum of all gaps in the phrase,
        # and it allows words in another order. So make one query with fixed positions for each
        # spacing.
        parts = [
            tantivy.Query.phrase_query(
                self._schema, node.field, list(zip(places, node.words, strict=True))
            )
            for places in _spacings(len(node.words), node.slop)
        ]
        query = parts[0] if len(parts) == 1 else tantivy.Query.disjunction_max_query(parts)
        if node.field not in TEXT_FIELDS:
            return _constant(query, node.boost)
        return _boosted(query, node.boost)

    def _fuzzy(self, node: Fuzzy) -> tantivy.Query:
        schema = self._schema
        if not node.same:
            return tantivy.Query.fuzzy_term_query(
                schema, node.field, node.word, node.distance, transposition_cost_one=True
            )
        # tantivy's own fuzzy search cannot require an equal start of the word. For 1 edit, search
        # for a few patterns. For 2 edits, list all terms with this start, and compare them.
        if node.distance <= 1:
            regexes = _one_edit(node.word, node.same)
            queries = [tantivy.Query.regex_query(schema, node.field, regex) for regex in regexes]
            return _boolean((Occur.Should, query) for query in queries)
        listed = self._searcher.terms_with_prefix(node.field, node.word[: node.same])
        terms = [term for term, _ in listed if node.fits(term)]
        return tantivy.Query.term_set_query(schema, node.field, terms)

    def _between(self, node: Between) -> tantivy.Query:
        kind = tantivy.FieldType.Integer
        return tantivy.Query.range_query(self._schema, PUBLISHED, kind, node.first, node.last)


def _spacings(words: int, slop: int) -> list[list[int]]:
    """Return every list of positions that the words of a phrase can have.

    The first position is 0. Each later position is 1 to `slop` after the one before.
    """
    while slop > 1 and slop ** (words - 1) > _MAX_SPACINGS:
        slop -= 1
    places = []
    for gaps in product(range(1, slop + 1), repeat=words - 1):
        place = [0]
        for gap in gaps:
            place.append(place[-1] + gap)
        places.append(place)
    return places


def _one_edit(word: str, same: int) -> list[str]:
    """Return patterns that match all terms at most 1 edit from `word`.

    The first `same` letters stay the same.
    """
    start, rest = word[:same], word[same:]
    spots = range(len(rest))
    endings = dict.fromkeys(
        [
            escaped(rest),
            *(escaped(rest[:i]) + "." + escaped(rest[i:]) for i in range(len(rest) + 1)),
            *(escaped(rest[:i]) + "." + escaped(rest[i + 1 :]) for i in spots),
            *(escaped(rest[:i] + rest[i + 1 :]) for i in spots),
            *(escaped(rest[:i] + rest[i + 1] + rest[i] + rest[i + 2 :]) for i in spots[:-1]),
        ]
    )
    return [f"{escaped(start)}{ending}" for ending in endings]


def _boolean(parts: Iterable[tuple[Occur, tantivy.Query]]) -> tantivy.Query:
    return tantivy.Query.boolean_query(list(parts))


def _boosted(query: tantivy.Query, boost: float) -> tantivy.Query:
    return query if boost == 1.0 else tantivy.Query.boost_query(query, boost)


def _constant(query: tantivy.Query, score: float) -> tantivy.Query:
    return tantivy.Query.const_score_query(query, score)
