"""Question: a parsed question. builder.py makes it; rankings and snippets use it."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.index.query import query
from nutgraf.search.query.patterns import Pattern
from nutgraf.search.response import Understood

__all__ = ["Question", "QuestionWord"]

_YEAR: Final = re.compile(r"(?<!\w)(?:1\d|20)\d\d(?!\w)", re.ASCII)


@dataclass(frozen=True, slots=True)
class QuestionWord:
    """A word of a question: its term in each language of the analyzer of the question.

    `skipped` are languages whose articles are not searched for the word: it is a stop word there,
    or not a form in the language. `foreign` is that of QuestionToken. `factors` maps terms to the
    factors of their weights: a term can be rarer in its languages than in the index.

    `written` is the word as typed. It is "" for a part of a pattern, and for one of several pairs
    of characters of a script without spaces: then nobody knows where the words begin.
    """

    terms: tuple[str, ...]
    skipped: frozenset[str] = frozenset()
    foreign: frozenset[tuple[str, str]] = frozenset()
    factors: Mapping[str, float] = field(default_factory=dict)
    written: str = ""


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
    words: tuple[QuestionWord, ...]
    """The words to highlight.

    Stop words of a language are included only if the question has no other words in it.
    """
    phrases: tuple[tuple[str, ...], ...]
    """The terms of each phrase, and of each word that has several terms (anti-air)."""
    patterns: tuple[Pattern, ...]
    warnings: tuple[str, ...]
    """Warnings for the user, for example that a sign is searched as a word."""
    analyzer: MultilingualAnalyzer = field(compare=False)
    """The analyzer for the languages of the question, the likeliest first."""
    confined: Mapping[Hashable, frozenset[str]] = field(default_factory=dict)
    """The languages of phrases and patterns; those of all languages are missing."""
    unknown: frozenset[str] = frozenset()
    """Terms that no paragraph of the index contains; not all such terms are included."""
    values: tuple[tuple[str, str], ...] = ()
    """Pairs of a field and a value as written: source and bbc for source:bbc."""
    understood: tuple[Understood, ...] = ()
    """The dates and names in plain words."""

    @property
    def word_count(self) -> int:
        """The number of words, at least 1."""
        return max(len(self.terms), sum(map(len, self.phrases)), 1)

    @property
    def written(self) -> tuple[str, ...]:
        """The words of `terms` as typed (see QuestionWord)."""
        return tuple(word.written for word in self.words)

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
    def terms(self) -> tuple[str, ...]:
        """The terms of the words, one per word, in the likeliest language of the question."""
        return tuple(word.terms[0] for word in self.words)

    @property
    def readings(self) -> tuple[tuple[str, ...], ...]:
        """The terms of the words in each language, the likeliest first.

        Equal tuples are included once.
        """
        terms = [word.terms for word in self.words]
        return tuple(dict.fromkeys(zip(*terms, strict=True))) or ((),)

    @property
    def all_terms(self) -> Iterator[str]:
        """The terms of all words in all languages; a term can occur twice."""
        return chain.from_iterable(word.terms for word in self.words)

    @property
    def foreign(self) -> frozenset[tuple[str, str]]:
        """Pairs of a foreign term (see QuestionToken) and its language.

        A term is omitted if it is also a term of a word for which it is not foreign.
        """
        common = {
            term
            for word in self.words
            for term in set(word.terms).difference(term for term, _ in word.foreign)
        }
        pairs = chain.from_iterable(word.foreign for word in self.words)
        return frozenset(pair for pair in pairs if pair[0] not in common)

    def weight(self, weights: Mapping[str, float]) -> float:
        """Return the sum of the weights of all words, in the likeliest language.

        The weight of a word is the weight of its most common term, the lowest one.
        """
        languages = self.analyzer.languages
        return sum(
            min(
                weights[term] * word.factors.get(term, 1.0)
                for term, language in zip(word.terms, languages, strict=True)
                if language not in word.skipped
            )
            for word in self.words
            if languages[0] not in word.skipped
        )

    def forms(self, language: str) -> Mapping[str, str]:
        """Return a mapping from terms in texts of a language to the terms in `terms`."""
        languages = self.analyzer.languages
        at = [languages.index(language)] if language in languages else range(len(languages))[::-1]
        return {
            word.terms[each]: word.terms[0]
            for each in at
            for word in self.words
            if languages[each] not in word.skipped
        }

    def of_language(self, part: Hashable, language: str) -> bool:
        """Return whether a phrase or a pattern is searched in texts of a language."""
        within = self.confined.get(part)
        return within is None or language in within or language not in self.analyzer.every
