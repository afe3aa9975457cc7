"""`nutgraf serve`: the HTTP API on a port."""

from __future__ import annotations

import ipaddress
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

import uvicorn

from nutgraf.api.http.app import create_app
from nutgraf.api.http.middleware import LoopbackWrites
from nutgraf.api.write_queue.queue import WriteQueue
from nutgraf.index.errors import IndexLockedError, UserError
from nutgraf.index.storage.lock import WriteLock
from nutgraf.search import Searcher

__all__ = ["listen", "serve_index"]

SHUTDOWN_SECONDS: Final = 10
"""Seconds that requests have to end in, once the server is told to."""


def serve_index(
    index: Path, host: str, port: int, *, trust: bool = False, writable: bool = False
) -> None:
    """Answer from `index` on `host` and `port` until interrupted or terminated.

    Port 0 takes a free one. With `writable`, articles can be put and deleted.
    What was accepted is committed before this returns.

    Raises UserError where the port cannot be had, or writing would be open to
    a network, and what Searcher raises.
    """
    with ExitStack() as opened:
        opened.enter_context(_ended_by_signals())
        searcher = opened.enter_context(Searcher(index, trust=trust))
        listening = opened.enter_context(listen(host, port))
        if writable:
            _check_loopback(listening, host)
            with suppress(IndexLockedError):  # Who writes now may be done by the first request.
                WriteLock(index).release()
        writing = opened.enter_context(WriteQueue(index, trust=trust)) if writable else None
        searcher.warm()
        address = f"[{host}]" if ":" in host else host
        how = ", writable" if writable else ""
        print(f"nutgraf: {index} at http://{address}:{listening.getsockname()[1]}{how}", flush=True)
        app = LoopbackWrites(create_app(searcher, writing=writing))
        config = uvicorn.Config(app, timeout_graceful_shutdown=SHUTDOWN_SECONDS)
        _Server(config, writing).run(sockets=[listening])


class _Server(uvicorn.Server):
    """A server that tells streams of articles to end, when it is to end itself."""

    def __init__(self, config: uvicorn.Config, writing: WriteQueue | None) -> None:
        super().__init__(config)
        self._writing = writing

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._writing is not None:
            self._writing.drain()
        await super().shutdown(sockets)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """End the block by SIGINT or SIGTERM, as the usual ways to end a server, without an error.

    uvicorn raises the signal that stopped it again when it is done. SIGTERM would then end the
    process on the spot, with the index not closed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises UserError where there is none."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        opened = socket.create_server((host, port), family=family)
        # asyncio sends without delay (TCP_NODELAY) only where a socket says that it is TCP. It
        # would cost 40 ms an answer: head and body are sent apart, and the second would wait.
        return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=opened.detach())
    except OSError as error:
        raise UserError(
            f"cannot listen on {host}, port {port}: {error.strerror}; choose others with "
            "--host and --port"
        ) from None


def _check_loopback(listening: socket.socket, host: str) -> None:
    """Raise UserError where others than this machine could write: nothing asks who they are."""
    if not ipaddress.ip_address(listening.getsockname()[0]).is_loopback:
        raise UserError(
            f"--writable lets everyone who can reach {host or 'all addresses'} change the index, "
            "as there are no keys yet: leave --host out, to listen on this machine only, and put "
            "something that checks who is asking in front of it"
        )
