"""Question: what was typed, understood. query.py reads it; rankings and snippets go by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nutgraf.index.analysis.multilingual import Polyglot
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
    analyzer: Polyglot = field(compare=False)
    """What read it: the languages of the index that it can be in, the likeliest first."""
    others: tuple[tuple[str, ...], ...] = ()
    """`terms` as other languages have them, each as long; only what differs."""
    foreign: frozenset[tuple[str, str]] = frozenset()
    """Terms that are looked for only in articles of a language, each with that (`Reading`)."""

    @property
    def readings(self) -> tuple[tuple[str, ...], ...]:
        """The terms in each language that has others, those of `terms` first."""
        return (self.terms, *self.others)

    def weight(self, weigh: Callable[[Sequence[str]], float]) -> float:
        """Return what all its terms weigh (`KeywordReader.weight`), each as its commonest form."""
        if not self.others:
            return weigh(self.terms)
        foreign = {term for term, _ in self.foreign}
        words = zip(*self.readings, strict=True)
        return sum(
            min(weigh([form]) for form in {first, *others} - foreign) for first, *others in words
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
