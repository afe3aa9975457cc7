"""The words of a question that the index lacks, and the names among them.

A paragraph about another person is seldom the answer, however near its meaning is: "Meghan Markle
visits a school" must not find any visit to a school. A word that is not a name often has a synonym
in the answer, so it says less.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.reader.protocol import IndexReader
from nutgraf.search.query.question import Question

__all__ = ["has_unknown_name", "unknown_words"]

FEWEST: Final = 3
"""In a longer question with capitals throughout, capitals say nothing."""

CLOSE: Final = 1
"""Number of letters by which two spellings of a name may differ."""

MIN_LETTERS: Final = 5
"""Minimum number of letters of a word that can be a spelling of another word."""

VOWELS: Final = frozenset("aeiouyj")

_WORD: Final = re.compile(r"[^\W_]+")


def unknown_words(index: IndexReader, question: Question) -> tuple[str, ...]:
    """Return the unknown words of a question as typed, in their order, each once.

    A word is unknown if no text and no title of the index contains one of its terms, in any
    language. Stop words, excluded words, patterns and the values of fields are never unknown. The
    words of a date or a name that was understood are not either: they are values of articles. The
    statistics are those that the retrieval needs, so a reader has them in its cache.
    """
    if not any(question.written):
        return ()
    statistics = index.term_statistics(list(dict.fromkeys(question.all_terms)))
    analyzer = question.analyzer
    understood = {
        analyzer.fold(each.text[token.start : token.end])
        for each in question.understood
        for token in analyzer.tokens(each.text)
    }
    foreign = {term for term, _ in question.foreign}
    words = zip(question.written, zip(*question.readings, strict=True), strict=True)
    unknown = [
        word
        for word, terms in words
        if word
        and not any(statistics[term].known for term in {*terms} - foreign or terms)
        and not analyzer.is_stop(word)
        and analyzer.fold(word) not in understood
    ]
    return tuple(dict.fromkeys(unknown))


def has_unknown_name(index: IndexReader, question: str, unknown: Sequence[str]) -> bool:
    """Return whether one of the `unknown` words of a question is a name.

    A name is a word with a capital letter, unless all words of the question have one. A name of the
    index that differs in one more, one less or another vowel is taken for another spelling:
    *Zelenskiy* is known if the index has *Zelensky*. If the suggestions of the index, which list
    its words, are missing or damaged, every spelling counts as unknown.
    """
    names = [word for word in unknown if _has_capital(word)]
    if not names:
        return False
    words = _WORD.findall(question)
    if len(words) > FEWEST and all(map(_has_capital, words)):
        return False
    return not all(_is_spelling(index, name) for name in names)


def _has_capital(word: str) -> bool:
    return any(char.isupper() for char in word)


def _is_spelling(index: IndexReader, name: str) -> bool:
    """Return whether the index has a name that is probably the same one."""
    if len(name) < MIN_LETTERS:
        return False
    fold = index.question_analyzer().fold
    try:
        near = index.suggestions.words_like(fold(name), CLOSE)
    except BrokenIndexError:
        return False
    return any(
        _has_capital(word.text) and _are_variants(fold(name), fold(word.text)) for _, word in near
    )


def _are_variants(one: str, other: str) -> bool:
    """Return whether two words with at most one edit between them can be one name.

    *Naval* and *Nadal* differ in a consonant, so they are two words.
    """
    if len(one) != len(other):
        return True
    return {*one} ^ {*other} <= VOWELS
