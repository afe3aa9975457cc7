"""Words of a paragraph that match the keywords of a question."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from nutgraf.index.analysis.analyzer import Analyzer, Token
from nutgraf.index.analysis.edit_distance import distance
from nutgraf.index.analysis.folding import cut
from nutgraf.index.analysis.tokenizer import is_lone
from nutgraf.search.query.patterns import Pattern
from nutgraf.search.query.question import Question

__all__ = ["Match", "find_matches"]


class Match(NamedTuple):
    """A matching word, `text[start:end]` in code points, and its term."""

    start: int
    end: int
    term: str


def find_matches(
    text: str, question: Question, analyzer: Analyzer, tokens: Sequence[Token] | None = None
) -> list[Match]:
    """Return the words of `text` that match the question, in text order, each once.

    `analyzer` is the analyzer of the language of the text. `tokens` are the tokens of the text;
    with None, they are computed. A word of a phrase matches inside the phrase. If it is not a stop
    word, it also matches elsewhere. A word can have different terms in different languages. The
    term of its match is always the term in `question.terms`.
    """
    tokens = analyzer.tokens(text) if tokens is None else tokens
    language = analyzer.language
    forms = question.forms(language)
    phrases = [each for each in question.phrases if question.of_language(each, language)]
    patterns = [each for each in question.patterns if question.of_language(each, language)]
    found: dict[int, Match] = {}
    for at in chain(_single(tokens, forms), _in_phrases(tokens, phrases)):
        token = tokens[at]
        found[token.start] = Match(token.start, token.end, forms.get(token.term, token.term))
    if patterns:
        for token in tokens:
            word = cut(analyzer.fold(text[token.start : token.end]))
            for pattern in patterns:
                if _fits(pattern, word, token.term):
                    start, end = _place(pattern, text, token)
                    found[start] = Match(start, end, token.term)
                    break
    return list(_apart(found[start] for start in sorted(found)))


def _apart(matches: Iterable[Match]) -> Iterator[Match]:
    """Yield the matches, cut so that no match overlaps an earlier one.

    In scripts without spaces, tokens overlap.
    """
    last = 0
    for match in matches:
        if match.end > last:
            yield match._replace(start=max(match.start, last))
            last = match.end


def _single(tokens: Sequence[Token], terms: Container[str]) -> Iterator[int]:
    for at, token in enumerate(tokens):
        if token.term in terms:
            yield at


def _in_phrases(tokens: Sequence[Token], phrases: Sequence[tuple[str, ...]]) -> Iterator[int]:
    for phrase in phrases:
        for at in range(len(tokens) - len(phrase) + 1):
            if all(tokens[at + step].term == term for step, term in enumerate(phrase)):
                yield from range(at, at + len(phrase))


def _place(pattern: Pattern, text: str, token: Token) -> tuple[int, int]:
    """Return the start and the end of a match in the text.

    In a script without spaces, a token has 2 characters. If the pattern is a single character,
    the match is only this character: 猫 in the token 小猫.
    """
    char = pattern.text.removeprefix("?")
    at = text.find(char, token.start, token.end) if is_lone(char) else -1
    return (token.start, token.end) if at < 0 else (at, at + len(char))


def _fits(pattern: Pattern, word: str, term: str) -> bool:
    if pattern.kind == "prefix":
        return word.startswith(pattern.text) or term.startswith(pattern.text)
    if pattern.kind == "wildcard":
        form = _wildcard(pattern.text)
        return bool(form.fullmatch(word) or form.fullmatch(term))
    return any(_near(each, pattern.text, pattern.distance) for each in (word, term))


@lru_cache(maxsize=256)
def _wildcard(pattern: str) -> re.Pattern[str]:
    # `fnmatch.translate` avoids backtracking. If each star became ".*", the pattern a*a*a*b would
    # take minutes on a long word of the letter a.
    return re.compile(fnmatch.translate(pattern))


def _near(word: str, wanted: str, letters: int) -> bool:
    return abs(len(word) - len(wanted)) <= letters and distance(word, wanted) <= letters
