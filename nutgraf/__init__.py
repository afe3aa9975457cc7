"""Full-text and semantic search over the paragraphs of articles.

    from nutgraf import Article, IndexWriter, Searcher, create_index

The public names that this package does not export are in nutgraf.index,
nutgraf.search and nutgraf.api.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nutgraf.index.lazy import lazy_exports

if TYPE_CHECKING:
    from nutgraf.index.article import (
        Article as Article,
    )
    from nutgraf.index.maintenance.create import (
        create_index as create_index,
    )
    from nutgraf.index.schema import (
        ArticleFields as ArticleFields,
    )
    from nutgraf.index.writer import (
        IndexWriter as IndexWriter,
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
        Response as Response,
    )
    from nutgraf.search.searcher import (
        Searcher as Searcher,
    )

_MODULES = {
    "Article": "index.article",
    "ArticleFields": "index.schema",
    "Filters": "search.request.options",
    "Highlight": "search.request.options",
    "IndexWriter": "index.writer",
    "Recency": "search.request.options",
    "Rerank": "search.request.options",
    "Response": "search.response",
    "SearchRequest": "search.request.search_request",
    "Searcher": "search.searcher",
    "create_index": "index.maintenance.create",
}

__all__ = sorted([*_MODULES, "__version__"])

_exported, _ = lazy_exports(__name__, _MODULES)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        # Read the version only on demand: reading takes 25 ms, and a search does not need it.
        from importlib.metadata import version

        return version("nutgraf")
    return _exported(name)


def __dir__() -> list[str]:
    return __all__
