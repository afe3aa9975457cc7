"""Which words of a paragraph a question's keywords matched."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from nutgraf.index.keywords.analysis import Analyzer, Token
from nutgraf.index.keywords.distance import distance
from nutgraf.index.keywords.folding import cut
from nutgraf.search.patterns import Pattern
from nutgraf.search.query import Question

__all__ = ["Match", "find_matches"]


class Match(NamedTuple):
    """A word that matched, `text[start:end]` in code points, and the term that it matched as."""

    start: int
    end: int
    term: str


def find_matches(
    text: str, question: Question, analyzer: Analyzer, tokens: Sequence[Token] | None = None
) -> list[Match]:
    """Return the words of `text` that the question asks for, in their order, none twice.

    By the same analysis that indexed them; `tokens` are the text's, if they
    are known. A word of a phrase matches inside the phrase, and elsewhere too
    unless it is a stop word.
    """
    tokens = analyzer.tokens(text) if tokens is None else tokens
    terms = frozenset(question.terms)
    found: dict[int, Match] = {}
    for at in chain(_single(tokens, terms), _in_phrases(tokens, question.phrases)):
        token = tokens[at]
        found[token.start] = Match(token.start, token.end, token.term)
    if question.patterns:
        for token in tokens:
            word = cut(analyzer.fold(text[token.start : token.end]))
            if any(_fits(pattern, word, token.term) for pattern in question.patterns):
                found[token.start] = Match(token.start, token.end, token.term)
    return [found[start] for start in sorted(found)]


def _single(tokens: Sequence[Token], terms: frozenset[str]) -> Iterator[int]:
    for at, token in enumerate(tokens):
        if token.term in terms:
            yield at


def _in_phrases(tokens: Sequence[Token], phrases: Sequence[tuple[str, ...]]) -> Iterator[int]:
    for phrase in phrases:
        for at in range(len(tokens) - len(phrase) + 1):
            if all(tokens[at + step].term == term for step, term in enumerate(phrase)):
                yield from range(at, at + len(phrase))


def _fits(pattern: Pattern, word: str, term: str) -> bool:
    if pattern.kind == "prefix":
        return word.startswith(pattern.text) or term.startswith(pattern.text)
    if pattern.kind == "wildcard":
        form = _wildcard(pattern.text)
        return bool(form.fullmatch(word) or form.fullmatch(term))
    return any(_near(each, pattern.text, pattern.distance) for each in (word, term))


@lru_cache(maxsize=256)
def _wildcard(pattern: str) -> re.Pattern[str]:
    # Not a star for a star: a*a*a*b against a long word of a would take minutes.
    return re.compile(fnmatch.translate(pattern))


def _near(word: str, wanted: str, letters: int) -> bool:
    return abs(len(word) - len(wanted)) <= letters and distance(word, wanted) <= letters
