"""PUT and DELETE /v1/articles/{article}, and POST /v1/articles."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Final

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.background import BackgroundTask

from nutgraf.api.answering.protocol import Answering
from nutgraf.api.http.bodies import (
    JSON,
    NDJSON,
    article_in,
    article_problem,
    check_content_type,
    read_body,
)
from nutgraf.api.http.openapi import (
    ETAG,
    IF_MATCH,
    IF_NONE_MATCH,
    Responses,
    article_request_body,
    problem_responses,
    stream_request_body,
)
from nutgraf.api.http.problems import failure_problem
from nutgraf.api.http.responses import (
    DeletedAnswer,
    WrittenAnswer,
)
from nutgraf.api.write_queue.errors import RequestTimeoutError, UnavailableError, WritingError
from nutgraf.api.write_queue.operations import Applied, Delete, Put
from nutgraf.api.write_queue.preconditions import etag, parse_precondition
from nutgraf.api.write_queue.queue import STREAM_SLOTS, WriteQueue
from nutgraf.api.write_queue.streams import ArticleStream

__all__ = ["write_routes"]

POLL_SECONDS: Final = 0.5
"""Seconds between checks whether the server is stopping, while a stream is idle."""

MAX_BODY_SECONDS: Final = 60.0
MAX_IDLE_SECONDS: Final = 60.0
"""Seconds to wait for the complete body of a PUT, and for a piece of a stream."""

Refresh = Annotated[
    bool, Query(description="Answer only when searches of this server show the change.")
]

PUT_RESPONSES: Responses = {
    200: {"description": "Updated, or unchanged", "model": WrittenAnswer, "headers": ETAG},
    201: {"description": "Created", "model": WrittenAnswer, "headers": ETAG},
    **problem_responses(400, 403, 408, 412, 413, 415, 422, 429, 500, 503, 507),
}
DELETE_RESPONSES: Responses = problem_responses(400, 403, 404, 412, 422, 429, 500, 503, 507)
POST_RESPONSES: Responses = {
    200: {
        "description": 'A result for each line: {"line": 1, "id": "a", "result": "created"} (or '
        '"updated", "unchanged"), or {"line": 2, "result": "rejected", "reason": "..."}',
        "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
    },
    **problem_responses(403, 408, 415, 422, 429, 500, 503, 507),
}


def write_routes(answering: Answering, queue: WriteQueue | None) -> APIRouter:
    """Return the routes that write through `queue`. Without a queue, they answer 403."""
    router = APIRouter(prefix="/v1", tags=["writing"])
    # Separate threads: streams that wait for the queue must not use the threads of searches.
    threads = CapacityLimiter(STREAM_SLOTS)

    @router.put(
        "/articles/{article:path}",
        response_model=WrittenAnswer,
        responses=PUT_RESPONSES,
        openapi_extra={
            "requestBody": article_request_body(),
            "parameters": [IF_MATCH, IF_NONE_MATCH],
        },
    )
    async def put(article: str, request: Request, *, refresh: Refresh = False) -> JSONResponse:
        """Add an article, or replace it. The response means that the article is durable."""
        writing = _writable(queue)
        check_content_type(request, JSON)
        condition = parse_precondition(request.headers)
        with writing.change_slots.acquire() as slot:
            try:
                async with asyncio.timeout(MAX_BODY_SECONDS):
                    body = await read_body(request, slot)
            except TimeoutError:
                raise RequestTimeoutError(
                    f"the body did not arrive within {MAX_BODY_SECONDS:g} seconds: send it again"
                ) from None
            read = await to_thread.run_sync(article_in, body, article)
            put = Put(read.article, condition, read.unknown)
            return await _change(writing, put, answering, refresh=refresh, flagged=read.warning)

    @router.delete(
        "/articles/{article:path}",
        response_model=DeletedAnswer,
        responses=DELETE_RESPONSES,
        openapi_extra={"parameters": [IF_MATCH, IF_NONE_MATCH]},
    )
    async def delete(article: str, request: Request, *, refresh: Refresh = False) -> JSONResponse:
        """Delete an article. The response means that the deletion is durable."""
        writing = _writable(queue)
        condition = parse_precondition(request.headers)
        with writing.change_slots.acquire():
            return await _change(writing, Delete(article, condition), answering, refresh=refresh)

    @router.post(
        "/articles",
        response_class=Response,
        responses=POST_RESPONSES,
        openapi_extra={"requestBody": stream_request_body(NDJSON)},
    )
    async def post(request: Request, *, refresh: Refresh = False) -> Response:
        """Put articles, one per line. The results are sent when all of them are durable."""
        writing = _writable(queue)
        check_content_type(request, NDJSON)
        with writing.stream_slots.acquire():
            return await _stream(writing, request, answering, threads, refresh=refresh)

    return router


def _writable(queue: WriteQueue | None) -> WriteQueue:
    if queue is None:
        raise HTTPException(
            403, "this server was started read-only: start it with --writable to write over HTTP"
        )
    return queue


async def _change(
    queue: WriteQueue,
    operation: Put | Delete,
    answering: Answering,
    *,
    refresh: bool,
    flagged: str | None = None,
) -> JSONResponse:
    """Write one operation, and return the response with a warning if there is one."""
    written = await asyncio.wrap_future(queue.submit(operation))
    applied = written.applied[0]
    tag = {} if applied.digest is None else {"ETag": etag(applied.digest)}
    if applied.result == "missing":
        raise HTTPException(404, f"there is no article {applied.id!r} in this index")
    if applied.result == "refused":
        raise HTTPException(412, _refusal(applied), headers=tag)
    if applied.reason is not None:
        raise article_problem(applied.reason)
    if refresh:
        await answering.refresh()
    content: dict[str, Any] = {"id": applied.id, "result": applied.result}
    if applied.digest is not None:
        content["etag"] = etag(applied.digest)
    if flagged is not None:
        content["flagged"] = flagged
    if applied.unknown:
        content["unknown_fields"] = list(applied.unknown)
    status = 201 if applied.result == "created" else 200
    return JSONResponse({**content, "snapshot": written.snapshot}, status, headers=tag)


def _refusal(applied: Applied) -> str:
    if applied.digest is None:
        return "If-Match is not met: there is no such article"
    return (
        f"the condition is not met: the article's ETag is {etag(applied.digest)}; get the article "
        "again, make the change to its new version, and send that"
    )


async def _stream(
    queue: WriteQueue,
    request: Request,
    answering: Answering,
    threads: CapacityLimiter,
    *,
    refresh: bool,
) -> Response:
    """Put the articles of a body, and return the results.

    If a write fails, return a problem with the number of the last durable line.
    """

    async def in_thread(function: Callable[..., None], *arguments: Any) -> None:
        await to_thread.run_sync(function, *arguments, limiter=threads)

    with ArticleStream(queue) as stream:
        try:
            async for part in _parts(request, queue):
                await in_thread(stream.feed, part)
            await in_thread(stream.finish)
        except WritingError as error:
            stream.close()
            return failure_problem(
                error,
                f"{error}; the lines up to {stream.durable:,} are durable: send only the lines "
                "after that again",
                durable=stream.durable,
            )
        if refresh:
            await answering.refresh()
        done = BackgroundTask(stream.close)
        return StreamingResponse(
            stream.results(), media_type="application/x-ndjson", background=done
        )


async def _parts(request: Request, queue: WriteQueue) -> AsyncIterator[bytes]:
    """Yield the pieces of a body as they arrive.

    Raises UnavailableError if the server is stopping, even while the client sends nothing.
    Raises RequestTimeoutError if the client sends nothing for MAX_IDLE_SECONDS, because
    its request holds a slot that other requests need.
    """
    stream = request.stream()
    while True:
        reading = asyncio.ensure_future(anext(stream, None))
        silent_until = time.monotonic() + MAX_IDLE_SECONDS
        try:
            done = False
            while not done:
                if queue.draining:
                    raise UnavailableError("this server is stopping: continue when it is back")
                if time.monotonic() > silent_until:
                    raise RequestTimeoutError(
                        f"the client sent nothing for {MAX_IDLE_SECONDS:g} seconds"
                    )
                done = bool((await asyncio.wait([reading], timeout=POLL_SECONDS))[0])
        finally:
            reading.cancel()
        part = reading.result()
        if part is None:
            return
        yield part
