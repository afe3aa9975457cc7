"""How a question becomes ranked hits. Start at `Searcher`."""

from nutgraf.search.errors import RequestError
from nutgraf.search.hits import ArticleView, Hit, Response, Snippet
from nutgraf.search.request import Filters, Highlight, SearchRequest
from nutgraf.search.searcher import Searcher

__all__ = [
    "ArticleView",
    "Filters",
    "Highlight",
    "Hit",
    "RequestError",
    "Response",
    "SearchRequest",
    "Searcher",
    "Snippet",
]
