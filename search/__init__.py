"""How a question becomes ranked hits. Start at `Searcher`.

Nothing is imported before it is used: a shell asks for --help, too.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nutgraf.search.errors import RequestError
    from nutgraf.search.request.options import Filters, Highlight, Recency, Rerank
    from nutgraf.search.request.search_request import SearchRequest
    from nutgraf.search.response import (
        ArticleFields,
        ArticleView,
        Highlighted,
        Hit,
        HitParagraph,
        More,
        Response,
        Snippet,
    )
    from nutgraf.search.searcher import Searcher
    from nutgraf.search.suggest.completion import Completion, Completions

__all__ = [
    "ArticleFields",
    "ArticleView",
    "Completion",
    "Completions",
    "Filters",
    "Highlight",
    "Highlighted",
    "Hit",
    "HitParagraph",
    "More",
    "Recency",
    "RequestError",
    "Rerank",
    "Response",
    "SearchRequest",
    "Searcher",
    "Snippet",
]

_MODULES = {
    "ArticleFields": "response",
    "ArticleView": "response",
    "Completion": "suggest.completion",
    "Completions": "suggest.completion",
    "Filters": "request.options",
    "HitParagraph": "response",
    "Highlight": "request.options",
    "Highlighted": "response",
    "Hit": "response",
    "More": "response",
    "Recency": "request.options",
    "RequestError": "errors",
    "Rerank": "request.options",
    "Response": "response",
    "SearchRequest": "request.search_request",
    "Searcher": "searcher",
    "Snippet": "response",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
