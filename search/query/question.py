"""Question: what was typed, understood. builder.py reads it; rankings and snippets go by it."""

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
    """A question, understood. The queries are trees of `whoosh.query` over analysed terms."""

    text: str
    """What the encoder is asked: words and phrases as written; "" when there are none."""
    keywords: Any
    """What keyword ranking scores: an Or; Every where only `constraint` speaks; or NullQuery."""
    constraint: Any | None
    """What must hold of every hit, semantic ones too; may be a bare Not. None: nothing must."""
    terms: tuple[str, ...]
    """Terms to highlight, one a word, without stop words unless they are all there is."""
    phrases: tuple[tuple[str, ...], ...]
    """The terms of each phrase, and of each word that is several terms (anti-air)."""
    patterns: tuple[Pattern, ...]
    warnings: tuple[str, ...]
    """What was not understood, and what was done instead, for the asker to read."""
    analyzer: MultilingualAnalyzer = field(compare=False)
    """What read it: the languages of the index that it can be in, the likeliest first."""
    others: tuple[tuple[str, ...], ...] = ()
    """`terms` as other languages have them, each as long; only what differs."""
    foreign: frozenset[tuple[str, str]] = frozenset()
    """Terms that are looked for only in articles of a language, each with that language."""

    @property
    def readings(self) -> tuple[tuple[str, ...], ...]:
        """The terms in each language that has others, those of `terms` first."""
        return (self.terms, *self.others)

    @property
    def all_terms(self) -> Iterator[str]:
        """The terms of its words in every language, some perhaps twice."""
        return chain.from_iterable(self.readings)

    def weight(self, weights: Mapping[str, float]) -> float:
        """Return the sum of the weights of its words, each as its commonest term."""
        foreign = {term for term, _ in self.foreign}
        words = zip(*self.readings, strict=True)
        return sum(
            min(weights[term] for term in {first, *others} - foreign or {first})
            for first, *others in words
        )

    def forms(self, language: str) -> Mapping[str, str]:
        """Return each term that a word may have in a text of a language -> its one in `terms`."""
        elsewhere = {term for term, _ in self.foreign if (term, language) not in self.foreign}
        readings = reversed(self.readings)
        return {
            form: term
            for each in readings
            for form, term in zip(each, self.terms, strict=True)
            if form not in elsewhere
        }
