"""GET /v1/articles/{id}."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from nutgraf.api.answers import (
    ArticleAnswer,
)
from nutgraf.api.preconditions import condition_of, etag
from nutgraf.api.routes.described import ETAG, IF_MATCH, IF_NONE_MATCH, Answers, problems
from nutgraf.api.writing import WriteQueue
from nutgraf.search import Searcher

__all__ = ["article_routes"]

ANSWERS: Answers = {
    200: {"headers": ETAG},
    304: {"description": "The article is the one that If-None-Match names", "headers": ETAG},
    **problems(400, 404, 412),
}


def article_routes(searcher: Searcher, writing: WriteQueue | None) -> APIRouter:
    """Return the routes that show articles, as `writing` has left them."""
    router = APIRouter(prefix="/v1", tags=["articles"])

    # An id may hold slashes, so it takes the rest of the path.
    @router.head("/articles/{article:path}", include_in_schema=False)
    @router.get(
        "/articles/{article:path}",
        response_model=ArticleAnswer,
        responses=ANSWERS,
        openapi_extra={"parameters": [IF_MATCH, IF_NONE_MATCH]},
    )
    def show(article: str, request: Request) -> Response:
        """Show an article with all its paragraphs."""
        condition = condition_of(request.headers)
        if writing is not None and writing.sequence > searcher.sequence:
            searcher.refresh()  # Whoever has just put it is to see it, and its new tag.
        found = searcher.article(article)
        if found is None:
            raise HTTPException(404, f"there is no article {article!r} in this index")
        tag = etag(found.digest)
        match condition.failed(found.digest):
            case "If-None-Match":
                return Response(status_code=304, headers={"ETag": tag})
            case "If-Match":
                raise HTTPException(412, f"the article's ETag is {tag}", headers={"ETag": tag})
        return JSONResponse(found.to_dict(), headers={"ETag": tag})

    return router
