"""GET /v1/stats and /healthz."""

from __future__ import annotations

from fastapi import APIRouter

from nutgraf.api.http.responses import Health
from nutgraf.index.reader.protocol import Statistics
from nutgraf.search import Searcher

__all__ = ["status_routes"]


def status_routes(searcher: Searcher) -> APIRouter:
    """Return the routes that report the state of the index and of the server."""
    router = APIRouter(tags=["state"])

    @router.head("/v1/stats", include_in_schema=False)
    @router.get("/v1/stats")
    def stats() -> Statistics:
        """Return the counts of the index, and its encoder, keyword engine and size."""
        return searcher.statistics()

    @router.head("/healthz", include_in_schema=False)
    @router.get("/healthz")
    async def healthz() -> Health:
        """Return ok, to show that the server is running."""
        return Health(status="ok")

    return router
