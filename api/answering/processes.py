"""AnsweringProcesses: jobs are done in several processes, one for each core.

A process does one job at a time, because threads of one process would fight over the
interpreter. The server gives the next job to the next free process, so it does not matter
which connection a job came from. All processes map the same files of the index.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Final, cast

from nutgraf.api.answering.errors import NoProcessError, ProcessLostError
from nutgraf.api.answering.jobs import Answer, Job
from nutgraf.api.answering.messages import Asked, Frames, Replied, WorkerState, frame
from nutgraf.api.answering.process import AnsweringProcess
from nutgraf.api.answering.protocol import MAX_WAITING, AnsweringStatus, overloaded
from nutgraf.index.storage.closing import Closing
from nutgraf.search.bounded_cache import CacheCounts

__all__ = ["AnsweringProcesses"]

LOG: Final = logging.getLogger("nutgraf.api")

RESTART_SECONDS: Final = 1.0
"""Seconds to wait before a process is started again whose start has failed."""


@dataclass(slots=True, eq=False)
class _Task:
    """A job that waits for its answer. It is tried again once if its process ends."""

    job: Job
    since: int
    answer: asyncio.Future[Answer]
    snapshot: int | None
    lost: bool = False


class _Link(asyncio.Protocol):
    """The connection to a process. `task` is the job that the process does now."""

    def __init__(self, owner: AnsweringProcesses, process: AnsweringProcess) -> None:
        self._owner = owner
        self._frames = Frames()
        self._transport: asyncio.WriteTransport | None = None
        self.process = process
        self.state: WorkerState | None = None
        self.task: _Task | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The transport of uvloop is not a subclass, but has the same methods.
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        for message in self._frames.feed(data):
            self._owner.received(self, message)

    def connection_lost(self, _: Exception | None) -> None:
        self._owner.lost(self)

    @property
    def idle(self) -> bool:
        """Whether the process can do a job now."""
        return self.state is not None and self.task is None and self._transport is not None

    def ask(self, task: _Task, since: int) -> None:
        """Send a job to the process."""
        assert self._transport is not None  # noqa: S101
        self.task = task
        task.since = since
        self._transport.write(frame(Asked(task.job, since)))

    def disconnect(self) -> None:
        """Close the connection, which ends the process after its job."""
        if self._transport is not None:
            self._transport.abort()

    def holds(self, snapshot: int) -> bool:
        """Return whether the process keeps an older snapshot for its cursors."""
        return self.state is not None and snapshot in self.state.held


class AnsweringProcesses(Closing):
    """An Answering with `count` processes over the index at `index`.

    The processes are started at once, and `wait_until_ready` waits for them. A process that
    ends is replaced, and the log says so. Its job goes to another process.
    """

    def __init__(self, index: Path, count: int, *, trust: bool = False) -> None:
        self._index = index
        self._trust = trust
        self._links: list[_Link] = []
        self._waiting: deque[_Task] = deque()
        self._newest = 0
        self._failing = False
        self._closed = False
        self._connecting: set[asyncio.Task[None]] = set()
        with ExitStack() as started:
            started.callback(self.close)
            for _ in range(count):
                self._links.append(_Link(self, self._start()))
            started.pop_all()

    def wait_until_ready(self) -> None:
        """Wait until all processes can answer. Raises their errors."""
        for link in self._links:
            link.state = link.process.wait_until_ready()
            self._newest = max(self._newest, link.state.sequence)

    async def answer(self, job: Job, since: int = 0) -> Answer:
        """See Answering."""
        if self._failing:
            raise NoProcessError(
                "no process can answer, and the server starts new ones: send this request again "
                "in a moment; the server's log has the reason"
            )
        if len(self._waiting) >= MAX_WAITING:
            raise overloaded()
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append(_Task(job, since, answer, job.snapshot))
        self._assign()
        found: Answer = await answer
        return found

    async def refresh(self) -> None:
        """See Answering. Each job names the oldest commit that may answer it."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """See Answering."""
        for link in tuple(self._links):
            await self._connect(link)
        self._assign()
        try:
            yield
        finally:
            self._closed = True
            for link in self._links:
                link.disconnect()

    @property
    def status(self) -> AnsweringStatus:
        """See Answering."""
        states = [link.state for link in self._links if link.state is not None]
        return AnsweringStatus(
            len(states),
            len(self._waiting),
            reduce(add, (state.answers for state in states), CacheCounts()),
            reduce(add, (state.embeddings for state in states), CacheCounts()),
        )

    def close(self) -> None:
        """End all processes. Jobs in progress are not answered."""
        self._closed = True
        for link in self._links:
            link.process.kill()

    def received(self, link: _Link, reply: Replied) -> None:
        """Note the state of a process, pass its result on, and give it another job."""
        task, link.task = link.task, None
        if reply.state is None:  # The process could not open the index, and ends now.
            LOG.error("a process that answers requests could not start: %s", reply.result)
            return
        link.state = reply.state
        self._failing = False
        if task is None:
            LOG.info("process %d answers requests", link.process.pid)
        else:
            # The index may have been replaced by an older backup: then there is no newer commit.
            is_older = reply.state.sequence < task.since
            newest = reply.state.sequence
            self._newest = newest if is_older else max(self._newest, newest)
            if not task.answer.done():
                if isinstance(reply.result, Answer):
                    task.answer.set_result(reply.result)
                elif reply.result is not None:
                    task.answer.set_exception(reply.result)
        self._assign()

    def lost(self, link: _Link) -> None:
        """Replace a process that ended, and give its job to another process."""
        if self._closed:
            return
        was_ready, how = link.state is not None, link.process.ended()
        LOG.error(
            "process %d, which answers requests, %s; a new one takes its place",
            link.process.pid,
            how,
        )
        self._links.remove(link)
        if link.task is not None:
            self._try_again(link.task, how)
        if not was_ready and not any(each.state for each in self._links):
            self._failing = True
            for task in self._waiting:
                _fail(
                    task, NoProcessError("no process can answer: the server's log has the reason")
                )
            self._waiting.clear()
        loop = asyncio.get_running_loop()
        loop.call_later(0 if was_ready else RESTART_SECONDS, self._replace)
        self._assign()

    def _try_again(self, task: _Task, how: str) -> None:
        if task.lost:
            LOG.error("this request ended two processes: %.500s", task.job)
            _fail(
                task,
                ProcessLostError(
                    f"the process that should answer {how}, and so did a second one; the server's "
                    "log has the request"
                ),
            )
            return
        task.lost = True
        self._waiting.appendleft(task)

    def _assign(self) -> None:
        """Give waiting jobs to idle processes, in the order of the jobs."""
        idle = [link for link in self._links if link.idle]
        while idle and self._waiting:
            # Mostly the first job fits. The next page of a cursor waits for its own process.
            fitting = ((task, self._fitting(task, idle)) for task in self._waiting)
            task, link = next(((task, link) for task, link in fitting if link), (None, None))
            if task is None or link is None:
                return
            self._waiting.remove(task)
            if not task.answer.done():
                link.ask(task, max(task.since, self._newest))
                idle.remove(link)

    def _fitting(self, task: _Task, idle: list[_Link]) -> _Link | None:
        """Return an idle process for a job, None if another one must do it and is busy."""
        if task.snapshot is not None:
            holding = [link for link in self._links if link.holds(task.snapshot)]
            if holding:
                return next((link for link in holding if link.idle), None)
        return idle[0]

    def _start(self) -> AnsweringProcess:
        return AnsweringProcess(self._index, trust=self._trust)

    def _replace(self) -> None:
        if self._closed:
            return
        loop = asyncio.get_running_loop()
        try:
            link = _Link(self, self._start())
        except OSError as error:
            LOG.error("cannot start a process that answers requests: %s", error)
            loop.call_later(RESTART_SECONDS, self._replace)
            return
        self._links.append(link)
        connecting = loop.create_task(self._connect(link))
        self._connecting.add(connecting)
        connecting.add_done_callback(self._connecting.discard)

    async def _connect(self, link: _Link) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_unix_connection(lambda: link, sock=link.process.socket)


def _fail(task: _Task, error: Exception) -> None:
    if not task.answer.done():
        task.answer.set_exception(error)
