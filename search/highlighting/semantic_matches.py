"""Words of a paragraph that are near in meaning to missing words of the question.

A missing word is a word of the question without a keyword match in the paragraph. Each missing word
is compared with all words of the paragraph, and the nearest word counts. This is greedy matching,
as in BERTScore (Zhang et al. 2020). The vectors of single words are compared, so the encoder does
not run. The quality of the resulting snippets is in benchmarks/highlights.md.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, islice
from typing import Final, NamedTuple

import numpy as np

from nutgraf.index.analysis.analyzer import Analyzer
from nutgraf.index.analysis.folding import plain_form
from nutgraf.index.analysis.stopwords import has_meaning
from nutgraf.index.reader.protocol import IndexReader
from nutgraf.search.highlighting.keyword_matches import MatchedText
from nutgraf.search.query.question import Question

__all__ = ["NearWord", "find_near_words"]

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


class NearWord(NamedTuple):
    """A word of a paragraph that is near in meaning to a term of the question.

    The word is `text[start:end]`. `cosine` is the cosine of the word and the term.
    """

    start: int
    end: int
    term: str
    cosine: float


Nearest = Mapping[str, Mapping[str, float]]
"""The near terms of a word of a paragraph, with the cosine of each."""


def find_near_words(
    index: IndexReader, question: Question, page: Sequence[MatchedText]
) -> list[list[NearWord]]:
    """Return the near words of each paragraph of a page, in text order.

    A near word is near in meaning to a missing word of the question. A keyword match is never a
    near word. Stop words, numbers and single letters are not compared.
    """
    lacking = list(map(_lacking, page))
    asked = _asked(index, question, frozenset(chain.from_iterable(lacking)))
    if not asked:
        return [[] for _ in page]
    nearest, runs = _nearest(index, asked, page)
    return [
        list(_near_words(paragraph, runs, nearest, terms))
        for paragraph, terms in zip(page, lacking, strict=True)
    ]


def _lacking(paragraph: MatchedText) -> frozenset[str]:
    searched = paragraph.sought.forms.values()
    return frozenset(searched).difference(match.term for match in paragraph.matches)


def _asked(index: IndexReader, question: Question, terms: frozenset[str]) -> dict[str, str]:
    """Return a mapping from terms to words of the question that are compared.

    Only words with a term in `terms` are compared.
    """
    words: dict[tuple[str, ...], str] = {}
    for token in question.analyzer.tokens(question.text):
        word = plain_form(question.text[token.start : token.end])
        if token.terms[0] in terms and has_meaning(word, question.analyzer.is_stop):
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
    index: IndexReader, asked: Mapping[str, str], page: Iterable[MatchedText]
) -> tuple[Nearest, set[str]]:
    """Return the words that are near to words of the question, and the runs with them."""
    runs, words, ends = _content(page)
    cosines = index.word_vectors(words) @ index.word_vectors(list(asked.values())).T
    terms = tuple(asked)
    are_names = [word[0].isupper() for word in asked.values()]
    nearest: dict[str, dict[str, float]] = {}
    found = set()
    for at, of in np.argwhere(cosines >= MIN_COSINE).tolist():
        word = words[at]
        # Two names can be near, but they name different things: David ~ James, France ~ Germany.
        if not (are_names[of] and word[:1].isupper()):
            nearest.setdefault(word, {})[terms[of]] = float(cosines[at, of])
            found.add(runs[bisect_right(ends, at)])
    return nearest, found


def _content(page: Iterable[MatchedText]) -> tuple[list[str], list[str], list[int]]:
    """Return the runs of a page, their words, and the words up to each run."""
    texts: dict[Analyzer, list[list[str]]] = {}
    for paragraph in page:
        texts.setdefault(paragraph.sought.analyzer, []).append(paragraph.text.runs)
    runs: list[str] = []
    words: list[tuple[str, ...]] = []
    for analyzer, some in texts.items():
        distinct = dict.fromkeys(chain.from_iterable(some))
        runs += distinct
        words += analyzer.content_words(distinct)
    ends = list(accumulate(map(len, words)))
    return runs, list(islice(chain.from_iterable(words), MAX_WORDS)), ends


def _near_words(
    paragraph: MatchedText,
    runs: Container[str],
    nearest: Nearest,
    lacking: frozenset[str],
) -> Iterator[NearWord]:
    """Yield the words of a paragraph that are near to a term without a match.

    `runs` are the runs with words in `nearest`.
    """
    text, matches, sought = paragraph
    matched = {match.start for match in matches}
    is_stop = sought.analyzer.is_stop
    last = 0
    for at, first in text.places(runs):
        for _, start, end in sought.placed(text.runs[at], first):
            word = text.text[start:end]
            close = nearest.get(plain_form(word), {})
            found = [(cosine, term) for term, cosine in close.items() if term in lacking]
            # Several tokens can share the position of one sign.
            if found and start not in matched and start >= last and has_meaning(word, is_stop):
                cosine, term = max(found)
                yield NearWord(start, end, term, cosine)
                last = end
