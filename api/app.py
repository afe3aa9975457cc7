"""The HTTP API over one index."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI

from nutgraf.api.limits import BodyLimit
from nutgraf.api.problems import add_problem_handlers
from nutgraf.api.routes.articles import article_routes
from nutgraf.api.routes.search import search_routes
from nutgraf.api.routes.state import state_routes
from nutgraf.search import Searcher

__all__ = ["create_app"]


def create_app(searcher: Searcher) -> FastAPI:
    """Return an ASGI app that answers from `searcher`, which stays the caller's to close.

    Mount it in an app of your own, or run it with any ASGI server.
    """
    app = FastAPI(
        title="Nutgraf",
        version=version("nutgraf"),
        summary="Full-text and semantic search over the paragraphs of articles",
    )
    add_problem_handlers(app)
    app.add_middleware(BodyLimit)
    app.include_router(search_routes(searcher))
    app.include_router(article_routes(searcher))
    app.include_router(state_routes(searcher))
    return app
