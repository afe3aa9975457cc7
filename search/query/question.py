"""Question: a parsed question. builder.py makes it; rankings and snippets use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.search.query.patterns import Pattern

__all__ = ["Question"]


@dataclass(frozen=True, slots=True)
class Question:
    """A parsed question. The queries are trees of `whoosh.query` over analysed terms."""

    text: str
    """The text for the encoder: words and phrases as written; "" if there are none."""
    keywords: Any
    """The query of the keyword ranking.

    It is an Or of the words, Every if the question has only a constraint, or NullQuery.
    """
    constraint: Any | None
    """The query that every hit must meet, also semantic hits.

    It can be a bare Not. It is None without conditions.
    """
    terms: tuple[str, ...]
    """The terms to highlight, one a word; stop words only if there are no others."""
    phrases: tuple[tuple[str, ...], ...]
    """The terms of each phrase, and of each word that has several terms (anti-air)."""
    patterns: tuple[Pattern, ...]
    warnings: tuple[str, ...]
    """Messages for the user about signs that are not operators, and their meaning."""
    analyzer: MultilingualAnalyzer = field(compare=False)
    """The analyzer in the possible languages of the question, the likeliest first."""
    others: tuple[tuple[str, ...], ...] = ()
    """`terms` in other languages, each of the same length; only those that differ."""
    foreign: frozenset[tuple[str, str]] = frozenset()
    """Terms that are searched only in articles of a language, with that language."""

    @property
    def readings(self) -> tuple[tuple[str, ...], ...]:
        """The terms in each language with different terms, `terms` first."""
        return (self.terms, *self.others)

    @property
    def all_terms(self) -> Iterator[str]:
        """The terms of its words in all languages; a term can occur twice."""
        return chain.from_iterable(self.readings)

    def weight(self, weights: Mapping[str, float]) -> float:
        """Return the sum of the weights of its words, each by its commonest term."""
        foreign = {term for term, _ in self.foreign}
        words = zip(*self.readings, strict=True)
        return sum(
            min(weights[term] for term in {first, *others} - foreign or {first})
            for first, *others in words
        )

    def forms(self, language: str) -> Mapping[str, str]:
        """Return a mapping from the terms in texts of a language to those in `terms`."""
        elsewhere = {term for term, _ in self.foreign if (term, language) not in self.foreign}
        readings = reversed(self.readings)
        return {
            form: term
            for each in readings
            for form, term in zip(each, self.terms, strict=True)
            if form not in elsewhere
        }
