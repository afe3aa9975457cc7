"""Words of a paragraph that are near in meaning to missing words of the question.

A missing word is a word of the question without a keyword match in the paragraph. Each missing word
is compared with all words of the paragraph, and the nearest word counts. This is greedy matching,
as in BERTScore (Zhang et al. 2020). The vectors of single words are compared, so the encoder does
not run. The quality of the resulting snippets is in benchmarks/highlights.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Final, NamedTuple

import numpy as np

from nutgraf.index.analysis.analyzer import Analyzer, Token
from nutgraf.index.analysis.folding import APOSTROPHES
from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.index.reader.protocol import IndexReader
from nutgraf.search.highlighting.keyword_matches import Match
from nutgraf.search.query.question import Question

__all__ = ["AnalyzedParagraph", "NearWord", "find_near_words"]

MIN_COSINE: Final = 0.45
"""Least cosine of two words that are near in meaning.

The pairs of 120 questions and their hits were inspected. Most pairs with a higher cosine are good:
heat ~ cooling, genuine ~ authentic.
"""

MAX_SHARE: Final = 0.1
"""A word of the question is compared if at most this share of paragraphs has it.

More common words say little. Such a word can be a stop word of a language whose stop words are
unknown.
"""

MAX_ASKED: Final = 32
"""Maximum number of words of a question that are compared."""

MAX_WORDS: Final = 20_000
"""Maximum number of different words of a page that are compared.

100 paragraphs of usual length have 5,000 different words.
"""


class AnalyzedParagraph(NamedTuple):
    """A paragraph's text, tokens and keyword matches, and the analyzer of the text."""

    text: str
    tokens: Sequence[Token]
    matches: Sequence[Match]
    analyzer: Analyzer


class NearWord(NamedTuple):
    """A word of a paragraph that is near in meaning to a term of the question.

    The word is `text[start:end]`. `cosine` is the cosine of the word and the term.
    """

    start: int
    end: int
    term: str
    cosine: float


Nearest = Mapping[str, Sequence[tuple[float, str]]]
"""A mapping from a word of a paragraph to its near terms, as (cosine, term)."""


def find_near_words(
    index: IndexReader, question: Question, page: Sequence[AnalyzedParagraph]
) -> list[list[NearWord]]:
    """Return the near words of each paragraph of a page, in text order.

    A near word is near in meaning to a missing word of the question. A keyword match is never a
    near word. Stop words, numbers and single letters are not compared.
    """
    lacking = [_lacking(question, paragraph) for paragraph in page]
    asked = _asked(index, question, frozenset(chain.from_iterable(lacking)))
    if not asked:
        return [[] for _ in page]
    nearest = _nearest(index, asked, page)
    return [
        list(_near_words(paragraph, nearest, terms))
        for paragraph, terms in zip(page, lacking, strict=True)
    ]


def _lacking(question: Question, paragraph: AnalyzedParagraph) -> frozenset[str]:
    searched = question.forms(paragraph.analyzer.language).values()
    return frozenset(searched).difference(match.term for match in paragraph.matches)


def _asked(index: IndexReader, question: Question, terms: frozenset[str]) -> dict[str, str]:
    """Return a mapping from terms to words of the question that are compared.

    Only words with a term in `terms` are compared.
    """
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
    index: IndexReader, asked: Mapping[str, str], page: Iterable[AnalyzedParagraph]
) -> Nearest:
    """Return the words of a page that are near in meaning to words of the question."""
    words = list(islice(_words(page), MAX_WORDS))
    wanted = index.word_vectors(list(asked.values()))
    cosines = index.word_vectors(list(map(_plain, words))) @ wanted.T
    # Two names can be near, but they name different things: David ~ James, France ~ Germany.
    cosines[np.outer(_are_names(words), _are_names(asked.values()))] = 0
    terms = tuple(asked)
    nearest: dict[str, list[tuple[float, str]]] = {}
    for at, of in np.argwhere(cosines >= MIN_COSINE).tolist():
        nearest.setdefault(words[at], []).append((float(cosines[at, of]), terms[of]))
    return nearest


def _words(page: Iterable[AnalyzedParagraph]) -> Iterable[str]:
    """Return the words of a page as written, each once."""
    return dict.fromkeys(
        paragraph.text[start:end] for paragraph in page for _, start, end in paragraph.tokens
    )


def _near_words(
    paragraph: AnalyzedParagraph, nearest: Nearest, lacking: frozenset[str]
) -> Iterator[NearWord]:
    """Yield the words of a paragraph that are near to a term without a match."""
    matched = {match.start for match in paragraph.matches}
    last = 0
    for _, start, end in paragraph.tokens:
        word = paragraph.text[start:end]
        near = [one for one in nearest.get(word, ()) if one[1] in lacking]
        if not near or not _has_meaning(word, paragraph.analyzer):
            continue
        # Several tokens can share the position of one sign.
        if start not in matched and start >= last:
            cosine, term = max(near)
            yield NearWord(start, end, term, cosine)
            last = end


def _are_names(words: Iterable[str]) -> list[bool]:
    return [word[0].isupper() for word in words]


def _plain(word: str) -> str:
    return word.translate(APOSTROPHES).removesuffix("'s")


def _has_meaning(word: str, analyzer: Analyzer | MultilingualAnalyzer) -> bool:
    return len(word) > 1 and not any(map(str.isnumeric, word)) and not analyzer.is_stop(word)
