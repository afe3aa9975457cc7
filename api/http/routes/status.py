"""GET /v1/stats and /healthz."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter
from fastapi.responses import Response

from nutgraf.api.answering.jobs import Count
from nutgraf.api.answering.protocol import Answering
from nutgraf.api.http.answers import Ask, json_response
from nutgraf.api.http.openapi import reading_responses
from nutgraf.api.http.responses import Health
from nutgraf.index.reader.protocol import Statistics

__all__ = ["status_routes"]


def status_routes(ask: Ask, answering: Answering) -> APIRouter:
    """Return the routes that report the state of the index and of the server."""
    router = APIRouter(tags=["state"])

    @router.head("/v1/stats", include_in_schema=False)
    @router.get("/v1/stats", response_model=Statistics, responses=reading_responses())
    async def stats() -> Response:
        """Return the counts of the index, and its encoder, keyword engine and size."""
        return json_response(await ask(Count()))

    @router.head("/healthz", include_in_schema=False)
    @router.get("/healthz")
    async def healthz() -> Health:
        """Return ok, to show that the server is running, and the work of its processes."""
        return Health(status="ok", **asdict(answering.status))

    return router
