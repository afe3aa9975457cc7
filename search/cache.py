"""SearchCache: answers and embeddings of questions that are asked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.reader.protocol import IndexReader
from nutgraf.search.bounded_cache import BoundedCache
from nutgraf.search.cursor import Cursor
from nutgraf.search.ranking.cache import RankingCache
from nutgraf.search.request.search_request import SearchRequest
from nutgraf.search.response import Response

__all__ = ["SearchCache"]

MAX_ANSWERS: Final = 2_048
MAX_ANSWER_CHARACTERS: Final = 16_000_000
"""Most cached answers, and characters in them. A page of ten hits has 15,000."""

MAX_EMBEDDINGS: Final = 8_192
MAX_EMBEDDING_BYTES: Final = 16_000_000
"""Most cached embeddings, and bytes in them. The default encoder's have 1.5 KB."""

HIT_CHARACTERS: Final = 500
"""Characters that are counted for a hit besides its texts."""


class SearchCache:
    """Caches of a Searcher that is asked the same again, such as that of a server.

        with Searcher("news.index", cache=SearchCache()) as searcher: ...

    A cached answer is valid for one snapshot, one request and one day, or one minute if age
    counts (`Cursor.start`). So an answer from the cache is the same as a new one, but for its
    `took_ms`. An answer whose reranking was stopped is not cached, and neither is an error. With
    `answers` and `embeddings` 0, only reranked orders are cached, for their other pages.
    """

    def __init__(self, *, answers: int = MAX_ANSWERS, embeddings: int = MAX_EMBEDDINGS) -> None:
        self.rankings: Final = RankingCache()
        self.answers: Final = BoundedCache[Response](answers, MAX_ANSWER_CHARACTERS, _characters)
        self.embeddings: Final = BoundedCache[NDArray[np.float32]](
            embeddings, MAX_EMBEDDING_BYTES, lambda embedding: embedding.nbytes
        )

    def answer(
        self,
        index: IndexReader,
        request: SearchRequest,
        cursor: Cursor,
        answer: Callable[[], Response],
    ) -> Response:
        """Return the cached answer to a request at a cursor, or that of `answer`."""
        key = (index.key, request, cursor.now)
        cached = self.answers.get(key)
        if cached is not None:
            return cached
        made = answer()
        if made.reranked is None or made.reranked.complete:
            self.answers.put(key, made)
        return made

    def encode(self, index: IndexReader, text: str) -> NDArray[np.float32]:
        """Return the embedding of a question, which must not be changed."""
        key = (index.encoder_key, text)
        cached = self.embeddings.get(key)
        if cached is None:
            cached = index.encode(text)
            cached.setflags(write=False)
            self.embeddings.put(key, cached)
        return cached


def _characters(response: Response) -> int:
    """Return about how many characters are in a response."""
    found = 0
    for hit in response.hits:
        extra = len(repr(hit.article.extra)) if hit.article.extra else 0
        shown = ((hit.paragraph, hit.snippet), *((one.paragraph, one.snippet) for one in hit.more))
        found += extra + len(hit.article.summary or "")
        for paragraph, snippet in shown:
            found += HIT_CHARACTERS + len(paragraph.text) + len(snippet.text) + len(snippet.html)
    return found
