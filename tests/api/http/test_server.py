"""`nutgraf serve` as a process: access to writes, signals, delay of responses."""

import contextlib
import os
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from nutgraf.api.http.server import listen
from nutgraf.index import IndexWriter
from tests.api.conftest import served
from tests.api.http.test_http import problem
from tests.api.http.test_writing import FERRY, put
from tests.waiting import until


def test_writable_is_refused_on_other_addresses(run, tiny_index):
    done = run("serve", "-i", tiny_index, "--writable", "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert b"does not check its clients" in done.stderr
    assert b"Traceback" not in done.stderr


def test_write_with_another_host_is_refused(tiny_index):
    with served(tiny_index, "--writable", "--workers", "1") as server:
        address = f"{server.address}/v1/articles/a"
        for host in ("evil.example", "evil.example:8000", "127.0.0.1.evil.example", ""):
            headers = {"host": host}
            assert "Host" in problem(httpx.put(address, json=FERRY, headers=headers), 403)["detail"]
        for host in ("localhost", "localhost:1", "127.0.0.1", "[::1]:8000"):
            assert httpx.put(address, json=FERRY, headers={"host": host}).is_success
        assert httpx.get(address, headers={"host": "news.example"}).status_code == 200


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_signal_during_writes_loses_no_acknowledged_write(tiny_index, ending):
    acknowledged, stop = [], threading.Event()

    def write(client, thread):
        number = 0
        while not stop.is_set():
            try:
                answer = put(client, f"{thread}-{number}")
            except httpx.TransportError:
                return
            if answer.status_code == 201:
                acknowledged.append(f"{thread}-{number}")
            number += 1

    with (
        served(tiny_index, "--writable") as server,
        httpx.Client(base_url=server.address, timeout=30) as client,
        ThreadPoolExecutor(4) as pool,
    ):
        writing = [pool.submit(write, client, thread) for thread in range(4)]
        until(lambda: len(acknowledged) > 50)
        os.kill(server.pid, ending)
        assert server.wait(20) == 0
        stop.set()
        for each in writing:
            each.result()
    assert b"Traceback" not in b"".join(server.errors)
    with contextlib.closing(IndexWriter(tiny_index)) as opened:
        assert [name for name in acknowledged if opened.digest_of(name) is None] == []


def test_response_is_not_delayed():
    """The socket has the protocol TCP, so that asyncio disables Nagle's algorithm.

    The body of a response is sent after its head. With the algorithm it would wait 40 ms.
    """
    with listen("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP
