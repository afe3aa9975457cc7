"""GET and POST /v1/search, and GET /v1/suggest."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse

from nutgraf.api.http.parameters import from_body, from_query
from nutgraf.api.http.requests import SuggestParameters
from nutgraf.api.http.responses import Problem
from nutgraf.search import Completions, Response, Searcher, SearchRequest

__all__ = ["search_routes"]

ERRORS: dict[int | str, dict[str, Any]] = {422: {"model": Problem}}

REQUEST_FROM_QUERY: Final = from_query(SearchRequest)
REQUEST_FROM_BODY: Final = from_body(SearchRequest)


def search_routes(searcher: Searcher) -> APIRouter:
    """Return the routes that search with `searcher`.

    The routes are plain functions, not coroutines. So they run in worker threads, and
    encoding a question does not block the event loop. The routes build the JSON of a
    response directly. The response models are only for the page /docs and the tests.
    """
    router = APIRouter(prefix="/v1", tags=["search"])

    @router.head("/search", include_in_schema=False)
    @router.get("/search", response_model=Response, responses=ERRORS)
    def search(request: Annotated[SearchRequest, Depends(REQUEST_FROM_QUERY)]) -> JSONResponse:
        """Search the paragraphs of all articles."""
        return JSONResponse(searcher.search(request).to_dict(text=request.text))

    @router.post("/search", response_model=Response, responses=ERRORS)
    def search_structured(
        request: Annotated[SearchRequest, Depends(REQUEST_FROM_BODY)],
    ) -> JSONResponse:
        """Search the paragraphs of all articles, with the request as JSON."""
        return JSONResponse(searcher.search(request).to_dict(text=request.text))

    @router.head("/suggest", include_in_schema=False)
    @router.get("/suggest", response_model=Completions, responses=ERRORS)
    def suggest(parameters: Annotated[SuggestParameters, Query()]) -> JSONResponse:
        """Complete the text typed so far to titles, frequent phrases and words."""
        return JSONResponse(searcher.suggest(parameters.q, parameters.limit).to_dict())

    return router
