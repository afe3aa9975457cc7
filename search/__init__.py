"""Search: from a question to ranked hits. Start at `Searcher`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nutgraf.index.lazy import lazy_exports

if TYPE_CHECKING:
    from nutgraf.search.cache import (
        SearchCache as SearchCache,
    )
    from nutgraf.search.errors import (
        RequestError as RequestError,
    )
    from nutgraf.search.request.options import (
        Filters as Filters,
        Highlight as Highlight,
        Recency as Recency,
        Rerank as Rerank,
    )
    from nutgraf.search.request.search_request import (
        SearchRequest as SearchRequest,
    )
    from nutgraf.search.response import (
        ArticleFields as ArticleFields,
        ArticleView as ArticleView,
        Highlighted as Highlighted,
        Hit as Hit,
        HitArticle as HitArticle,
        HitParagraph as HitParagraph,
        More as More,
        Response as Response,
        Snippet as Snippet,
    )
    from nutgraf.search.searcher import (
        Searcher as Searcher,
    )
    from nutgraf.search.suggest.completion import (
        Completion as Completion,
        Completions as Completions,
    )

_MODULES = {
    "ArticleFields": "response",
    "ArticleView": "response",
    "Completion": "suggest.completion",
    "Completions": "suggest.completion",
    "Filters": "request.options",
    "Highlight": "request.options",
    "Highlighted": "response",
    "Hit": "response",
    "HitArticle": "response",
    "HitParagraph": "response",
    "More": "response",
    "Recency": "request.options",
    "RequestError": "errors",
    "Rerank": "request.options",
    "Response": "response",
    "SearchCache": "cache",
    "SearchRequest": "request.search_request",
    "Searcher": "searcher",
    "Snippet": "response",
}

__all__ = sorted(_MODULES)

__getattr__, __dir__ = lazy_exports(__name__, _MODULES)
