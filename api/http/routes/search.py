"""GET and POST /v1/search: the same request as query parameters and as JSON. GET /v1/suggest."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from nutgraf.api.http.requests import (
    SearchBody,
    SearchParameters,
    SuggestParameters,
)
from nutgraf.api.http.responses import (
    Problem,
    SearchAnswer,
    SuggestAnswer,
)
from nutgraf.search import Searcher

__all__ = ["search_routes"]

ERRORS: dict[int | str, dict[str, Any]] = {422: {"model": Problem}}


def search_routes(searcher: Searcher) -> APIRouter:
    """Return the routes that ask `searcher`.

    Plain functions, not coroutines: they run in worker threads, so that a
    question being encoded does not hold up the event loop. Answers are built
    as they are to be sent; their models are for /docs and the tests.
    """
    router = APIRouter(prefix="/v1", tags=["search"])

    @router.head("/search", include_in_schema=False)
    @router.get("/search", response_model=SearchAnswer, responses=ERRORS)
    def search(parameters: Annotated[SearchParameters, Query()]) -> JSONResponse:
        """Search the paragraphs of all articles."""
        return JSONResponse(searcher.search(parameters.request()).to_dict())

    @router.post("/search", response_model=SearchAnswer, responses=ERRORS)
    def search_structured(body: SearchBody) -> JSONResponse:
        """Search the paragraphs of all articles; the same request as JSON."""
        return JSONResponse(searcher.search(body.request()).to_dict())

    @router.head("/suggest", include_in_schema=False)
    @router.get("/suggest", response_model=SuggestAnswer, responses=ERRORS)
    def suggest(parameters: Annotated[SuggestParameters, Query()]) -> JSONResponse:
        """Complete what is typed so far: to titles, frequent phrases, words."""
        return JSONResponse(searcher.suggest(parameters.q, parameters.limit).to_dict())

    return router
