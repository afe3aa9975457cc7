"""A bound on request bodies, so that nobody can fill the memory."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["MAX_BODY", "BodyLimit"]

MAX_BODY: Final = 256 * 1024
"""Bytes of a request's body: the longest search request is far smaller."""


class BodyLimit:
    """ASGI middleware that stops reading a body, with 413, once it is larger than MAX_BODY.

    The routes that write articles are let through: they read their bodies part by part, and have
    bounds of their own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, counting what comes of its body."""
        if scope["type"] != "http" or _writes_articles(scope):
            await self._app(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > MAX_BODY:
                raise HTTPException(413, f"the body is larger than {MAX_BODY:,} bytes")
            return message

        await self._app(scope, counted, send)


def _writes_articles(scope: Scope) -> bool:
    # Where the app is mounted in another, its own paths come after the root path.
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    if scope["method"] == "PUT":
        return bool(path.startswith("/v1/articles/"))
    return bool(scope["method"] == "POST" and path == "/v1/articles")
