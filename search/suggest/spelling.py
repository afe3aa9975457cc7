"""Spelling corrections of a question, from the words of the index."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from nutgraf.index.analysis.multilingual import MultilingualAnalyzer, QuestionToken
from nutgraf.index.analysis.phrases import is_plain_word
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.query import query
from nutgraf.index.reader.protocol import IndexReader, TermCount
from nutgraf.index.schema import PUBLISHED, TEXT_FIELDS, VALUE_FIELDS
from nutgraf.search.query.question import Question

__all__ = ["correct_spelling"]

MIN_LETTERS: Final = 4
"""Minimum number of letters of a word that is corrected.

A shorter word is near to too many other words.
"""

LONG: Final = 6
"""Minimum number of letters of a long word.

A correction may change 2 letters of a long word, and only 1 letter of a shorter word.
"""

MAX_UNKNOWN: Final = 4
"""Maximum number of unknown words in a question that is corrected.

A question with more unknown words is in another language.
"""

COUNTED_AT_ONCE: Final = 4
"""Number of possible corrections that are counted in one call to the index.

Nearly always, the first of them is good.
"""


@lru_cache(64)
def _value_pattern(declared: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of a field and its value, which is not a word of a text."""
    names = "|".join((*VALUE_FIELDS, PUBLISHED, *declared))
    return re.compile(rf"(?<![^\s(+-])(?:{names}):(\S*)", re.IGNORECASE)


def correct_spelling(index: IndexReader, q: str, question: Question) -> str | None:
    """Return the question with its unknown words corrected; None if none is corrected.

    A word is unknown if no paragraph has its term in its text or title. Signs, values of fields,
    patterns, words with digits and excluded words are not changed. If the suggestions of the index
    are missing or damaged, the result is None, so that the search is still answered.
    """
    unknown = _unknown(index, q, question)
    if not 0 < len(unknown) <= MAX_UNKNOWN:
        return None
    terms = {term for found in unknown for term in found.terms}
    terms |= {term for term, _ in question.foreign}
    others = [term for reading in question.readings for term in reading if term not in terms]
    read = question.analyzer
    corrected = q
    try:
        for found in reversed(unknown):
            word = q[found.start : found.end]
            nearest = _nearest(index, read, read.fold(word), others) or word
            corrected = corrected[: found.start] + nearest + corrected[found.end :]
    except BrokenIndexError:
        return None
    return corrected if corrected != q else None


def _unknown(index: IndexReader, q: str, question: Question) -> list[QuestionToken]:
    """Return the words of the question that no paragraph contains, in their order."""
    asked = frozenset(question.terms)
    values = _value_pattern(tuple(index.declared))
    in_values = {at for value in values.finditer(q) for at in range(*value.span(1))}
    words = []
    for found in question.analyzer.tokens(q):
        word = q[found.start : found.end]
        if found.terms[0] not in asked or len(word) < MIN_LETTERS or not is_plain_word(word):
            continue
        if found.start in in_values or q[found.end : found.end + 1] in ("*", "~"):
            continue
        words.append(found)
    statistics = index.term_statistics([term for found in words for term in found.common])
    return [found for found in words if not any(statistics[term].known for term in found.common)]


def _nearest(
    index: IndexReader, analyzer: MultilingualAnalyzer, word: str, others: Sequence[str]
) -> str | None:
    """Return the word of the index nearest to `word`, None if no word is near enough.

    Of equally near words, the most frequent one is returned. Words with a different first letter
    come last, because the first letter is seldom mistyped.

    `others` are the known terms of the question. A paragraph or its title must contain the returned
    word together with one of them: "the president of Brazil" must not become "the resident of
    Brazil".
    """
    near = index.suggestions.words_like(word, 2 if len(word) >= LONG else 1)
    ordered = sorted(near, key=lambda found: _edit_order(word, *found))
    tokens = ((one.text, analyzer.tokens(one.text)) for _, one in ordered)
    stems = [(text, found[0].common) for text, found in tokens if len(found) == 1]
    # The suggestions may be one commit newer than the snapshot, so count in the snapshot.
    for start in range(0, len(stems), COUNTED_AT_ONCE):
        some = stems[start : start + COUNTED_AT_ONCE]
        counts = index.counts([_together(terms, others) for _, terms in some])
        for (text, _), count in zip(some, counts, strict=True):
            if count:
                return text
    return None


def _together(terms: Sequence[str], others: Sequence[str]) -> query.Query:
    """Return the query for rows with any of `terms`, and any of `others` if given."""
    found = _any(terms)
    return query.And([found, _any(others)]) if others else found


def _any(terms: Sequence[str]) -> query.Query:
    return query.Or([query.Term(field, term) for field in TEXT_FIELDS for term in terms])


def _edit_order(word: str, apart: int, one: TermCount) -> tuple[int, bool, int, str]:
    return (apart, one.key[:1] != word[:1], -one.count, one.text)
