"""Fixtures: the command line, and real servers in this process or in another."""

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
from tests.warm import WarmCommand

# With a limit and many threads, httpx closes some connections that it has just lent.
LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=None)

NUTGRAF = Path(sys.executable).with_name("nutgraf")
TINY_ENCODER = Path(__file__).parents[1] / "golden" / "format-4.index" / "encoder"
"""Fast. Its weights are random, so its embeddings have no meaning."""


@contextlib.contextmanager
def serving(app):
    """Yield an HTTP client of a server that runs `app` in this process."""
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
    """Yield a process of `nutgraf serve` on a free port, with its `address`.

    The process is killed at the end if it still runs.
    """
    process = subprocess.Popen(
        [NUTGRAF, "serve", "-i", index, "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    errors = []
    # Read continuously: a full pipe would block the server.
    readers = [threading.Thread(target=lambda: errors.extend(process.stderr))]
    readers[0].start()
    try:
        first_line = process.stdout.readline().decode()
        address = re.search(r"http://\S+:\d+", first_line)
        assert address, (first_line, errors)
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
    """Yield an HTTP client of a writable server, with its write queue as `queue`."""
    with (
        Searcher(index, trust=trust) as searcher,
        WriteQueue(index, trust=trust) as queue,
        serving(create_app(searcher, writing=queue)) as opened,
    ):
        opened.queue = queue
        yield opened


@pytest.fixture
def tiny_index(tmp_path):
    """An empty index with a fast encoder."""
    return make_tiny_index(tmp_path)


@pytest.fixture
def writer(tiny_index):
    """An HTTP client of a writable server over an empty index."""
    with writing(tiny_index) as opened:
        yield opened


@pytest.fixture(scope="session")
def refuser(tmp_path_factory):
    """The same as `writer`, shared by tests whose invalid requests write nothing."""
    with writing(make_tiny_index(tmp_path_factory.mktemp("refuser"))) as opened:
        yield opened


@pytest.fixture(scope="session")
def warm():
    """A process that runs commands fast, because it has done their imports."""
    command = WarmCommand()
    yield command
    command.close()


@pytest.fixture
def run(tmp_path, warm):
    """Return a function that runs `nutgraf` in an empty folder, like subprocess.run."""

    def run_nutgraf(*arguments, stdin=b"", **environment):
        given = [os.fsdecode(one) if isinstance(one, bytes) else str(one) for one in arguments]
        return warm.run(given, tmp_path, stdin, environment_of(environment))

    return run_nutgraf


@pytest.fixture
def run_anew(tmp_path):
    """The same as `run`, in a new process, which reads the variables of Python."""

    def run_nutgraf(*arguments, **environment):
        return subprocess.run(
            [NUTGRAF, *map(str, arguments)],
            cwd=tmp_path,
            capture_output=True,
            timeout=120,
            env=environment_of(environment),
        )

    return run_nutgraf


def environment_of(variables):
    return {**os.environ, "NO_COLOR": "1", "COLUMNS": "200", **variables}
