"""The parts of a question that are scored, in the languages that need them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, TypeAlias

from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.search.query.patterns import Pattern
from nutgraf.search.query.trees import best, confined, side_by_side

__all__ = ["Factors", "Piece", "ScoredPattern", "ScoredWords", "needless"]

Piece: TypeAlias = tuple[tuple[str, ...], frozenset[str]]
"""The terms of words side by side, and the languages of the searched articles."""

Factors: TypeAlias = Mapping[Piece, float]
"""The factors of the scores of pieces; the factor of a missing piece is 1."""


@dataclass(frozen=True, slots=True)
class ScoredWords:
    """One word, or words side by side.

    `readings` are the terms in each language. `boosts` are the fields, with the factors of their
    scores. `lone` are further patterns of a single character. `stops` are the languages in which
    all words are stop words.
    """

    readings: Mapping[tuple[str, ...], frozenset[str]]
    boosts: Mapping[str, float]
    lone: Sequence[Pattern]
    slop: int
    stops: frozenset[str]

    def pieces(self, skipped: frozenset[str]) -> Iterator[Piece]:
        """Yield the pieces, without the languages in `skipped`.

        A stop word of some languages is a piece of its own there, because it is more common.
        """
        for terms, languages in self.readings.items():
            for each in (languages - self.stops, (languages & self.stops) - skipped):
                if each:
                    yield terms, each

    def query(
        self,
        skipped: frozenset[str],
        factors: Factors,
        unknown: Set[str],
        analyzer: MultilingualAnalyzer,
    ) -> Any | None:
        """Return the query, scored by the best field, None if no paragraph can match.

        No paragraph contains the terms in `unknown`.
        """
        found = []
        for piece in self.pieces(skipped):
            terms, languages = piece
            if not self.lone and not unknown.isdisjoint(terms):
                continue
            factor = factors.get(piece, 1.0)
            boosts = {name: boost * factor for name, boost in self.boosts.items()}
            query = best(side_by_side(boosts, terms, self.lone, self.slop))
            found.append(confined(query, languages, analyzer))
        return best(found) if found else None


@dataclass(frozen=True, slots=True)
class ScoredPattern:
    """A pattern, such as prefix*. It is scored in each language."""

    tree: Any
    stops: frozenset[str] = frozenset()

    def pieces(self, skipped: frozenset[str]) -> Iterator[Piece]:  # noqa: ARG002
        """Yield nothing: a pattern has no weight of its own."""
        yield from ()

    def query(
        self,
        skipped: frozenset[str],  # noqa: ARG002
        factors: Factors,  # noqa: ARG002
        unknown: Set[str],  # noqa: ARG002
        analyzer: MultilingualAnalyzer,  # noqa: ARG002
    ) -> Any:
        """Return the query."""
        return self.tree


def needless(stops: Sequence[frozenset[str]], every: frozenset[str]) -> list[frozenset[str]]:
    """Return the languages in which each part of a question is needless.

    `stops` are the languages in which the parts are stop words. A stop word is needless in a
    language if another part is no stop word in it.
    """
    needed = frozenset().union(*(every - each for each in stops))
    return [each & needed for each in stops]
