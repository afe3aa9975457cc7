"""How a question becomes ranked hits. Start at `Searcher`.

Nothing is imported before it is used: a shell asks for --help, too.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nutgraf.search.completing import Completion, Completions
    from nutgraf.search.errors import RequestError
    from nutgraf.search.hits import (
        ArticleFields,
        ArticleView,
        Highlighted,
        Hit,
        More,
        Response,
        Snippet,
    )
    from nutgraf.search.options import Filters, Highlight, Recency, Rerank
    from nutgraf.search.request import SearchRequest
    from nutgraf.search.searcher import Searcher

__all__ = [
    "ArticleFields",
    "ArticleView",
    "Completion",
    "Completions",
    "Filters",
    "Highlight",
    "Highlighted",
    "Hit",
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
    "ArticleFields": "hits",
    "ArticleView": "hits",
    "Completion": "completing",
    "Completions": "completing",
    "Filters": "options",
    "Highlight": "options",
    "Highlighted": "hits",
    "Hit": "hits",
    "More": "hits",
    "Recency": "options",
    "RequestError": "errors",
    "Rerank": "options",
    "Response": "hits",
    "SearchRequest": "request",
    "Searcher": "searcher",
    "Snippet": "hits",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
