"""The interface of a keyword engine.

tests/contract/test_keywords.py runs the same tests on both engines.

A query is a tree of `whoosh.query` nodes over *analysed* terms (see
index/analysis/analyzer.py): Term, Phrase, And, Or, Not, AndNot, AndMaybe, Require,
DisjunctionMax, Prefix, Wildcard, FuzzyTerm, NumericRange, ConstantScoreQuery,
Every, NullQuery. reduce.py defines the meaning of each node and reduces the tree to
the nodes that both engines run. Any other class of node raises TypeError. An unknown
field or a pattern that is too long raises ValueError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from nutgraf.index.keywords.fields import FILLER, VALUE_FIELDS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from whoosh.query import Query

    from nutgraf.index.ranking import Ranking

__all__ = ["KeywordEntry", "KeywordReader", "KeywordWriter", "TermStatistics"]


@dataclass(frozen=True, slots=True)
class TermStatistics:
    """Statistics of one term.

    `weight` is the inverse document frequency of the term. It is the BM25 score of a text of
    average length that contains the term once. A term in no text has the highest weight.
    `frequency` is the number of texts with the term; it may include deleted texts. `known` is True
    if a text or title contains the term.
    """

    weight: float
    frequency: int
    known: bool


@dataclass(frozen=True, slots=True)
class KeywordEntry:
    """The analysed fields of one paragraph, or of a part of a long one.

    `text`, `title` and `summary` are stemmed words in order, joined with spaces. `values`
    maps each field of VALUE_FIELDS to the terms that `value_terms` returns for the values of
    the field. A field without a value is missing or has no terms. `published` is in seconds
    since 1970 UTC. If the row is a part, `whole` contains the words of the complete
    paragraph; otherwise, `whole` is empty.
    """

    row: int
    text: str
    title: str
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    published: int | None = None
    whole: str = ""
    summary: str = ""

    def joined(self, name: str) -> str:
        """Return the terms of one of ORDERED_FIELDS, joined with spaces."""
        words: str = getattr(self, name)
        return words

    def terms(self, name: str) -> Sequence[str]:
        """Return the terms of one of TERM_FIELDS."""
        return self.values.get(name, ()) if name in VALUE_FIELDS else self.joined(name).split()

    def holds(self, name: str) -> bool:
        """Return whether a field has terms other than fillers."""
        if name in VALUE_FIELDS:
            return bool(self.values.get(name))
        return bool(self.joined(name).replace(FILLER, "").strip())


class KeywordReader(Protocol):
    """An immutable view of a keyword index. Safe to use from many threads."""

    @property
    def sequence(self) -> int:
        """Sequence of the commit that this view shows; 0 before the first commit.

        Commits have the same sequences as in the catalog.
        """

    @property
    def paragraphs(self) -> int:
        """Number of rows in the index."""

    def rank(self, query: Query, depth: int, within: Query | None = None) -> Ranking:
        """Return the best `depth` rows by BM25; rows with equal scores are ascending.

        Scores are float32; higher is better. `depth` is at least 1. Rows must also match `within`,
        which adds nothing to the score. Words and phrases in text and title score by BM25. Each
        other leaf of the query tree scores 1. Scores are multiplied by the boosts.
        """

    def scores(self, query: Query, allowed: NDArray[np.bool_] | None = None) -> Ranking:
        """Return all rows that match, ascending, with the scores that `rank` gives them.

        `allowed` is a mask of the rows that can be in the result, None for all rows.
        """

    def term_statistics(self, terms: Sequence[str]) -> list[TermStatistics]:
        """Return the statistics of each term, in order. This is faster than `count`."""

    def count(self, query: Query) -> int:
        """Return the number of rows that match `query`."""

    def rows(self, query: Query, candidates: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """Return all rows (int64, ascending) that match `query`.

        If `candidates` are given, return only rows among them.
        """

    def close(self) -> None:
        """Release files."""


class KeywordWriter(Protocol):
    """The only writer of a keyword index. No change is visible before `commit`."""

    @property
    def sequence(self) -> int:
        """Sequence of the last commit; 0 before the first."""

    def add(self, entry: KeywordEntry) -> None:
        """Add an entry. Its row must not be in the index."""

    def delete(self, rows: Sequence[int]) -> None:
        """Delete the entries with these rows. Rows that are not in the index are ignored."""

    def commit(self, sequence: int) -> None:
        """Make all changes visible and durable, atomically, as commit `sequence`."""

    def close(self) -> None:
        """Discard uncommitted changes and release files."""
