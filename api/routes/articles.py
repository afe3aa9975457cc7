"""GET /v1/articles/{id}."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi.responses import JSONResponse

from nutgraf.api.schemas import ArticleAnswer, Problem
from nutgraf.search import Searcher

__all__ = ["article_routes"]

ERRORS: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}


def article_routes(searcher: Searcher) -> APIRouter:
    """Return the routes that show articles."""
    router = APIRouter(prefix="/v1", tags=["articles"])

    # An id may hold slashes, so it takes the rest of the path.
    @router.get("/articles/{article:path}", response_model=ArticleAnswer, responses=ERRORS)
    def show(article: str) -> JSONResponse:
        """Show an article with all its paragraphs."""
        found = searcher.article(article)
        if found is None:
            raise HTTPException(404, f"there is no article {article!r} in this index")
        return JSONResponse(found.to_dict())

    return router
