"""RankingCache: pages of one question agree, though time decides how much of it is reranked."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import replace
from typing import Final

from nutgraf.index.reader.protocol import IndexReader
from nutgraf.search.query.question import Question
from nutgraf.search.ranking.candidates import Candidates
from nutgraf.search.ranking.rank import rank_candidates
from nutgraf.search.request.options import Highlight
from nutgraf.search.request.search_request import SearchRequest

__all__ = ["RankingCache"]

MAX_CACHED: Final = 256
"""Rankings that are kept, of some 25 KB each: whoever turns a page does it soon."""

Key = tuple[Hashable, SearchRequest]


class RankingCache:
    """Ranks, and keeps what was reranked: the same request has the same order, page after page.

    All else is the same each time it is computed. Threads may share it.
    """

    def __init__(self, kept: int = MAX_CACHED) -> None:
        self._kept = kept
        self._rankings: OrderedDict[Key, Candidates] = OrderedDict()
        self._lock = threading.Lock()

    def rank(self, index: IndexReader, request: SearchRequest, question: Question) -> Candidates:
        """Rank as `rank_candidates` does, or give what came of it before."""
        if request.reranking is None:
            return rank_candidates(index, request, question)
        key = (index.key, _without_page(request))
        with self._lock:
            if key in self._rankings:
                self._rankings.move_to_end(key)
                return self._rankings[key]
        ranked = rank_candidates(index, request, question)
        with self._lock:
            # Two pages may have been asked for at once: the first that is done counts for both.
            ranked = self._rankings.setdefault(key, ranked)
            if len(self._rankings) > self._kept:
                self._rankings.popitem(last=False)
        return ranked


def _without_page(request: SearchRequest) -> SearchRequest:
    """Return a request without what is about the page, and how it is shown."""
    return replace(request, limit=1, offset=0, explain=False, highlight=Highlight())
