"""ASGI middleware: writes for this machine only, and a bound on request bodies."""

from __future__ import annotations

import ipaddress
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nutgraf.api.http.problems import problem

__all__ = ["MAX_BODY_BYTES", "BodyLimit", "LoopbackWrites"]

READS: Final = ("GET", "HEAD", "OPTIONS")

MAX_BODY_BYTES: Final = 256 * 1024
"""Bytes of a request's body: the longest search request is far smaller."""


class LoopbackWrites:
    """ASGI middleware that refuses, with 403, a change of articles that names another host.

    A page on the Internet can have its own name lead to 127.0.0.1 (DNS
    rebinding), and a browser then lets it send what it likes to a server
    there. Such requests carry that name as their Host.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless it writes and is not meant for this machine."""
        writes = (
            scope["type"] == "http"
            and scope["method"] not in READS
            and scope["path"].startswith("/v1/articles")
        )
        if writes and not _is_loopback(Headers(scope=scope).get("host", "")):
            refusal = problem(
                403,
                "the Host of a request that writes has to be this machine, as localhost or "
                "127.0.0.1; a proxy in front of this server has to set it so",
            )
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_loopback(host: str) -> bool:
    """Tell whether a Host header, with or without a port, names this machine."""
    bare = host.rpartition("]")[0].removeprefix("[") if "]" in host else host.partition(":")[0]
    if bare.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


class BodyLimit:
    """ASGI middleware that stops reading a body, with 413, once it is larger than MAX_BODY_BYTES.

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
            if seen > MAX_BODY_BYTES:
                raise HTTPException(413, f"the body is larger than {MAX_BODY_BYTES:,} bytes")
            return message

        await self._app(scope, counted, send)


def _writes_articles(scope: Scope) -> bool:
    # Where the app is mounted in another, its own paths come after the root path.
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    if scope["method"] == "PUT":
        return bool(path.startswith("/v1/articles/"))
    return bool(scope["method"] == "POST" and path == "/v1/articles")
