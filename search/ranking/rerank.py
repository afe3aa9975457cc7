"""Reranking: a cross-encoder reads the question and each of the first candidates.

A cross-encoder is a model that reads a question and a text together (Nogueira and Cho, 2019,
arXiv:1901.04085). This model judges the text better than embeddings and word counts do, but takes
1,000 times as long. So the cross-encoder reads few candidates, and of each only a window, and stops
when its time is spent. The measurements for the numbers below are in benchmarks/reranking.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.analyzer import primary_language
from nutgraf.index.article import Paragraph
from nutgraf.index.reader.protocol import IndexReader, Record, Reranker
from nutgraf.search.errors import RequestError
from nutgraf.search.highlighting.keyword_matches import find_matches
from nutgraf.search.highlighting.snippets import best_span
from nutgraf.search.query.question import Question
from nutgraf.search.ranking.candidates import Candidates
from nutgraf.search.request.options import Rerank
from nutgraf.search.response import Reranked

__all__ = [
    "check_reranker",
    "combined",
    "may_rank_first",
    "probability",
    "rerank",
    "rerank_candidates",
]

Values = NDArray[np.float64]
T = TypeVar("T", float, Values)

MIN_SHARE: Final = 0.7
"""Least share of the best score with which the reranker reads a candidate.

The reranker reads a candidate with a lower score only if the candidate can still rank first. This
rule saves half of the time, and loses 1/20 of the gain of reranking.
"""

WINDOW: Final = 360
"""Maximum number of characters of a paragraph that are read.

Of a longer paragraph, the window with the most words of the question is read.
"""

MAX_TITLE: Final = 120
"""Maximum number of characters of the title that are read before the paragraph.

The title names the subject.
"""

FUSED_WEIGHT: Final = 0.4
"""Weight of the fused score in the combined score; the rest is for the reranker.

The fused score keeps the best hits of the fusion near the top.
"""

SLOPE: Final = 8.5
BIAS: Final = -7.5
"""Slope and bias of the probability that a paragraph is relevant.

The probability is 1 / (1 + exp(-(slope x combined score + bias))). Slope and bias are fitted by
logistic regression (Platt, "Probabilistic Outputs for Support Vector Machines", 1999) to 5 judged
sets with equal weights. The probability is .5 if the fused score and the reranker's score are both
.88, and .73 if both are 1.
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

    def read(rows: Sequence[int]) -> list[str]:
        found = index.paragraphs(rows)
        return [_window(index, question, *found[row]) for row in rows]

    return rerank(candidates, index.reranker, question.text, read, asked)


def rerank(
    candidates: Candidates,
    reranker: Reranker,
    question: str,
    read: Callable[[Sequence[int]], Sequence[str]],
    asked: Rerank,
    clock: Callable[[], float] = time.perf_counter,
) -> Candidates:
    """Return the same rows: the first in the order of the reranker, the others below.

    `read` returns the texts of rows. When the time budget is spent, the reranker reads no further
    row. Rows that the reranker did not read keep their order, with lower scores than all rows that
    it read.
    """
    started = clock()
    fused = candidates.relevance
    # A question with only conditions has no text here that a paragraph could be compared with.
    first = candidates.rows[: asked.depth if question else 0].tolist()
    logits: list[float] = []
    best, in_time = 0.0, True
    with closing(reranker.logits(question, read(first))) as reading:
        for at in range(len(first)):
            if not may_rank_first(fused, at, best):
                break
            if logits and (clock() - started) * 1000 >= asked.budget_ms:
                in_time = False
                break
            logits.append(next(reading))
            best = max(best, float(combined(reranker.fit(logits[-1]), fused[at])))
    fit = np.array([reranker.fit(logit) for logit in logits])
    done = Reranked(len(first), len(logits), complete=in_time)
    return candidates.with_reranking(_scores(candidates, fit), np.array(logits), done)


def may_rank_first(fused: Values, at: int, best: float) -> bool:
    """Return whether the reranker should read the candidate at position `at`.

    `fused` are the fused scores of the candidates, without recency. `best` is the best combined
    score of the candidates read so far.
    """
    return bool(fused[at] >= MIN_SHARE * fused.max() or combined(1.0, fused[at]) > best)


def combined(fit: T, fused: T) -> T:
    """Return the weighted mean of the reranker's score (`fit`) and the fused score."""
    return (1 - FUSED_WEIGHT) * fit + FUSED_WEIGHT * fused


def probability(both: Values) -> Values:
    """Return the probabilities that paragraphs are relevant, from `combined` scores."""
    return 1 / (1 + np.exp(-(SLOPE * both + BIAS)))


def _scores(candidates: Candidates, fit: Values) -> Values:
    """Return the scores of all candidates after reranking.

    `fit` are the reranker's scores of the first candidates. The recency factor applies to the
    probability exactly as without reranking. Candidates that were not read keep their order, below
    those that were read.
    """
    count = len(fit)
    read = probability(combined(fit, candidates.relevance[:count]))
    if candidates.recency_factors is not None:
        read = read * candidates.recency_factors[:count]
    others = candidates.scores[count:]
    least = np.nextafter(read.min(initial=1.0), 0.0)
    most = others.max(initial=0.0)
    if most > least:
        others = np.minimum(others * (least / most), least)  # The product may round up.
    return np.concatenate([read, others])


def _window(index: IndexReader, question: Question, record: Record, paragraph: Paragraph) -> str:
    """Return the text that the reranker reads: the title and the best window."""
    text = paragraph.text
    if len(text) > WINDOW:
        matches = find_matches(text, question, index.analyzer(record.language))
        language = primary_language(record.language or index.language)
        start, end = best_span(text, matches, language, WINDOW)
        text = text[start:end]
    return f"{record.title[:MAX_TITLE]}. {text}"
