"""Reranking: the first candidates are read again, each together with the question.

A cross-encoder (Nogueira and Cho, 2019, arXiv:1901.04085) judges a pair better
than two embeddings and counted words do, and takes a thousand times as long.
So it reads few candidates, of each the part that matters, and no longer than
it may. The figures behind the numbers below are in benchmarks/reranking.md.
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

__all__ = ["combined", "may_rank_first", "probability", "rerank", "rerank_candidates"]

Values = NDArray[np.float64]
T = TypeVar("T", float, Values)

MIN_SHARE: Final = 0.7
"""A candidate whose score is below this share of the best is read only if it could still come
first. It saves half of the time, and costs a twentieth of what there is to gain."""

WINDOW: Final = 360
"""Characters of a paragraph that are read: the sentences with most of the question's words."""

MAX_TITLE: Final = 120
"""Characters of the title that are read before it: it says what the paragraph leaves out."""

FUSED_WEIGHT: Final = 0.4
"""How much the fused score counts beside the reranker's: enough to keep what was right before."""

SLOPE: Final = 8.5
BIAS: Final = -7.5
"""From the two together to the probability that a paragraph is relevant: logistic regression
(Platt, "Probabilistic Outputs for Support Vector Machines", 1999) on five judged sets, each
counting as much as another. It is .5 where both are .88, and .73 where both say 1."""


def rerank_candidates(
    index: IndexReader, asked: Rerank, question: Question, candidates: Candidates
) -> Candidates:
    """Rerank candidates by the reranker of their index. Raises RequestError where it has none."""
    if index.reranker is None:
        raise RequestError(
            "rerank",
            "is asked for, and the index has no reranker; leave it out, or give the index one "
            "with 'nutgraf reranker NAME'",
        )

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
    """Return the same rows: the first by what the reranker makes of them, the others below.

    `read` gives the texts of rows. When the budget is spent, no further pair
    is begun; what was not read keeps its order below what was, with a score
    that is at most as high.
    """
    started = clock()
    fused = candidates.relevance
    # Conditions alone (without `question`) leave nothing to compare a text with.
    first = candidates.rows[: asked.depth if question else 0].tolist()
    logits: list[float] = []
    best, in_time = 0.0, True
    with closing(reranker.logits(question, read(first))) as reading:
        for at in range(len(first)):
            if not may_rank_first(candidates.scores, fused, at, best):
                break
            if logits and (clock() - started) * 1000 >= asked.budget_ms:
                in_time = False
                break
            logits.append(next(reading))
            best = max(best, float(combined(reranker.fit(logits[-1]), fused[at])))
    fit = np.array([reranker.fit(logit) for logit in logits])
    done = Reranked(len(first), len(logits), complete=in_time)
    return candidates.with_reranking(_scores(candidates, fit), np.array(logits), done)


def may_rank_first(scores: Values, fused: Values, at: int, best: float) -> bool:
    """Tell whether to read the candidate at `at`, where the best that was read has `best`.

    `scores` are those that chose the order, `fused` the same without what age took.
    """
    return bool(scores[at] >= MIN_SHARE * scores[0] or combined(1.0, fused[at]) > best)


def combined(fit: T, fused: T) -> T:
    """Return what the reranker (`fit`) and the fused score come to, each with its weight."""
    return (1 - FUSED_WEIGHT) * fit + FUSED_WEIGHT * fused


def probability(both: Values) -> Values:
    """Return how likely paragraphs are relevant, by what `combined` makes of them."""
    return 1 / (1 + np.exp(-(SLOPE * both + BIAS)))


def _scores(candidates: Candidates, fit: Values) -> Values:
    """Return the scores of all, of which the first were read, and `fit` is what came of it.

    Age takes of what reranker and fused score come to what it takes of that
    score alone. What was not read keeps its order, and is below what was.
    """
    count = len(fit)
    both = combined(fit, candidates.relevance[:count])
    if candidates.recency_factors is not None:
        both = np.maximum(both, 0.0) * candidates.recency_factors[:count]
    read, others = probability(both), candidates.probabilities[count:]
    least = np.nextafter(read.min(initial=1.0), 0.0)
    most = others.max(initial=0.0)
    if most > least:
        others = np.minimum(others * (least / most), least)  # The product may round up.
    return np.concatenate([read, others])


def _window(index: IndexReader, question: Question, record: Record, paragraph: Paragraph) -> str:
    """Return what is read of a paragraph: its article's title, and the part that matters."""
    text = paragraph.text
    if len(text) > WINDOW:
        matches = find_matches(text, question, index.analyzer(record.language))
        language = primary_language(record.language or index.language)
        start, end = best_span(text, matches, language, WINDOW)
        text = text[start:end]
    return f"{record.title[:MAX_TITLE]}. {text}"
