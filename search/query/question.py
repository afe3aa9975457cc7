"""Question: a parsed question. builder.py makes it; rankings and snippets use it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.index.query import query
from nutgraf.search.query.patterns import Pattern
from nutgraf.search.response import Understood

__all__ = ["Question"]

_YEAR: Final = re.compile(r"(?<!\w)(?:1\d|20)\d\d(?!\w)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Question:
    """A parsed question. The queries are trees of `whoosh.query` over analysed terms."""

    text: str
    """The text for the encoder: words and phrases as written; "" if there are none."""
    keywords: Any
    """The query of the keyword ranking.

    The query is an Or of the words. It is Every if the question has only a constraint, and
    NullQuery if the question has no searchable word.
    """
    constraint: Any | None
    """The condition that every hit must meet, also a hit that was found by meaning.

    The condition is a query, and can be a Not alone. It is None if the question has no conditions.
    """
    terms: tuple[str, ...]
    """The terms to highlight, one per word, in the likeliest language of the question.

    Stop words are included only if the question has no other words.
    """
    phrases: tuple[tuple[str, ...], ...]
    """The terms of each phrase, and of each word that has several terms (anti-air)."""
    patterns: tuple[Pattern, ...]
    warnings: tuple[str, ...]
    """Warnings for the user, for example that a sign is searched as a word."""
    analyzer: MultilingualAnalyzer = field(compare=False)
    """The analyzer for the possible languages of the question, the likeliest first."""
    others: tuple[tuple[str, ...], ...] = ()
    """The terms of the same words in other languages, one tuple per language.

    Each tuple has the length of `terms`. Equal tuples are included once.
    """
    foreign: frozenset[tuple[str, str]] = frozenset()
    """Pairs of term and language; the term is searched only in texts of the language."""
    values: tuple[tuple[str, str], ...] = ()
    """Pairs of a field and a value as written: source and bbc for source:bbc."""
    understood: tuple[Understood, ...] = ()
    """The dates and names in plain words."""
    written: tuple[str, ...] = ()
    """The words of `terms` as typed. A word is "" if it is part of a pattern.

    It is also "" if it is one of several pairs of characters of a script without spaces: then
    nobody knows where the words begin.
    """

    @property
    def word_count(self) -> int:
        """The number of words, at least 1."""
        return max(len(self.terms), sum(map(len, self.phrases)), 1)

    @property
    def names_year(self) -> bool:
        """Whether the question names a year from 1000 to 2099."""
        return _YEAR.search(self.text) is not None

    @property
    def is_listing(self) -> bool:
        """Whether the question has no words, but only conditions, or nothing at all.

        All rows that meet the conditions match equally, so they have no scores.
        """
        return not self.text and self.keywords == query.Every()

    @property
    def readings(self) -> tuple[tuple[str, ...], ...]:
        """`terms`, followed by `others`: the terms of the words in each language."""
        return (self.terms, *self.others)

    @property
    def all_terms(self) -> Iterator[str]:
        """The terms of all words in all languages; a term can occur twice."""
        return chain.from_iterable(self.readings)

    def weight(self, weights: Mapping[str, float]) -> float:
        """Return the sum of the weights of all words of the question.

        The weight of a word is the weight of its most common term, the lowest one.
        """
        foreign = {term for term, _ in self.foreign}
        words = zip(*self.readings, strict=True)
        return sum(
            min(weights[term] for term in {first, *others} - foreign or {first})
            for first, *others in words
        )

    def forms(self, language: str) -> Mapping[str, str]:
        """Return a mapping from terms in texts of a language to the terms in `terms`."""
        elsewhere = {term for term, _ in self.foreign if (term, language) not in self.foreign}
        readings = reversed(self.readings)
        return {
            form: term
            for each in readings
            for form, term in zip(each, self.terms, strict=True)
            if form not in elsewhere
        }
