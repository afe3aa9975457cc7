"""Words of a paragraph that match the keywords of a question."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from nutgraf.index.analysis.analyzer import Analyzer, Token
from nutgraf.index.analysis.edit_distance import distance
from nutgraf.index.analysis.folding import cut
from nutgraf.index.analysis.runs import SplitText
from nutgraf.index.analysis.tokenizer import is_lone
from nutgraf.search.highlighting.sought import Sought
from nutgraf.search.query.patterns import Pattern
from nutgraf.search.query.question import Question

__all__ = ["Match", "MatchedText", "find_matches", "match_texts"]


class Match(NamedTuple):
    """A matching word, `text[start:end]` in code points, and its term."""

    start: int
    end: int
    term: str


class MatchedText(NamedTuple):
    """A text, its matches in text order, and the question as its language has it."""

    text: SplitText
    matches: Sequence[Match]
    sought: Sought


def find_matches(text: str, question: Question, analyzer: Analyzer) -> Sequence[Match]:
    """Return the words of `text` that match the question, in text order, each once.

    `analyzer` is the analyzer of the language of the text. A word of a phrase matches inside the
    phrase. If it is not a stop word, it also matches elsewhere. A word can have different terms in
    different languages. The term of its match is always the term in `question.terms`.
    """
    (found,) = match_texts(question, [(text, analyzer)])
    return found.matches


def match_texts(question: Question, texts: Sequence[tuple[str, Analyzer]]) -> list[MatchedText]:
    """Find the matches in texts, as `find_matches`; each word is analysed once."""
    split = [(SplitText(text), analyzer) for text, analyzer in texts]
    together: dict[Analyzer, list[SplitText]] = {}
    for text, analyzer in split:
        together.setdefault(analyzer, []).append(text)
    sought = {one: Sought(question, one, some) for one, some in together.items()}
    return [
        MatchedText(text, _matches(text, sought[analyzer]), sought[analyzer])
        for text, analyzer in split
    ]


def _matches(text: SplitText, sought: Sought) -> list[Match]:
    tokens = sought.tokens(text)
    forms = sought.forms
    found: dict[int, Match] = {}
    places = [at for at, token in tokens.items() if token.term in forms]
    if sought.phrases:
        places = sorted({*places, *_in_phrases(tokens, sought.phrases)})
    for at in places:
        token = tokens[at]
        found[token.start] = Match(token.start, token.end, forms.get(token.term, token.term))
    if sought.patterns:
        for token in tokens.values():
            word = cut(sought.analyzer.fold(text.text[token.start : token.end]))
            for pattern in sought.patterns:
                if _fits(pattern, word, token.term):
                    start, end = _place(pattern, text.text, token)
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
            yield match if match.start >= last else Match(last, match.end, match.term)
            last = match.end


def _in_phrases(
    tokens: Mapping[int, Token], phrases: Mapping[str, Sequence[tuple[str, ...]]]
) -> Iterator[int]:
    """Yield the numbers of tokens in phrases; numbers of neighbours differ by 1."""
    for at, first in tokens.items():
        for phrase in phrases.get(first.term, ()):
            places = range(at, at + len(phrase))
            if all(
                place in tokens and tokens[place].term == term
                for place, term in zip(places, phrase, strict=True)
            ):
                yield from places


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
