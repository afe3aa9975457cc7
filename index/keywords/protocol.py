"""What a keyword engine must do. Both engines pass tests/contract/test_keywords.py.

A query is a tree of `whoosh.query` nodes over *analysed* terms (see
index/analysis/analyzer.py): Term, Phrase, And, Or, Not, AndNot, AndMaybe, Require,
DisjunctionMax, Prefix, Wildcard, FuzzyTerm, NumericRange, ConstantScoreQuery,
Every, NullQuery. reduce.py reduces it to the nodes that both engines run, and
says what each means. Any other node raises TypeError, an unknown field or an
overlong pattern ValueError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from nutgraf.index.schema import VALUE_FIELDS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from whoosh.query import Query

    from nutgraf.index.ranking import Ranking

__all__ = ["KeywordEntry", "KeywordReader", "KeywordWriter", "TermStatistics"]


@dataclass(frozen=True, slots=True)
class TermStatistics:
    """Statistics of one term.

    `weight` is the BM25 score of a text of average length that holds the term once, its inverse
    document frequency; a term that no text holds weighs most. `frequency` is the number of texts
    that hold it, perhaps with deleted ones; `known` tells whether any text or title holds it.
    """

    weight: float
    frequency: int
    known: bool


@dataclass(frozen=True, slots=True)
class KeywordEntry:
    """The analysed fields of one paragraph, or of a part of a long one.

    `text` and `title` are stemmed words in their order. `values` are, by field
    of VALUE_FIELDS, the terms that `value_terms` makes of its value (none, or
    empty, where there is no value). `published` is seconds since 1970 UTC.
    `whole` are the words of all the paragraph where the row is a part of it, and
    empty otherwise.
    """

    row: int
    text: Sequence[str]
    title: Sequence[str]
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    published: int | None = None
    whole: Sequence[str] = ()

    def terms(self, name: str) -> Sequence[str]:
        """Return the terms of one of TERM_FIELDS."""
        if name in VALUE_FIELDS:
            return self.values.get(name, ())
        terms: Sequence[str] = getattr(self, name)
        return terms


class KeywordReader(Protocol):
    """One immutable view of a keyword index. Safe to use from many threads."""

    @property
    def sequence(self) -> int:
        """The catalog's sequence number of the commit that this view shows; 0 before the first."""

    @property
    def paragraphs(self) -> int:
        """How many paragraphs are in it."""

    def rank(self, query: Query, depth: int, within: Query | None = None) -> Ranking:
        """Return the best `depth` rows by BM25 (float32, higher is better, ties by row).

        `depth` is at least 1. `within` must hold too, and adds nothing to the
        score. Words and phrases in text and title score by BM25, each other
        leaf of the tree counts 1, times its boosts.
        """

    def term_statistics(self, terms: Sequence[str]) -> list[TermStatistics]:
        """Return the statistics of each term, in their order; quicker than counting."""

    def count(self, query: Query) -> int:
        """Return how many rows satisfy `query`."""

    def rows(self, query: Query, candidates: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """Return every row (int64, ascending) that satisfies `query`, of `candidates` if given."""

    def close(self) -> None:
        """Release files."""


class KeywordWriter(Protocol):
    """The one writer of a keyword index. Nothing is visible before `commit`."""

    @property
    def sequence(self) -> int:
        """The sequence number of the last commit; 0 before the first."""

    def add(self, entry: KeywordEntry) -> None:
        """Add a paragraph. Its row must not be in the index."""

    def delete(self, rows: Sequence[int]) -> None:
        """Remove the paragraphs with these rows, if they are there."""

    def commit(self, sequence: int) -> None:
        """Make what was added and deleted visible and durable, all at once, as `sequence`."""

    def close(self) -> None:
        """Drop what was not committed and release files."""
