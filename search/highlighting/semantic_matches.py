"""Which words of a paragraph stand in, by their meaning, for words asked for that it lacks.

Each word that the keywords did not find is held against the words of the
paragraph, and what is nearest counts: greedy matching, as in BERTScore (Zhang et al.
2020), over vectors of words alone, so the encoder is not run for it. How well
snippets are chosen by it is in benchmarks/highlights.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Final, NamedTuple

import numpy as np

from nutgraf.index.analysis.analyzer import Token
from nutgraf.index.analysis.folding import APOSTROPHES
from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.index.reader.protocol import IndexReader
from nutgraf.search.highlighting.keyword_matches import Match
from nutgraf.search.query.question import Question

__all__ = ["AnalyzedParagraph", "NearWord", "find_near_words"]

MIN_COSINE: Final = 0.45
"""Least cosine of two words that are near in meaning. From here on most pairs are good, looking at
those of 120 questions and their hits: heat ~ cooling, genuine ~ authentic."""

MAX_SHARE: Final = 0.1
"""Share of paragraphs: a word asked for that is in more of them tells little, be it a stop word of
a language whose stop words are not known."""

MAX_ASKED: Final = 32
"""Words of a question that others stand in for."""

MAX_WORDS: Final = 20_000
"""Different words of a page that are looked at: a hundred usual paragraphs have 5,000."""


class AnalyzedParagraph(NamedTuple):
    """A paragraph's text, its tokens, and those of them that the keywords matched."""

    text: str
    tokens: Sequence[Token]
    matches: Sequence[Match]


class NearWord(NamedTuple):
    """A word, `text[start:end]`, the term that it stands in for, and their cosine."""

    start: int
    end: int
    term: str
    cosine: float


Nearest = Mapping[str, Sequence[tuple[float, str]]]
"""Word of a paragraph -> the terms it is near to, with the cosine."""


def find_near_words(
    index: IndexReader, question: Question, page: Sequence[AnalyzedParagraph]
) -> list[list[NearWord]]:
    """Return the near words of each paragraph of a page, in their order, none of them a match.

    They are near to a word that is asked for and that their paragraph lacks. Stop words,
    numbers and single letters stand in for nothing, and nothing for them.
    """
    lacking = [_lacking(question, paragraph.matches) for paragraph in page]
    asked = _asked(index, question, frozenset(chain.from_iterable(lacking)))
    if not asked:
        return [[] for _ in page]
    nearest = _nearest(index, question.analyzer, asked, page)
    return [
        list(_near_words(paragraph, nearest, terms))
        for paragraph, terms in zip(page, lacking, strict=True)
    ]


def _lacking(question: Question, matches: Iterable[Match]) -> frozenset[str]:
    return frozenset(question.terms).difference(match.term for match in matches)


def _asked(index: IndexReader, question: Question, terms: frozenset[str]) -> dict[str, str]:
    """Return the words that were asked for as one of `terms`, and have a meaning of their own."""
    words: dict[tuple[str, ...], str] = {}
    for token in question.analyzer.tokens(question.text):
        word = _plain(question.text[token.start : token.end])
        if token.terms[0] in terms and _has_meaning(word, question.analyzer):
            words.setdefault(token.common, word)
    statistics = index.term_statistics([form for forms in words for form in forms])
    few = MAX_SHARE * index.paragraph_count
    asked: dict[str, str] = {}
    for forms, word in words.items():
        frequency = sum(statistics[form].frequency for form in forms)
        if frequency <= few and len(asked) < MAX_ASKED:
            asked.setdefault(forms[0], word)
    return asked


def _nearest(
    index: IndexReader,
    analyzer: MultilingualAnalyzer,
    asked: Mapping[str, str],
    page: Iterable[AnalyzedParagraph],
) -> Nearest:
    """Return which words of a page are near to which of the words `asked` for, by term."""
    words = list(islice(_words(page), MAX_WORDS))
    wanted = index.word_vectors(list(asked.values()))
    cosines = index.word_vectors(list(map(_plain, words))) @ wanted.T
    # Two names that are near are those of two things: David ~ James, France ~ Germany.
    cosines[np.outer(_are_names(words), _are_names(asked.values()))] = 0
    terms = tuple(asked)
    nearest: dict[str, list[tuple[float, str]]] = {}
    for at, of in np.argwhere(cosines >= MIN_COSINE).tolist():
        if _has_meaning(words[at], analyzer):
            nearest.setdefault(words[at], []).append((float(cosines[at, of]), terms[of]))
    return nearest


def _words(page: Iterable[AnalyzedParagraph]) -> Iterable[str]:
    """Return the words of a page as they are written, none twice."""
    return dict.fromkeys(text[start:end] for text, tokens, _ in page for _, start, end in tokens)


def _near_words(
    paragraph: AnalyzedParagraph, nearest: Nearest, lacking: frozenset[str]
) -> Iterator[NearWord]:
    """Yield the words of a paragraph that are near to a term that it lacks."""
    matched = {match.start for match in paragraph.matches}
    last = 0
    for _, start, end in paragraph.tokens:
        near = [one for one in nearest.get(paragraph.text[start:end], ()) if one[1] in lacking]
        # Several tokens may share the place of one sign.
        if near and start not in matched and start >= last:
            cosine, term = max(near)
            yield NearWord(start, end, term, cosine)
            last = end


def _are_names(words: Iterable[str]) -> list[bool]:
    return [word[0].isupper() for word in words]


def _plain(word: str) -> str:
    return word.translate(APOSTROPHES).removesuffix("'s")


def _has_meaning(word: str, analyzer: MultilingualAnalyzer) -> bool:
    return len(word) > 1 and not any(map(str.isnumeric, word)) and not analyzer.is_stop(word)
