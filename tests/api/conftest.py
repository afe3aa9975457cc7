"""Real servers on loopback, in this process and as a shell runs them, and the command line."""

import contextlib
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
import uvicorn

from nutgraf.api.http.app import create_app
from nutgraf.api.write_queue.queue import WriteQueue
from nutgraf.index import create_index
from nutgraf.search import Searcher
from tests.waiting import until

# Of the connections of many threads, httpx closes some that it has just given out.
LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=None)

NUTGRAF = Path(sys.executable).with_name("nutgraf")
TINY_ENCODER = Path(__file__).parents[1] / "golden" / "format-1.index" / "encoder"
"""Random weights: fast, and knows nothing of meaning."""


@contextlib.contextmanager
def serving(app):
    """An HTTP client of a server that runs `app` in this process."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive())
        assert server.started, "the server did not start"
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, limits=LIMITS) as opened:
            yield opened
    finally:
        server.should_exit = True
        thread.join(20)


@contextlib.contextmanager
def served(index, *options):
    """A `nutgraf serve` of its own on a free port, and its address; killed if it still runs."""
    process = subprocess.Popen(
        [NUTGRAF, "serve", "-i", index, "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    errors = []
    # Read all the time: a full pipe would hold up the server.
    readers = [threading.Thread(target=lambda: errors.extend(process.stderr))]
    readers[0].start()
    try:
        told = process.stdout.readline().decode()
        address = re.search(r"http://\S+:\d+", told)
        assert address, (told, errors)
        process.address = address[0]
        process.errors = errors
        readers.append(threading.Thread(target=lambda: list(process.stdout)))
        readers[-1].start()
        until(lambda: is_up(process.address))
        yield process
    finally:
        process.kill()
        process.wait()
        for reader in readers:
            reader.join()
        process.stdout.close()
        process.stderr.close()


def is_up(address):
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{address}/healthz").status_code == 200
    return False


@pytest.fixture(scope="session")
def client(seeds_index):
    """An HTTP client of a server over the sample articles."""
    with Searcher(seeds_index) as searcher, serving(create_app(searcher)) as opened:
        yield opened


def make_tiny_index(folder, **options):
    create_index(folder / "tiny.index", model=str(TINY_ENCODER), **options)
    return folder / "tiny.index"


@contextlib.contextmanager
def writing(index, *, trust=False):
    """An HTTP client of a server over an index that can be written; its queue is there too."""
    with (
        Searcher(index, trust=trust) as searcher,
        WriteQueue(index, trust=trust) as queue,
        serving(create_app(searcher, writing=queue)) as opened,
    ):
        opened.queue = queue
        yield opened


@pytest.fixture
def tiny_index(tmp_path):
    """An empty index with an encoder that is fast."""
    return make_tiny_index(tmp_path)


@pytest.fixture
def writer(tiny_index):
    """An HTTP client of a server over an empty index that can be written."""
    with writing(tiny_index) as opened:
        yield opened


@pytest.fixture(scope="session")
def refuser(tmp_path_factory):
    """The same, shared by tests that write nothing, as what they send is wrong."""
    with writing(make_tiny_index(tmp_path_factory.mktemp("refuser"))) as opened:
        yield opened


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
