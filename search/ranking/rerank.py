"""Reranking: a cross-encoder reads the question and each of the first candidates.

A cross-encoder is a model that reads a question and a text together (Nogueira and Cho, 2019,
arXiv:1901.04085). This model judges the text better than embeddings and word counts do, but takes
1,000 times as long. So the cross-encoder reads only candidates with a fair chance, and stops when
its time is spent. The measurements for the numbers below are in benchmarks/reranking.md.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.languages import primary_language
from nutgraf.index.article import Paragraph
from nutgraf.index.reader.protocol import IndexReader, Record, Reranker
from nutgraf.search.errors import RequestError
from nutgraf.search.highlighting.keyword_matches import find_matches
from nutgraf.search.highlighting.snippets import best_span
from nutgraf.search.query.question import Question
from nutgraf.search.ranking.calibration import from_first
from nutgraf.search.ranking.candidates import Candidates
from nutgraf.search.request.options import Rerank
from nutgraf.search.response import Reranked

__all__ = [
    "check_reranker",
    "combined",
    "probability",
    "rerank",
    "rerank_candidates",
    "worth_reading",
]

Values = NDArray[np.float64]

MIN_SHARE: Final = 0.1
"""Least share of the first candidate's probability with which a candidate is read.

The probabilities say how much is to gain. This rule saves more than half of the tokens of 20
candidates, and loses a tenth of the gain of reranking.
"""

WINDOW: Final = 700
"""Maximum number of characters of a paragraph that are read.

This is about the token limit of a reranker. Of a longer paragraph, the window with the most words
of the question is read.
"""

MAX_TITLE: Final = 120
"""Maximum number of characters of a title that are read before the paragraph."""

FUSED_WEIGHT: Final = 0.4
"""Weight of the fused score in the combined score; the rest is for the reranker.

The fused score keeps the best hits of the fusion near the top. Weights from .3 to .5 are about
equally good.
"""

BIAS: Final = 1.41
COMBINED: Final = 1.79
YEAR: Final = -2.47
SLOPE: Final = 12.05
"""Factors of the probability that a hit is relevant, as in calibration.py.

The probability of the first hit is the probability that the index answers the question, times
1 / (1 + exp(-(BIAS + COMBINED x combined score + YEAR))), with YEAR only if the question names a
year. The log-odds of a later hit are lower by SLOPE x the difference of the combined scores. The
factors are fitted to the first candidates of 344 questions of 4 judged sets, with the threefold
weight for news.
"""


def check_reranker(index: IndexReader, asked: Rerank | None) -> None:
    """Raise RequestError if a request asks for a reranker that is not there."""
    if asked is not None and index.reranker is None:
        raise RequestError(
            "rerank",
            "is not possible: the index has no reranker; omit this option, or give the index a "
            "reranker with 'nutgraf reranker NAME'",
        )


def rerank_candidates(
    index: IndexReader, asked: Rerank, question: Question, candidates: Candidates
) -> Candidates:
    """Rerank candidates with the reranker of the index.

    Raises RequestError if the index has no reranker.
    """
    check_reranker(index, asked)
    assert index.reranker is not None  # noqa: S101  # just checked

    with_title = candidates.evidence.names_year

    def read(rows: Sequence[int]) -> list[str]:
        found = index.paragraphs(rows)
        return [_text_to_read(index, question, *found[row], with_title=with_title) for row in rows]

    return rerank(candidates, index.reranker, question.text, read, asked)


def rerank(
    candidates: Candidates,
    reranker: Reranker,
    question: str,
    read: Callable[[Sequence[int]], Sequence[str]],
    asked: Rerank,
    clock: Callable[[], float] = time.perf_counter,
) -> Candidates:
    """Return the same rows: the best in the order of the reranker, the others below.

    `read` returns the texts of rows. When the time budget is spent, the reranker reads no further
    row. Rows that the reranker did not read keep their order, with lower scores than all rows that
    it read.
    """
    started = clock()
    # A question with only conditions has no text here that a paragraph could be compared with.
    best = candidates.best(asked.depth if question else 0)
    first = best[: worth_reading(candidates.probabilities[best])]
    logits: list[float] = []
    in_time = True
    with closing(reranker.logits(question, read(candidates.rows[first].tolist()))) as reading:
        for _ in first:
            if logits and (clock() - started) * 1000 >= asked.budget_ms:
                in_time = False
                break
            logits.append(next(reading))
    fit = np.array([reranker.fit(logit) for logit in logits])
    done = Reranked(len(best), len(logits), complete=in_time)
    places = first[: len(logits)]
    of_rows = np.full(len(candidates.rows), np.nan)
    of_rows[places] = logits
    return candidates.with_reranking(_scores(candidates, places, fit), of_rows, done)


def worth_reading(likely: Values) -> int:
    """Return how many of the first candidates have a fair chance to be relevant.

    `likely` are the probabilities of candidates, without recency.
    """
    unlikely = np.flatnonzero(likely < MIN_SHARE * likely.max(initial=0.0))
    return int(unlikely[0]) if len(unlikely) else len(likely)


def combined(fit: Values, fused: Values) -> Values:
    """Return the weighted mean of the reranker's score (`fit`) and the fused score."""
    return (1 - FUSED_WEIGHT) * fit + FUSED_WEIGHT * fused


def probability(both: Values, answerable: float, *, names_year: bool = False) -> Values:
    """Return the probabilities that paragraphs are relevant, from `combined` scores.

    `answerable` is the probability that the index answers the question.
    """
    if len(both) == 0:
        return both
    x = BIAS + COMBINED * float(both.max()) + YEAR * names_year
    return from_first(answerable / (1 + math.exp(-x)), both, SLOPE)


def _scores(candidates: Candidates, places: NDArray[np.int64], fit: Values) -> Values:
    """Return the scores of all candidates after reranking.

    `fit` are the reranker's scores of the candidates at `places`. The recency factor applies to the
    probability exactly as without reranking. Candidates that were not read keep their order, below
    those that were read.
    """
    both = combined(fit, candidates.relevance[places])
    read = probability(both, candidates.answerable, names_year=candidates.evidence.names_year)
    if candidates.recency_factors is not None:
        read = read * candidates.recency_factors[places]
    scores = candidates.scores.copy()
    scores[places] = 0.0
    least = np.nextafter(read.min(initial=1.0), 0.0)
    most = scores.max(initial=0.0)
    if most > least:
        scores = np.minimum(scores * (least / most), least)  # The product may round up.
    scores[places] = read
    return scores


def _text_to_read(
    index: IndexReader,
    question: Question,
    record: Record,
    paragraph: Paragraph,
    *,
    with_title: bool,
) -> str:
    """Return the text that the reranker reads: the paragraph, or its best window.

    A paragraph of news names its subject. The same title before each paragraph makes the paragraphs
    alike. A paragraph with a dated fact seldom names its subject. So with `with_title`, for such
    questions, the title comes first if it has words of the question that the paragraph lacks.
    """
    text, analyzer = paragraph.text, index.analyzer(record.language)
    if len(text) > WINDOW:
        matches = find_matches(text, question, analyzer)
        language = primary_language(record.language or index.language)
        start, end = best_span(text, matches, language, WINDOW)
        text = text[start:end]
    if not with_title:
        return text
    asked = frozenset(question.all_terms)
    missing = asked.intersection(analyzer.terms(record.title)).difference(
        analyzer.terms(paragraph.text)
    )
    return f"{record.title[:MAX_TITLE]}. {text}" if missing else text
