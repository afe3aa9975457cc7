"""Articles and paragraphs that are near in meaning to an article or paragraph.

The embedding of an article is the mean of its paragraphs' embeddings. The score of a hit is the
cosine of the two embeddings. The index stores all embeddings, so no encoder is opened.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.index.article import split_paragraph_id
from nutgraf.index.query import query
from nutgraf.index.ranking import Ranking
from nutgraf.index.reader.protocol import Condition, IndexReader, Record, VectorQuery
from nutgraf.search.cursor import Cursor
from nutgraf.search.grouping.collapse import collapse
from nutgraf.search.grouping.pages import page_by_relevance
from nutgraf.search.page import hits_of_page
from nutgraf.search.query.filter_values import (
    asked_values,
    resolved,
    unknown_values,
    warn_of_unknown,
)
from nutgraf.search.query.question import Question
from nutgraf.search.ranking.candidates import Asked, vector_candidates
from nutgraf.search.request.options import Filters
from nutgraf.search.request.search_request import DEPTH, MAX_LIMIT, Grouping, SearchRequest
from nutgraf.search.request.validation import check_kind, check_range
from nutgraf.search.response import Response, Total
from nutgraf.search.retrieval.filters import condition_of

__all__ = ["similar"]

NOTHING_NEAR: Final = Ranking(np.empty(0, np.int64), np.empty(0, np.float32), complete=True)
"""The ranking for boilerplate, because boilerplate has no embedding to compare."""

WIDEN: Final = 4
"""Factor by which the depth of the ranking grows if it contains too few articles."""

NOTHING_ASKED: Final = Question("", query.NullQuery, None, (), (), (), (), MultilingualAnalyzer(()))
"""An empty question: there are no words to highlight."""


def similar(index: IndexReader, name: str, limit: int, filters: Filters) -> Response | None:
    """Return the hits nearest to an article or paragraph, None if it does not exist.

    For an article id, the hits are other articles, each with its nearest paragraph. For
    ARTICLE#POSITION, they are paragraphs of other articles. Boilerplate has no hits.

    Raises RequestError if `limit` or `filters` is not valid.
    """
    started = time.perf_counter()
    check_kind("limit", limit, int)
    check_range("limit", limit, 1, MAX_LIMIT)
    check_kind("filters", filters, Filters)
    found = _find(index, name)
    if found is None:
        return None
    article, position = found
    asked = asked_values(index, filters)
    known = index.known_values(asked) if asked else {}
    unknown = unknown_values(index, filters, known)
    filters = resolved(index, filters, known)
    # Boilerplate is not ranked, because it is not about the subject of its article.
    embedding = _mean(index.embeddings(index.ranked_rows(article, position)))
    now = datetime.now(UTC)
    condition = condition_of(index, filters, now=now, other_than=article.id)
    if not embedding.any():
        ranking = NOTHING_NEAR
    elif position is None:
        ranking = _nearest_articles(index, embedding, limit, condition)
    else:
        ranking = index.retrieve([VectorQuery(embedding, DEPTH, condition)]).rankings[0]
    candidates = vector_candidates(_by_cosine(index, embedding, ranking), Asked())
    group: Grouping = "article" if position is None else "paragraph"
    request = SearchRequest(
        name, mode="semantic", limit=limit, filters=filters, group=group, versions="all"
    )
    page = page_by_relevance(index, request, candidates, Cursor.start(index, request, now))
    groups = collapse(index, request, candidates, page.stories)
    return Response(
        query=name,
        mode="semantic",
        group=group,
        hits=hits_of_page(index, request, NOTHING_ASKED, candidates, groups),
        total=Total(page.total, "eq" if ranking.complete else "gte"),
        took_ms=(time.perf_counter() - started) * 1000,
        warnings=tuple(warn_of_unknown(index, unknown)),
        snapshot=index.sequence,
    )


def _find(index: IndexReader, name: str) -> tuple[Record, int | None] | None:
    """Return the article, and the paragraph's position if `name` is ARTICLE#POSITION.

    The id of an article can contain a `#`. So a name that is the id of an article means this
    article, not a paragraph.
    """
    article = index.article(name)
    if article is not None:
        return article, None
    parts = split_paragraph_id(name)
    article = None if parts is None else index.article(parts[0])
    if parts is None or article is None or parts[1] >= article.paragraphs:
        return None
    return article, parts[1]


def _mean(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of embeddings of shape (n, dimension), scaled to length 1.

    All values of the result are 0 if the mean is 0, or if there are no embeddings.
    """
    mean: NDArray[np.float32] = embeddings.sum(axis=0) / np.float32(max(1, len(embeddings)))
    length = float(np.linalg.norm(mean))
    return mean / np.float32(length) if length else mean


def _by_cosine(index: IndexReader, embedding: NDArray[np.float32], ranking: Ranking) -> Ranking:
    """Return the rows of a ranking by their cosine to `embedding`, which has length 1.

    The embeddings of rows have different lengths, and the ranking is by their products.
    """
    embeddings = index.embeddings(ranking.rows)
    lengths = np.maximum(np.linalg.norm(embeddings, axis=1), np.finfo(np.float32).tiny)
    cosines = (embeddings @ embedding / lengths).astype(np.float32)
    order = np.lexsort((ranking.rows, -cosines))
    return Ranking(ranking.rows[order], cosines[order], ranking.complete)


def _nearest_articles(
    index: IndexReader, embedding: NDArray[np.float32], limit: int, condition: Condition
) -> Ranking:
    """Return the nearest row of each article in the vector ranking.

    The ranking is read to DEPTH. One long article can fill the first rows, so the ranking is read
    deeper if it contains fewer than `limit` articles.
    """
    depth = DEPTH
    while True:
        ranking = index.retrieve([VectorQuery(embedding, depth, condition)]).rankings[0]
        _, first = np.unique(index.units(ranking.rows, "article"), return_index=True)
        if ranking.complete or len(first) >= limit:
            first.sort()
            return Ranking(ranking.rows[first], ranking.scores[first], ranking.complete)
        depth *= WIDEN
