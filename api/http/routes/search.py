"""GET and POST /v1/search, and GET /v1/suggest."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from nutgraf.api.answering.jobs import Search, Suggest
from nutgraf.api.http.answers import Ask, json_response
from nutgraf.api.http.direct import DirectRoute
from nutgraf.api.http.openapi import problem_responses, reading_responses
from nutgraf.api.http.parameters import from_body, from_query
from nutgraf.api.http.requests import SuggestParameters
from nutgraf.search import Completions, Response as SearchResponse, SearchRequest

__all__ = ["search_routes"]

REQUEST_FROM_QUERY: Final = from_query(SearchRequest)
REQUEST_FROM_BODY: Final = from_body(SearchRequest)


def search_routes(ask: Ask) -> APIRouter:
    """Return the routes that search.

    `ask` returns JSON. The response models are only for the page /docs and the tests.
    """
    router = APIRouter(prefix="/v1", tags=["search"], route_class=DirectRoute)
    errors = {**problem_responses(422), **reading_responses()}

    @router.head("/search", include_in_schema=False)
    @router.get("/search", response_model=SearchResponse, responses=errors)
    async def search(request: Annotated[SearchRequest, Depends(REQUEST_FROM_QUERY)]) -> Response:
        """Search the paragraphs of all articles."""
        return json_response(await ask(Search(request)))

    @router.post("/search", response_model=SearchResponse, responses=errors)
    async def search_structured(
        request: Annotated[SearchRequest, Depends(REQUEST_FROM_BODY)],
    ) -> Response:
        """Search the paragraphs of all articles, with the request as JSON."""
        return json_response(await ask(Search(request)))

    @router.head("/suggest", include_in_schema=False)
    @router.get("/suggest", response_model=Completions, responses=errors)
    async def suggest(parameters: Annotated[SuggestParameters, Query()]) -> Response:
        """Complete the text typed so far to titles, frequent phrases and words."""
        return json_response(await ask(Suggest(parameters.q, parameters.limit)))

    return router
