"""The words and pairs of words that a misspelled word can stand for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from nutgraf.index.analysis.multilingual import QuestionToken
from nutgraf.index.analysis.phrases import is_plain_word
from nutgraf.index.query import query
from nutgraf.index.reader.protocol import IndexReader, TermCount
from nutgraf.index.schema import TEXT_FIELDS
from nutgraf.search.query.question import Question
from nutgraf.search.suggest.misspelling import SWAPPED, typing_cost

__all__ = ["MIN_LETTERS", "WordCorrection", "any_term", "corrections_of"]

MIN_LETTERS: Final = 3
"""Minimum number of letters of a word that is corrected to a stop word: teh."""

MIN_CONTENT: Final = 4
"""Minimum number of letters of a word that is corrected to another word.

A shorter word is near to too many of them.
"""

MIN_PART: Final = 3
"""Minimum number of letters of each part of a word that is split into two."""

LONG: Final = 8
"""Minimum number of letters of a word in which 2 errors are corrected."""

SPACE: Final = 1.0
"""The cost of a space that is missing or that is too much."""

BASE: Final = 1.0
"""Likelihood of a correction that costs nothing, of SURE letters, in 1 article."""

SURE: Final = 7
LETTER: Final = 0.5
MAX_LETTERS: Final = 3
"""A longer word is near to fewer other words, a shorter one to more of them."""
DOUBLING: Final = 0.3
MAX_FREQUENCY: Final = 2.0
MIN_FREQUENCY: Final = -1.0
"""Likelihood for each doubling of the articles with the word, and its limits."""

FEW: Final = 8_000
"""Number of paragraphs from which each doubling takes DOUBLING away.

In more paragraphs, more rare words are near to an unknown name by chance.
"""

NAME: Final = 0.75
"""A name that the index lacks is likelier than a word that it lacks."""


@dataclass(frozen=True, slots=True)
class WordCorrection:
    """A correction of the text from `start` to `end` of a question.

    `covers` are the places of the replaced words among the words of the question. `terms` are a
    term of the first and of the last word of `text`, and `query` finds rows with all its words.
    `likelihood` is a logarithm: above 0, the correction is likelier than an unknown word.
    """

    start: int
    end: int
    text: str
    covers: tuple[int, ...]
    terms: tuple[str, str]
    query: query.Query
    is_stop: bool
    likelihood: float


def corrections_of(
    index: IndexReader, q: str, question: Question, tokens: Sequence[QuestionToken], at: int
) -> list[WordCorrection]:
    """Return the possible corrections of the word at place `at`, the likeliest first.

    Raises BrokenIndexError if the suggestions of the index are missing or damaged.
    """
    found = [
        *_similar(index, q, question, tokens, at),
        *_joined(index, q, question, tokens, at),
        *_split(index, q, question, tokens, at),
    ]
    return sorted(found, key=lambda one: (-one.likelihood, one.text))


def _similar(
    index: IndexReader, q: str, question: Question, tokens: Sequence[QuestionToken], at: int
) -> Iterator[WordCorrection]:
    token = tokens[at]
    written = q[token.start : token.end]
    word = question.analyzer.fold(written)
    near = index.suggestions.words_like(word, 2 if len(word) >= LONG else 1)
    is_start = at == 0 and len(tokens) > 1
    for forms in _by_key([one for _, one in near]):
        cost = typing_cost(word, forms[0].key)
        yield from _with_forms(
            index, question, (token,), (at,), written, forms, cost, is_start=is_start
        )


def _joined(
    index: IndexReader, q: str, question: Question, tokens: Sequence[QuestionToken], at: int
) -> Iterator[WordCorrection]:
    """Yield words that are the word and its neighbour without the space."""
    for first in (at - 1, at):
        if first < 0 or first + 1 >= len(tokens):
            continue
        pair = tokens[first : first + 2]
        written = [q[token.start : token.end] for token in pair]
        if q[pair[0].end : pair[1].start] != " " or not all(map(is_plain_word, written)):
            continue
        word = question.analyzer.fold("".join(written))
        forms = index.suggestions.words_of([word])
        if forms:
            covers = (first, first + 1)
            yield from _with_forms(
                index, question, pair, covers, written[0], forms, SPACE, is_start=False
            )


def _split(
    index: IndexReader, q: str, question: Question, tokens: Sequence[QuestionToken], at: int
) -> Iterator[WordCorrection]:
    """Yield phrases of two words that are the word without a space."""
    token = tokens[at]
    written = q[token.start : token.end]
    word = question.analyzer.fold(written)
    cuts = range(MIN_PART, len(word) - MIN_PART + 1)
    found = index.suggestions.phrases_of(f"{word[:cut]} {word[cut:]}" for cut in cuts)
    for forms in _by_key(found):
        yield from _with_forms(
            index, question, (token,), (at,), written, forms, SPACE, is_start=False
        )


def _with_forms(
    index: IndexReader,
    question: Question,
    tokens: Sequence[QuestionToken],
    covers: tuple[int, ...],
    written: str,
    forms: Sequence[TermCount],
    cost: float,
    *,
    is_start: bool,
) -> Iterator[WordCorrection]:
    """Yield the correction to a word with these forms, unless that is no name.

    A word with a capital is corrected to words that are mostly written with a capital. At the start
    of a question, it is enough that the word is sometimes written so.
    """
    has_capital = written[:1].isupper() and not written.isupper()
    count = sum(one.count for one in forms)
    names = [one for one in forms if one.text[:1].isupper()]
    is_name = 2 * sum(one.count for one in names) >= count
    if has_capital and not (is_name or (names and is_start)):
        return
    text = max(names if has_capital else forms, key=lambda one: (one.count, one.text)).text
    words = question.analyzer.tokens(text)
    letters = sum(token.end - token.start for token in tokens)
    is_stop = question.analyzer.is_stop(text)
    if not words or (cost > SWAPPED if is_stop else letters < MIN_CONTENT):
        return
    yield WordCorrection(
        tokens[0].start,
        tokens[-1].end,
        text,
        covers,
        (words[0].common[0], words[-1].common[0]),
        query.And([any_term(word.common) for word in words]),
        is_stop,
        _likelihood(letters, cost, count, index.paragraph_count, is_name=is_name or has_capital),
    )


def any_term(terms: Sequence[str]) -> query.Query:
    """Return the query for rows with any of `terms`."""
    return query.Or([query.Term(field, term) for field in TEXT_FIELDS for term in terms])


def _likelihood(letters: int, cost: float, count: int, paragraphs: int, *, is_name: bool) -> float:
    length = LETTER * min(letters - SURE, MAX_LETTERS)
    doublings = math.log2(count) - math.log2(max(1.0, paragraphs / FEW))
    frequency = max(MIN_FREQUENCY, min(DOUBLING * doublings, MAX_FREQUENCY))
    return BASE + length + frequency - cost - (NAME if is_name else 0.0)


def _by_key(words: Sequence[TermCount]) -> list[list[TermCount]]:
    """Return the forms of each word together."""
    found: dict[str, list[TermCount]] = {}
    for one in words:
        found.setdefault(one.key, []).append(one)
    return list(found.values())
