"""`nutgraf serve`: the HTTP API."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from nutgraf.api.cli.options import DEFAULT_INDEX, Index, Trust
from nutgraf.index.models.cpus import usable_cpus

__all__ = ["add_serve", "serve"]

MAX_WORKERS: Final = 64
"""The most processes that answer. One process feeds them, and cannot feed more."""


def add_serve(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(serve)


def serve(
    index: Index = DEFAULT_INDEX,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port; 0 chooses a free one.")
    ] = 8000,
    writable: Annotated[
        bool,
        typer.Option("--writable", help="Let clients on this machine put and delete articles."),
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MAX_WORKERS,
            help="Processes that answer; by default, one for each core.",
        ),
    ] = None,
    trust: Trust = False,
) -> None:
    """Serve an index over HTTP.

    /docs describes the API. /healthz answers as soon as the server is ready. There is no
    authentication and no TLS: put a proxy in front of the server that provides them.
    """
    from nutgraf.api.http.server import serve_index

    serve_index(
        index,
        host,
        port,
        trust=trust,
        writable=writable,
        workers=workers or min(usable_cpus(), MAX_WORKERS),
    )
