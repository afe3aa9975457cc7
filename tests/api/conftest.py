"""A real server on loopback, and the command line as a shell runs it."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
import uvicorn

from nutgraf.api.app import create_app
from nutgraf.search import Searcher

NUTGRAF = Path(sys.executable).with_name("nutgraf")


@pytest.fixture(scope="session")
def client(seeds_index):
    """An HTTP client of a server over the sample articles."""
    with Searcher(seeds_index) as searcher:
        config = uvicorn.Config(create_app(searcher), port=0, log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive(), "the server did not start"
                time.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as opened:
                yield opened
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.fixture
def run(tmp_path):
    """Run `nutgraf` in an empty folder; returns what subprocess.run does."""

    def run_nutgraf(*arguments, stdin=b"", **environment):
        return subprocess.run(
            [NUTGRAF, *(each if isinstance(each, bytes) else str(each) for each in arguments)],
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            timeout=120,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200", **environment},
        )

    return run_nutgraf
