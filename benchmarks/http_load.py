"""Load a real `nutgraf serve` with questions over HTTP; print Markdown tables.

    python benchmarks/http_load.py INDEX [--seconds 5] [--questions FILE] [OPTIONS OF SERVE]

The server is a process of its own. This process only writes requests to raw sockets with
keep-alive and reads the answers, so it takes little of the machine. The first table asks distinct
questions, so that no cache hides the work; the second repeats some of them. The third sends
distinct questions at half the best rate of the first table, at fixed times, whether or not earlier
answers have come.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from typing import Final
from urllib.parse import quote

from nutgraf.search import Searcher

CLIENTS: Final = (1, 2, 4, 16, 64)
REPEATED: Final = 50
"""The number of questions that the second table repeats."""

WARM_UP_SECONDS: Final = 1.0
LENGTH: Final = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
TICKS: Final = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("index", type=Path)
    parser.add_argument("--seconds", type=float, default=5.0, help="seconds of each row")
    parser.add_argument("--questions", type=Path, help="a JSON list of texts to make questions of")
    given, options = parser.parse_known_args()
    texts = json.loads(given.questions.read_text()) if given.questions else texts_of(given.index)
    questions = distinct(texts)
    with served(given.index, options) as server:
        asyncio.run(print_tables(server, questions, given.seconds))


async def print_tables(server: Server, questions: Iterator[str], seconds: float) -> None:
    await closed_loop(server, questions, 8, WARM_UP_SECONDS)
    best = 0.0
    for title, asked in (
        ("distinct questions", questions),
        ("repeated questions", cycle([next(questions) for _ in range(REPEATED)])),
    ):
        print(f"\n| {title}, clients {HEAD}")
        for clients in CLIENTS:
            row = await closed_loop(server, asked, clients, seconds)
            print(f"| {clients} {row}", flush=True)
            if asked is questions:
                best = max(best, row.rate)
    print(f"\n| distinct questions, sent a second {HEAD}")
    row = await open_loop(server, questions, best / 2, seconds)
    print(f"| {best / 2:.0f} {row}")


HEAD: Final = (
    "| questions/s | p50 ms | p99 ms | errors | CPU ms a question |\n|---|---|---|---|---|---|"
)


@dataclass(slots=True)
class Row:
    """The seconds of each answer, and the time and CPU seconds of all together."""

    taken: list[float] = field(default_factory=list)
    errors: int = 0
    seconds: float = 0.0
    cpu: float = 0.0

    @property
    def rate(self) -> float:
        """Questions a second."""
        return len(self.taken) / self.seconds

    def __str__(self) -> str:
        taken = sorted(self.taken) or [0.0]
        p50, p99 = (1000 * taken[int(share * (len(taken) - 1))] for share in (0.5, 0.99))
        cpu = 1000 * self.cpu / max(1, len(self.taken))
        return f"| {self.rate:.0f} | {p50:.1f} | {p99:.1f} | {self.errors} | {cpu:.2f} |"


@dataclass(frozen=True, slots=True)
class Server:
    """A process of `nutgraf serve`, with the port on which it listens."""

    pid: int
    port: int

    def cpu(self) -> float:
        """Return the CPU seconds of the server and its processes so far."""
        parents, used = {}, {}
        for each in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = each.read_text().rpartition(")")[2].split()
            except OSError:  # The process has ended meanwhile.
                continue
            pid = int(each.parent.name)
            parents[pid] = int(fields[1])
            used[pid] = (int(fields[11]) + int(fields[12])) / TICKS
        ours = {self.pid}
        while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
            ours |= more
        return sum(used[pid] for pid in ours if pid in used)


class Client:
    """A connection that sends one question at a time."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def open(self) -> None:
        """Connect to the server."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def ask(self, question: str) -> bool:
        """Return whether the answer has the status 200."""
        path = f"/v1/search?q={quote(question)}"
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        await self._reader.readexactly(int(length[1]) if length else 0)
        return head.startswith(b"HTTP/1.1 200")

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()


async def closed_loop(
    server: Server, questions: Iterator[str], clients: int, seconds: float
) -> Row:
    """Let each client send its next question when it has its answer."""
    row = Row()
    opened = [Client(server.port) for _ in range(clients)]
    for client in opened:
        await client.open()
    cpu, started = server.cpu(), time.perf_counter()

    async def ask(client: Client) -> None:
        while (before := time.perf_counter()) < started + seconds:
            row.errors += not await client.ask(next(questions))
            row.taken.append(time.perf_counter() - before)

    await asyncio.gather(*map(ask, opened))
    row.seconds, row.cpu = time.perf_counter() - started, server.cpu() - cpu
    for client in opened:
        client.close()
    return row


async def open_loop(server: Server, questions: Iterator[str], rate: float, seconds: float) -> Row:
    """Send questions at random times, `rate` a second, and time them from then on."""
    row, chooser = Row(), random.Random(1)
    free: list[Client] = []
    asking = set()
    cpu, started = server.cpu(), time.perf_counter()
    due = started

    async def ask(due: float) -> None:
        if free:
            client = free.pop()
        else:
            client = Client(server.port)
            await client.open()
        row.errors += not await client.ask(next(questions))
        row.taken.append(time.perf_counter() - due)
        free.append(client)

    while due < started + seconds:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        asking.add(asyncio.create_task(ask(due)))
        due += chooser.expovariate(rate)
    await asyncio.gather(*asking)
    row.seconds, row.cpu = time.perf_counter() - started, server.cpu() - cpu
    for client in free:
        client.close()
    return row


@contextmanager
def served(index: Path, options: list[str]) -> Iterator[Server]:
    """Serve an index on a free port of the loopback address."""
    command = [Path(sys.executable).with_name("nutgraf"), "serve", "-i", index, "--port", "0"]
    process = subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        first_line = process.stdout.readline().decode() if process.stdout else ""
        address = re.search(r"http://\S+:(\d+)", first_line)
        if address is None:
            sys.exit(f"the server did not start: run {' '.join(map(str, command))} to see why")
        # The server writes a line for each request: a full pipe would stop it.
        threading.Thread(target=lambda: list(process.stdout or ()), daemon=True).start()
        yield Server(process.pid, int(address[1]))
    finally:
        process.terminate()
        process.wait(20)


def texts_of(index: Path) -> list[str]:
    """Return texts of some paragraphs."""
    with Searcher(index) as searcher:
        return [hit.paragraph.text for hit in searcher.search("", limit=100).hits]


def distinct(texts: list[str]) -> Iterator[str]:
    """Yield questions of 3 to 8 words of a text, the same questions in each run."""
    chooser, seen = random.Random(1), set()
    words = [text.split() for text in texts if len(text.split()) > 3]
    for _ in count():
        text = chooser.choice(words)
        start = chooser.randrange(len(text) - 2)
        question = " ".join(text[start : start + chooser.randint(3, 8)])
        other = chooser.choice(chooser.choice(words))
        question = f"{question} {other}" if question in seen else question
        if question not in seen:
            seen.add(question)
            yield question


if __name__ == "__main__":
    main()
