"""Responses: hits with snippets, articles, and their form as JSON."""

from nutgraf.index.schema import ArticleFields
from nutgraf.search.response.article import ArticleView, ParagraphView
from nutgraf.search.response.explanation import Explanation, FusionUsed, PlaceInRanking, Reranked
from nutgraf.search.response.hit import Hit, HitArticle, HitParagraph, More
from nutgraf.search.response.response import FacetCount, Response, Total, Understood
from nutgraf.search.response.snippet import Highlighted, HighlightKind, Snippet

__all__ = [
    "ArticleFields",
    "ArticleView",
    "Explanation",
    "FacetCount",
    "FusionUsed",
    "HighlightKind",
    "Highlighted",
    "Hit",
    "HitArticle",
    "HitParagraph",
    "More",
    "ParagraphView",
    "PlaceInRanking",
    "Reranked",
    "Response",
    "Snippet",
    "Total",
    "Understood",
]
