"""GET /v1/articles/{article}, and GET /v1/articles/{article}/similar."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response

from nutgraf.api.answering.jobs import Show, Similar
from nutgraf.api.http.answers import Ask, json_response
from nutgraf.api.http.openapi import (
    ETAG,
    IF_MATCH,
    IF_NONE_MATCH,
    Responses,
    problem_responses,
    reading_responses,
)
from nutgraf.api.http.parameters import arguments_from_query
from nutgraf.api.write_queue.preconditions import etag, parse_precondition
from nutgraf.search import ArticleView, Response as SearchResponse, SearchRequest

__all__ = ["article_routes"]

SHOW_RESPONSES: Responses = {
    200: {"headers": ETAG},
    304: {"description": "The article still has the tag in If-None-Match", "headers": ETAG},
    **problem_responses(400, 404, 412),
}


OPTIONS_FROM_QUERY: Final = arguments_from_query(SearchRequest, ("limit", "filters"))

ENCODED: Final = b"%2fsimilar"


def article_routes(ask: Ask) -> APIRouter:
    """Return the routes that show an article, or list similar ones."""
    router = APIRouter(prefix="/v1", tags=["articles"])

    # An id may contain slashes, so `show` matches the rest of any path. This route must be first.
    @router.head("/articles/{article:path}/similar", include_in_schema=False)
    @router.get(
        "/articles/{article:path}/similar",
        response_model=SearchResponse,
        responses={**problem_responses(404, 422), **reading_responses()},
    )
    async def similar(
        article: str,
        options: Annotated[dict[str, Any], Depends(OPTIONS_FROM_QUERY)],
        request: Request,
    ) -> Response:
        """List the articles nearest in meaning to an article.

        For ARTICLE%23POSITION, list the paragraphs of other articles nearest to that paragraph.
        """
        if _ends_in_encoded_slash(request):
            return await show(f"{article}/similar", request)
        found = await ask(Similar(article, options))
        if found.body is None:
            raise HTTPException(404, f"there is no article or paragraph {article!r} in this index")
        return json_response(found)

    @router.head("/articles/{article:path}", include_in_schema=False)
    @router.get(
        "/articles/{article:path}",
        response_model=ArticleView,
        responses={**SHOW_RESPONSES, **reading_responses()},
        openapi_extra={"parameters": [IF_MATCH, IF_NONE_MATCH]},
    )
    async def show(article: str, request: Request) -> Response:
        """Return an article with all its paragraphs."""
        condition = parse_precondition(request.headers)
        found = await ask(Show(article))
        if found.digest is None:
            raise HTTPException(404, f"there is no article {article!r} in this index")
        tag = etag(found.digest)
        match condition.failed(found.digest):
            case "If-None-Match":
                return Response(status_code=304, headers={"ETag": tag})
            case "If-Match":
                raise HTTPException(
                    412, f"If-Match is not met: the article's ETag is {tag}", headers={"ETag": tag}
                )
        return json_response(found, {"ETag": tag})

    return router


def _ends_in_encoded_slash(request: Request) -> bool:
    """Return whether the /similar at the end of a path belongs to the id.

    A client that means the id sends the slash as %2F.
    """
    raw: bytes = request.scope.get("raw_path") or b""
    return raw.partition(b"?")[0].lower().endswith(ENCODED)
