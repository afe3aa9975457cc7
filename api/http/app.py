"""The HTTP API over one index."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from anyio import to_thread
from fastapi import FastAPI

from nutgraf.api.answering.jobs import Answer, Job
from nutgraf.api.answering.protocol import Answering
from nutgraf.api.answering.threads import AnsweringThreads
from nutgraf.api.http.middleware import BodyLimit
from nutgraf.api.http.problems import add_problem_handlers
from nutgraf.api.http.routes.articles import article_routes
from nutgraf.api.http.routes.search import search_routes
from nutgraf.api.http.routes.status import status_routes
from nutgraf.api.http.routes.write import write_routes
from nutgraf.api.write_queue.queue import WriteQueue
from nutgraf.search import Searcher

__all__ = ["app_of", "create_app"]


def create_app(searcher: Searcher, *, writing: WriteQueue | None = None) -> FastAPI:
    """Return an ASGI app that searches with `searcher` and writes with `writing`.

    Without `writing`, the app is read-only. The caller closes `searcher` and `writing`.
    The app does not authenticate its clients: a proxy or an app in front of it must do that.

    Run the app with any ASGI server, or mount it in an app of your own. Starlette reports
    the start and the end of the server only to the outermost app. So in a mounted app,
    the searcher checks for new commits only during requests. Operations that are still
    queued when the server stops are committed when the caller closes `writing`.
    """
    return app_of(AnsweringThreads(searcher), writing)


def app_of(answering: Answering, writing: WriteQueue | None) -> FastAPI:
    """Return the app of `create_app`, with an Answering for requests that read."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with answering.running():
            yield
        if writing is not None:
            await to_thread.run_sync(writing.release)

    async def ask(job: Job) -> Answer:
        # A client that has just put an article must see it, with its new tag.
        return await answering.answer(job, 0 if writing is None else writing.sequence)

    app = FastAPI(
        title="Nutgraf",
        version=version("nutgraf"),
        summary="Full-text and semantic search over the paragraphs of articles",
        lifespan=lifespan,
    )
    add_problem_handlers(app)
    app.add_middleware(BodyLimit)
    app.include_router(search_routes(ask))
    app.include_router(article_routes(ask))
    app.include_router(write_routes(answering, writing))
    app.include_router(status_routes(ask, answering))
    return app
