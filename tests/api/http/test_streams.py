"""POST /v1/articles: streams of articles over a socket."""

import json
import os
import re
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from nutgraf.api.write_queue.queue import STREAM_SLOTS, WriteQueue
from nutgraf.api.write_queue.streams import ArticleStream
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.json_lines import MAX_TEXT
from nutgraf.search import Searcher
from tests.api.conftest import served
from tests.api.http.test_http import problem
from tests.api.http.test_writing import found, put, slow_encoder  # noqa: F401 - a fixture
from tests.waiting import PATIENCE, until

NDJSON = {"content-type": "application/x-ndjson"}
MIB = 2**20


def post(client, content, **parameters):
    return client.post(
        "/v1/articles", content=content, headers=NDJSON, params=parameters, timeout=120
    )


def line(name, text="The ferry crews went back."):
    return json.dumps({"id": name, "title": "Title", "text": text}).encode() + b"\n"


def results(response):
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(each) for each in response.text.splitlines()]


def articles(index):
    with Searcher(index) as searcher:
        return searcher.statistics().articles


def test_each_line_has_a_result_in_order(writer):
    bad = {
        10: b"{bad\n",
        500: b"[]\n",
        501: b'{"id": "x"}\n',
        999: b'{"title": "T", "text": "x"}\n',
    }
    blank = {20: b"\n", 1000: b"  \r\n"}
    sent = [{**bad, **blank}.get(n) or line(f"a{n}") for n in range(1, 2001)]
    answered = results(post(writer, b"".join(sent)))
    assert [each["line"] for each in answered] == [n for n in range(1, 2001) if n not in blank]
    for each in answered:
        if each["line"] in bad:
            assert each["result"] == "rejected"
            assert each["reason"]
        else:
            assert each == {"line": each["line"], "id": f"a{each['line']}", "result": "created"}
    assert articles(writer.queue.path) == 2000 - len(bad) - len(blank)


def test_repeated_article_is_unchanged_or_updated(writer):
    answered = results(post(writer, line("a") + line("a") + line("a", "Other.")))
    assert [each["result"] for each in answered] == ["created", "unchanged", "updated"]
    assert [each["result"] for each in results(post(writer, line("a", "Other.")))] == ["unchanged"]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\r\n \n"])
def test_empty_stream_is_accepted(writer, content):
    assert results(post(writer, content)) == []


def test_last_line_needs_no_line_break_and_refresh_shows_it(writer):
    answered = results(post(writer, line("a", "Aardvark.").rstrip(), refresh=True))
    assert [each["id"] for each in answered] == ["a"]
    assert found(writer, "aardvark") == {"a"}


def test_line_with_invalid_characters_is_flagged(writer):
    answered = results(post(writer, line("a", "Ferry\x00.") + line("b", "Ferry.")))
    assert [each["result"] for each in answered] == ["created", "created"]
    assert answered[0]["flagged"].startswith("invalid characters were removed from 'text'")
    assert "flagged" not in answered[1]


def test_invalid_lines_are_rejected_with_reasons(writer):
    sent = [
        (b'{"id": "a", "title": NaN, "text": "x"}', "a number"),
        (b'{"id": "a", "title": "\\ud800", "text": "x"}', "'title' is empty"),
        (b'{"id": "a", "title": "a\x00b", "text": "x"}', "NUL"),
        (b"\xff\xfe", "UTF-8"),
        (b"[" * 100_000, "deep"),
        (b'{"title": "T", "text": "x"}', "'id' is missing"),
        (b'{"id": "", "title": "T", "text": "x"}', "'id' is empty"),
        (b'{"id": "a", "title": "T", "text": "x", "paragraphs": []}', "one of the two"),
    ]
    answered = results(post(writer, b"\n".join(content for content, _ in sent)))
    assert len(answered) == len(sent)
    for each, (_, reason) in zip(answered, sent, strict=True):
        assert each["result"] == "rejected"
        assert reason in each["reason"]


def test_line_over_limit_is_rejected_and_next_lines_are_put(writer):
    def parts():
        yield line("a")
        yield b'{"id": "b", "text": "'
        for _ in range(MAX_TEXT // MIB):
            yield b"x" * MIB
        yield b'"}\n'
        yield line("c")

    answered = results(post(writer, parts()))
    assert [each["result"] for each in answered] == ["created", "rejected", "created"]
    assert f"{MAX_TEXT:,}" in answered[1]["reason"]


def test_client_may_send_complete_body_before_it_reads(writer):
    """The results exceed the buffers of sockets: sent early, each side would wait."""
    count = 60_000
    body = b"".join(b'{"n": %d}\n' % n for n in range(count))
    head = (
        f"POST /v1/articles HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    url = writer.base_url
    with socket.create_connection((url.host, url.port), timeout=60) as raw:
        raw.sendall(head.encode() + body)
        answer = b"".join(iter(lambda: raw.recv(MIB), b""))
    assert answer.startswith(b"HTTP/1.1 200")
    answered = re.sub(rb"\r\n[0-9a-f]+\r\n", b"", answer)  # without the sizes of the pieces
    assert answered.count(b"rejected") == count


def test_complete_lines_of_an_incomplete_body_are_committed(writer):
    url = writer.base_url
    with socket.create_connection((url.host, url.port), timeout=60) as raw:
        raw.sendall(
            b"POST /v1/articles HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/x-ndjson\r\nContent-Length: 100000\r\n\r\n"
            + line("whole", "Aardvark.")
            + line("half", "Pangolin.").rstrip()
        )
    until(lambda: found(writer, "aardvark") == {"whole"})
    until(lambda: writer.queue.stream_slots.taken == 0)
    writer.queue.release()
    assert articles(writer.queue.path) == 1


def test_lines_are_visible_before_the_stream_ends(writer):
    going = threading.Event()

    def parts():
        yield line("a", "Aardvark.")
        assert going.wait(30)
        yield line("b")

    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(post, writer, parts())
        until(lambda: found(writer, "aardvark") == {"a"})
        going.set()
        assert len(results(sending.result())) == 2


def test_failed_commit_reports_last_durable_line(writer, fail_at, monkeypatch):
    fail_at("catalog", BrokenIndexError("/srv/secret/place is damaged"), nth=3)
    monkeypatch.setattr("nutgraf.api.write_queue.batch.MAX_OPERATIONS", 500)
    body = problem(post(writer, b"".join(line(f"a{n}") for n in range(1, 5001))), 500)
    assert "secret" not in json.dumps(body)
    durable = body["durable"]
    assert 500 <= durable < 5000
    assert f"{durable:,}" in body["detail"]
    with Searcher(writer.queue.path) as searcher:
        assert all(searcher.article(f"a{n}") for n in range(1, durable + 1))
    rest = b"".join(line(f"a{n}") for n in range(durable + 1, 5001))
    assert len(results(post(writer, rest))) == 5000 - durable
    assert articles(writer.queue.path) == 5000


def test_streams_over_limit_get_429(writer):
    going = threading.Event()

    def parts(name):
        yield line(f"{name}-1")
        assert going.wait(30)
        yield line(f"{name}-2")

    with ThreadPoolExecutor(STREAM_SLOTS) as pool:
        sending = [pool.submit(post, writer, parts(n)) for n in range(STREAM_SLOTS)]
        until(lambda: writer.queue.stream_slots.taken == STREAM_SLOTS)
        refused = post(writer, line("x"))
        assert int(refused.headers["retry-after"]) >= 1
        problem(refused, 429)
        assert put(writer, "meanwhile").status_code == 201
        going.set()
        assert all(len(results(each.result())) == 2 for each in sending)
    assert len(results(post(writer, line("x")))) == 1


def grows(read):
    """Return whether a list grows within 0.2 s. A wrong False does no harm."""
    before = len(read)
    time.sleep(0.2)
    return len(read) > before


def test_stream_is_slowed_down_and_not_refused(writer, slow_encoder):  # noqa: F811
    """The server reads no more than fits in the queue, until the encoder continues."""
    read = []
    passed_over = "x" * 300_000  # Read, but not encoded.

    def parts():
        for n in range(280):
            read.append(n)
            fields = {"id": f"a{n}", "title": "Title", "text": f"{n}.", "other": passed_over}
            yield json.dumps(fields).encode() + b"\n"

    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(post, writer, parts())
        until(lambda: writer.queue.stream_bytes > 100_000)
        until(lambda: not grows(read))
        assert writer.queue.stream_bytes < MIB
        assert read[-1] < 200  # 60 MB; the buffers of a socket hold at most some 16 MB
        slow_encoder.set()
        assert {each["result"] for each in results(sending.result())} == {"created"}


def test_lines_that_wait_for_their_commit_are_bounded(tiny_index):
    with WriteQueue(tiny_index) as queue, ArticleStream(queue) as stream:
        stream.feed(line("a"))
        for _ in range(100):
            stream.feed(b"{}\n" * 1_000)
            assert stream.outstanding < 20_000
        stream.finish()
        assert b"".join(stream.results()).count(b"\n") == 100_001


def peak(process):
    """Return the peak memory of a process, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_memory_does_not_grow_with_the_stream(tiny_index):
    text = "The ferry crews went back to the harbour. " * 20
    passed_over = "x" * 45_000  # Read, but not encoded.

    def parts(name, count):
        for n in range(count):
            fields = {"id": f"{name}{n}", "title": "Title", "paragraphs": [f"{n}. {text}", text]}
            yield json.dumps({**fields, "other": passed_over}).encode() + b"\n"

    with (
        served(tiny_index, "--writable") as server,
        httpx.Client(base_url=server.address, timeout=120) as client,
    ):
        assert len(results(post(client, parts("a", 600)))) == 600
        before = peak(server)
        sent = 900
        assert len(results(post(client, parts("b", sent)))) == sent
        grown = peak(server) - before
    size = sum(map(len, parts("b", sent)))
    assert size > 40 * MIB
    assert grown < 20 * MIB, f"{grown / MIB:.0f} MiB more for a stream of {size / MIB:.0f} MiB"


@pytest.mark.parametrize("pause", [0.001, 100])
def test_stopping_server_ends_stream_and_reports_last_durable_line(tiny_index, pause):
    ended = threading.Event()

    def parts():
        yield b"".join(line(f"a{n}") for n in range(1, 101))
        for n in range(101, 100_000):
            if ended.wait(pause):
                return
            yield line(f"a{n}")

    with served(tiny_index, "--writable") as server, ThreadPoolExecutor(1) as pool:
        sending = pool.submit(lambda: httpx.post(
            f"{server.address}/v1/articles", content=parts(), headers=NDJSON, timeout=60
        ))  # fmt: skip
        until(lambda: articles(tiny_index) >= 100)
        os.kill(server.pid, signal.SIGTERM)
        assert server.wait(PATIENCE) == 0
        ended.set()
        try:
            body = problem(sending.result(), 503)
        except httpx.TransportError:
            body = {"durable": 0}  # The client was still sending when the server closed.
    assert b"Traceback" not in b"".join(server.errors)
    assert articles(tiny_index) >= max(body["durable"], 100)
