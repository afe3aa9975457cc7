"""ASGI middleware that refuses some writes, and large request bodies.

LoopbackWrites refuses writes whose Host header does not name this machine. BodyLimit
limits request bodies.
"""

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
"""The largest request body, in bytes. The longest search request is far smaller."""


class LoopbackWrites:
    """ASGI middleware: the Host header of a write request must name this machine.

    The middleware refuses other write requests, with 403. The reason is that a web page
    can make its own host name resolve to 127.0.0.1 (DNS rebinding). The browser then lets
    the page send any request to a server on this machine. The Host header of such a
    request contains the host name of the page.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it with 403."""
        writes = (
            scope["type"] == "http"
            and scope["method"] not in READS
            and scope["path"].startswith("/v1/articles")
        )
        if writes and not _is_loopback(Headers(scope=scope).get("host", "")):
            refusal = problem(
                403,
                "the Host header of a request that writes must name this machine, such as "
                "localhost or 127.0.0.1; a proxy in front of this server must set it",
            )
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_loopback(host: str) -> bool:
    """Return whether a Host header, with or without a port, names this machine."""
    bare = host.rpartition("]")[0].removeprefix("[") if "]" in host else host.partition(":")[0]
    if bare.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


class BodyLimit:
    """ASGI middleware that refuses, with 413, a body larger than MAX_BODY_BYTES.

    The routes that write articles are exempt: they have limits of their own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count the bytes of its body."""
        if scope["type"] != "http" or _writes_articles(scope):
            await self._app(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > MAX_BODY_BYTES:
                raise HTTPException(
                    413, f"the body is larger than {MAX_BODY_BYTES:,} bytes, the limit of a request"
                )
            return message

        await self._app(scope, counted, send)


def _writes_articles(scope: Scope) -> bool:
    # In a mounted app, the root path comes before the app's own path.
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    if scope["method"] == "PUT":
        return bool(path.startswith("/v1/articles/"))
    return bool(scope["method"] == "POST" and path == "/v1/articles")
