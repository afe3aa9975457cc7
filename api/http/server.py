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

from nutgraf.api.answering.processes import AnsweringProcesses
from nutgraf.api.answering.protocol import Answering
from nutgraf.api.answering.threads import AnsweringThreads
from nutgraf.api.http.app import app_of
from nutgraf.api.http.middleware import LoopbackWrites
from nutgraf.api.write_queue.queue import WriteQueue
from nutgraf.index.errors import IndexLockedError, UserError
from nutgraf.index.storage.lock import WriteLock
from nutgraf.search import SearchCache, Searcher

__all__ = ["listen", "serve_index"]

SHUTDOWN_SECONDS: Final = 10
"""Seconds for open requests to finish when the server stops."""


def serve_index(
    index: Path,
    host: str,
    port: int,
    *,
    trust: bool = False,
    writable: bool = False,
    workers: int = 1,
) -> None:
    """Serve `index` over HTTP on `host` and `port`, until SIGINT or SIGTERM.

    Port 0 chooses a free port. With several `workers`, that many processes answer the requests
    that read; this process takes the connections, and writes. With `writable`, clients can put
    and delete articles. Accepted operations are committed before this function returns.

    Raises UserError if the port is not available, or if `writable` would let other
    machines write. Raises the errors of Searcher.
    """
    with ExitStack() as opened:
        opened.enter_context(_ended_by_signals())
        listening = opened.enter_context(listen(host, port))
        answering = opened.enter_context(_answering(index, workers, trust=trust))
        if writable:
            _check_loopback(listening, host)
            with suppress(IndexLockedError):  # Another writer may finish before the first write.
                WriteLock(index).release()
        writing = opened.enter_context(WriteQueue(index, trust=trust)) if writable else None
        if isinstance(answering, AnsweringProcesses):
            answering.wait_until_ready()
        address = f"[{host}]" if ":" in host else host
        how = ", writable" if writable else ""
        print(f"nutgraf: {index} at http://{address}:{listening.getsockname()[1]}{how}", flush=True)
        app = LoopbackWrites(app_of(answering, writing))
        config = uvicorn.Config(app, timeout_graceful_shutdown=SHUTDOWN_SECONDS)
        _Server(config, writing).run(sockets=[listening])


@contextmanager
def _answering(index: Path, workers: int, *, trust: bool) -> Iterator[Answering]:
    """Answer requests with some processes, or with threads of this process."""
    if workers > 1:
        with AnsweringProcesses(index, workers, trust=trust) as processes:
            yield processes
        return
    with Searcher(index, trust=trust, cache=SearchCache()) as searcher:
        searcher.warm()
        yield AnsweringThreads(searcher)


class _Server(uvicorn.Server):
    """A server that ends streams of articles when it stops."""

    def __init__(self, config: uvicorn.Config, writing: WriteQueue | None) -> None:
        super().__init__(config)
        self._writing = writing

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._writing is not None:
            self._writing.drain()
        await super().shutdown(sockets)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """End the block without an error on SIGINT or SIGTERM.

    A signal stops uvicorn. After its shutdown, uvicorn sends the same signal to this
    process again. SIGTERM would then end the process at once, before the index is closed.
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
    """Return a listening socket. Raises UserError if the address is not available."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        opened = socket.create_server((host, port), family=family)
        # asyncio sets TCP_NODELAY only on a socket whose protocol is TCP. Without TCP_NODELAY,
        # each response takes 40 ms longer, because its body waits until its head is confirmed.
        return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=opened.detach())
    except OSError as error:
        raise UserError(
            f"cannot listen on {host}, port {port}: {error.strerror}; choose another address "
            "with --host, or another port with --port"
        ) from None


def _check_loopback(listening: socket.socket, host: str) -> None:
    """Raise UserError if other machines could write: clients are not authenticated."""
    if not ipaddress.ip_address(listening.getsockname()[0]).is_loopback:
        raise UserError(
            f"with --writable and this --host, everyone who can reach {host or 'all addresses'} "
            "could change the index, because the server does not check its clients: omit --host "
            "to listen on this machine only; for access from other machines, put a proxy that "
            "authenticates its clients in front of the server"
        )
