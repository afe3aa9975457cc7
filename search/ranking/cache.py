"""RankingCache: one reranked order for all pages of a question.

Reranking stops when its time is spent, so a second run for the same question can give another
order.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from nutgraf.index.reader.protocol import IndexReader
from nutgraf.search.bounded_cache import BoundedCache
from nutgraf.search.query.question import Question
from nutgraf.search.ranking.candidates import Candidates
from nutgraf.search.ranking.rank import rank_candidates
from nutgraf.search.request.search_request import SearchRequest
from nutgraf.search.retrieval.rankings import RetrievalResult

__all__ = ["RankingCache"]

MAX_CACHED: Final = 256
MAX_BYTES: Final = 64_000_000
"""Most cached rankings, and bytes in them: about 60 for each row that matches.

A ranking is not needed for long: users open other pages soon after the first one.
"""


class RankingCache:
    """A ranker with a cache of reranked candidates, so that pages of a request agree.

    Candidates without reranking are not cached, because their order is the same each time. Threads
    may share a RankingCache.
    """

    def __init__(self, kept: int = MAX_CACHED) -> None:
        self._rankings = BoundedCache[Candidates](kept, MAX_BYTES, lambda ranked: ranked.bytes)

    def rank(
        self,
        index: IndexReader,
        request: SearchRequest,
        question: Question,
        retrieval: RetrievalResult,
        now: datetime,
    ) -> Candidates:
        """Return the result of `rank_candidates`, from the cache if it is there."""
        if request.reranking is None:
            return rank_candidates(index, request, question, retrieval, now)
        # Age is counted from now, so a cached ranking is valid for the same minute.
        minute = None if request.recency is None else now.replace(second=0, microsecond=0)
        key = (index.key, replace(request.without_page(), sort=None), minute)
        ranked = self._rankings.get(key)
        if ranked is not None:
            return ranked
        ranked = rank_candidates(index, request, question, retrieval, now)
        # Two pages may be requested at once: both use the ranking that is ready first.
        return self._rankings.put_first(key, ranked)
