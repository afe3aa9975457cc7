"""Jobs in real processes: cursors, order of commits, processes that end, overload."""

import asyncio
import json
import logging
import os
import shutil
import signal
import threading
from contextlib import closing
from dataclasses import dataclass

import pytest

import nutgraf.api.answering.processes as module
from nutgraf.api.answering.errors import (
    InternalError,
    NoProcessError,
    OverloadedError,
    ProcessLostError,
)
from nutgraf.api.answering.jobs import Count, Search, Show, Similar
from nutgraf.api.answering.process import AnsweringProcess
from nutgraf.api.answering.processes import AnsweringProcesses
from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.errors import NotAnIndexError
from nutgraf.search import RequestError, SearchRequest
from tests.waiting import until


class Pool:
    """Processes over an index, with an event loop in a thread of its own."""

    def __init__(self, index, count):
        self.index = index
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.processes = AnsweringProcesses(index, count)
        self.processes.wait_until_ready()
        self.running = self.processes.running()
        self.wait(self.running.__aenter__())

    def wait(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def start(self, job, since=0):
        return asyncio.run_coroutine_threadsafe(self.processes.answer(job, since), self.loop)

    def ask(self, job, since=0):
        return self.start(job, since).result(60)

    def pids(self):
        return [link.process.pid for link in self.processes._links]

    def close(self):
        self.wait(self.running.__aexit__(None, None, None))
        self.processes.close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


def make_index(folder, tiny_encoder):
    create_index(folder / "tiny.index", model=str(tiny_encoder))
    with IndexWriter(folder / "tiny.index") as writer:
        for number in range(12):
            writer.put(Article(f"a{number}", "Ferry", (f"The ferry number {number} sails.",)))
    return folder / "tiny.index"


@pytest.fixture(scope="module")
def pool(tmp_path_factory, tiny_encoder):
    with closing(Pool(make_index(tmp_path_factory.mktemp("pool"), tiny_encoder), 2)) as opened:
        yield opened


def write(index, article, text):
    with IndexWriter(index) as writer:
        writer.put(Article(article, "Note", (text,)))
        return writer.commit()


def search(**options):
    return Search(SearchRequest(mode="keyword", **options))


def both(pool, job, since=0):
    """Do a job in both processes at the same time, several times; return the answers."""
    return [
        json.loads(each.result(60).body) for each in [pool.start(job, since) for _ in range(12)]
    ]


def test_next_pages_come_from_the_process_that_holds_their_snapshot(pool):
    first = json.loads(pool.ask(search(q="ferry", limit=4)).body)
    newest = write(pool.index, "late", "A ferry, ferry, ferry.")
    assert {each["snapshot"] for each in both(pool, search(q="ferry"), newest)} == {newest}
    pages = both(pool, search(q="ferry", limit=4, cursor=first["next"]))
    assert {each["snapshot"] for each in pages} == {first["snapshot"]} != {newest}
    assert not any(each["warnings"] for each in pages)


def test_no_answer_is_older_than_an_earlier_one(pool):
    for number in range(3):
        newest = write(pool.index, "news", f"Edition{number}.")
        pool.ask(Show("news"), newest)  # One process knows the commit now.
        shown = both(pool, Show("news"))  # The other one must open it too.
        assert {each["paragraphs"][0]["text"] for each in shown} == {f"Edition{number}."}


def test_errors_come_from_the_process(pool):
    with pytest.raises(RequestError) as raised:
        pool.ask(search(q="ferry", sort="shoes"))
    assert raised.value.field == "sort"
    with pytest.raises(InternalError, match="Traceback"):
        pool.ask(Similar("a1", {"no": "option"}))


@dataclass(frozen=True)
class Deadly:
    """A job that ends the process that reads it."""

    snapshot: int | None = None

    def __reduce__(self):
        return os._exit, (3,)


def test_processes_that_end_are_replaced(pool, caplog):
    before = pool.pids()
    with pytest.raises(ProcessLostError):
        pool.ask(Deadly())
    until(lambda: pool.processes.status.workers == 2)
    assert not set(before) & set(pool.pids())
    assert "ended with exit code 3; a new one takes its place" in caplog.text
    os.kill(pool.pids()[0], signal.SIGKILL)
    asked = [pool.start(Show("a1")) for _ in range(20)]
    assert all(each.result(60).digest for each in asked)
    until(lambda: "was ended by signal 9" in caplog.text)
    until(lambda: pool.processes.status.workers == 2)


def test_requests_over_the_limit_are_refused(pool, monkeypatch):
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    for pid in pool.pids():
        os.kill(pid, signal.SIGSTOP)
    try:
        asked = [pool.start(Count()) for _ in range(2 + 3)]
        until(lambda: pool.processes.status.waiting == 3)
        with pytest.raises(OverloadedError):
            pool.ask(Count())
    finally:
        for pid in pool.pids():
            os.kill(pid, signal.SIGCONT)
    assert all(each.result(60).body for each in asked)


def test_index_that_is_gone_is_told(tmp_path, tiny_encoder, caplog, monkeypatch):
    monkeypatch.setattr(module, "RESTART_SECONDS", 0.01)
    index = make_index(tmp_path, tiny_encoder)
    with closing(Pool(index, 1)) as pool:
        shutil.move(index, tmp_path / "elsewhere")
        os.kill(pool.pids()[0], signal.SIGKILL)
        until(lambda: "could not start: there is no index at" in caplog.text)
        with pytest.raises(NoProcessError):
            pool.ask(Count())
        shutil.move(tmp_path / "elsewhere", index)
        until(lambda: pool.processes.status.workers == 1)
        assert pool.ask(Count()).body


def test_process_ends_with_its_server(tmp_path, tiny_encoder, caplog):
    with pytest.raises(NotAnIndexError):
        AnsweringProcess(tmp_path).wait_until_ready()
    process = AnsweringProcess(make_index(tmp_path, tiny_encoder))
    assert process.wait_until_ready().held == ()
    for ignored in (signal.SIGINT, signal.SIGTERM):
        os.kill(process.pid, ignored)
    process.socket.close()  # As the kernel does when it ends a server.
    assert process.ended() == "ended with exit code 0"
    assert not caplog.records or logging.ERROR not in {each.levelno for each in caplog.records}
