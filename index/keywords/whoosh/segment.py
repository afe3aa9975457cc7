"""Matches and scores of nodes in one segment of a whoosh index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.keywords.fields import HAS, PUBLISHED, ROW
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
    constant_score,
)
from nutgraf.index.query import quiet_imports

with quiet_imports():
    from whoosh.query import NumericRange

__all__ = ["Segment"]


class Segment:
    """A segment of a whoosh index, with methods that run a node on it.

    A local number is the number of an entry within its segment.
    """

    def __init__(self, searcher: Any, base: int) -> None:
        self._searcher = searcher
        self._reader = searcher.reader()
        self.base = base
        self._rows: Any = None

    def row(self, local: int) -> int:
        """Return the row of one local number."""
        if self._rows is None:
            self._rows = self._reader.column_reader(ROW)
        return int(self._rows[local])

    def rows(self, locals_: Sequence[int]) -> NDArray[np.int64]:
        """Return the rows of local numbers."""
        return np.fromiter(map(self.row, locals_), np.int64, len(locals_))

    def ids(self, node: Node) -> set[int]:
        """Return the local numbers that match `node`."""
        match node:
            case Nothing():
                return set()
            case Every():
                return self._having(HAS, node.field)
            case Word():
                return self._having(node.field, node.term)
            case Phrase():
                return self._phrase(node)
            case Pattern():
                return self._expanded(node, node.start)
            case Fuzzy():
                return self._expanded(node, node.word[: node.same])
            case Between():
                tiers = NumericRange(PUBLISHED, node.first, node.last)
                return set(tiers.matcher(self._searcher).all_ids())
            case Intersection():
                return _common([self.ids(part) for part in node.nodes])
            case Union():
                return set().union(*(self.ids(part) for part in node.nodes))
            case Without():
                return self.ids(node.kept) - self.ids(node.dropped)
            case AndMaybe():
                return self.ids(node.kept)
            case Constant():
                return self.ids(node.node)

    def scores(self, node: Node) -> dict[int, float]:
        """Return the scores of the local numbers that match `node`."""
        score = constant_score(node)
        if score is not None:
            return dict.fromkeys(self.ids(node), score)
        match node:
            case Word():
                return self._weighed(node.field, node.term, node.boost)
            case Phrase():
                return self._weighed_phrase(node)
            case Intersection():
                parts = [self.scores(part) for part in node.nodes]
                kept = _common([set(part) for part in parts])
                return {local: sum(part[local] for part in parts) for local in kept}
            case Union():
                return _united([self.scores(part) for part in node.nodes], node.tie)
            case Without():
                dropped = self.ids(node.dropped)
                kept_scores = self.scores(node.kept).items()
                return {local: score for local, score in kept_scores if local not in dropped}
            case AndMaybe():
                more = self.scores(node.preferred)
                kept_scores = self.scores(node.kept).items()
                return {local: score + more.get(local, 0.0) for local, score in kept_scores}
            case _:
                raise TypeError(f"a {type(node).__name__} has a constant score")

    def _having(self, field: str, term: str) -> set[int]:
        if (field, term) not in self._reader:
            return set()
        return set(self._reader.postings(field, term).all_ids())

    def _expanded(self, node: Pattern | Fuzzy, start: str) -> set[int]:
        terms = (term.decode() for term in self._reader.expand_prefix(node.field, start))
        return set().union(*(self._having(node.field, term) for term in terms if node.fits(term)))

    def _weighed(self, field: str, term: str, boost: float) -> dict[int, float]:
        return {matcher.id(): matcher.score() * boost for matcher in self._postings(field, term)}

    def _postings(self, field: str, term: str) -> Iterator[Any]:
        """Yield a matcher at each posting of a term.

        The matcher is always the same object.
        """
        if (field, term) in self._reader:
            matcher = self._searcher.postings(field, term)
            while matcher.is_active():
                yield matcher
                matcher.next()

    def _phrase(self, node: Phrase) -> set[int]:
        field, words = node.field, node.words
        candidates = _common([self._having(field, word) for word in dict.fromkeys(words)])
        if not candidates:
            return candidates
        places = {
            word: {
                matcher.id(): frozenset(matcher.value_as("positions"))
                for matcher in self._postings(field, word)
                if matcher.id() in candidates
            }
            for word in dict.fromkeys(words)
        }
        return {
            local
            for local in candidates
            if _follows([places[word][local] for word in words], node.slop)
        }

    def _weighed_phrase(self, node: Phrase) -> dict[int, float]:
        matching = self._phrase(node)
        parts = [self._weighed(node.field, word, node.boost) for word in node.words]
        return {local: sum(part[local] for part in parts) for local in matching}


def _follows(places: Iterable[frozenset[int]], slop: int) -> bool:
    """Return whether the sets contain positions that follow each other.

    One position is chosen from each set, in the order of the sets. Each chosen position
    must be 1 to `slop` after the one before.
    """
    steps = range(1, slop + 1)
    first, *rest = places
    ends = set(first)
    for following in rest:
        ends = {end + step for end in ends for step in steps if end + step in following}
    return bool(ends)


def _common(sets: list[set[int]]) -> set[int]:
    return set.intersection(*sorted(sets, key=len))


def _united(parts: list[dict[int, float]], tie: float | None) -> dict[int, float]:
    total: dict[int, float] = {}
    for part in parts:
        for local, score in part.items():
            total[local] = total.get(local, 0.0) + score
    if tie is None:
        return total
    best = {local: max(part[local] for part in parts if local in part) for local in total}
    return {local: top + tie * (total[local] - top) for local, top in best.items()}
