"""`nutgraf serve`: the HTTP API on a port."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path

import uvicorn

from nutgraf.api.app import create_app
from nutgraf.index.errors import UserError
from nutgraf.search import Searcher

__all__ = ["serve_index"]


def serve_index(index: Path, host: str, port: int, *, trust: bool) -> None:
    """Answer from `index` on `host` and `port` until interrupted; port 0 takes a free one.

    Raises UserError where the port cannot be had, and what Searcher raises.
    """
    with Searcher(index, trust=trust) as searcher, _listen(host, port) as listening:
        searcher.warm()
        address = f"[{host}]" if ":" in host else host
        print(f"nutgraf: {index} at http://{address}:{listening.getsockname()[1]}", flush=True)
        config = uvicorn.Config(create_app(searcher))
        with suppress(KeyboardInterrupt):  # the usual way to end a server is no error
            uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise UserError(
            f"cannot listen on {host}, port {port}: {error.strerror}; choose others with "
            "--host and --port"
        ) from None
