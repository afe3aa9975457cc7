"""Check upper bounds on time; print a Markdown table.

    python benchmarks/timings.py

Each bound is many times the time on an idle machine. The exit code is 1 if a time is over its
bound. Tests count work instead of time where they can.
"""

from __future__ import annotations

import io
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from statistics import median

import httpx

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index
from nutgraf.index.sources.files.decompress import Budget, DamagedError, unpacked
from nutgraf.search import Searcher, SearchRequest
from nutgraf.search.highlighting.keyword_matches import find_matches
from nutgraf.search.highlighting.snippets import make_snippet
from nutgraf.search.query.builder import parse_question
from nutgraf.search.query.understood import understand
from nutgraf.search.request.options import Highlight
from nutgraf.search.suggest.spelling import correct_spelling

Row = tuple[str, float, float]
"""A description, the measured seconds, and the bound in seconds."""

LETTERS = "abcdefghijklmnopqrst"


def main() -> int:
    """Print the table, each row as soon as it is measured; return the exit code."""
    late = 0
    print("| timing | seconds | at most |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "news.index"
        create_index(index)
        with IndexWriter(index) as writer:
            writer.put(Article("ferry", "Ferry", ("The creamery has debts, and a ferry.",)))
        for measure in (
            seen,
            answered,
            snippets,
            words_understood,
            semantic_page,
            endless,
            spelling,
            locked,
        ):
            for what, seconds, bound in measure(index):
                print(f"| {what} | {seconds:.3f} | {bound:g} |", flush=True)
                late += seconds > bound
    return int(late > 0)


def seen(index: Path) -> Iterator[Row]:
    with Searcher(index) as searcher:
        searcher.warm()
        with IndexWriter(index) as writer:
            writer.put(Article("late", "Late", ("A pangolin came late.",)))
        yield "a commit becomes visible", clock(lambda: wait_for(searcher, "pangolin")), 1.0


def wait_for(searcher: Searcher, word: str) -> None:
    while not searcher.search(word, mode="keyword").hits:
        time.sleep(0.01)


def answered(index: Path) -> Iterator[Row]:
    with serving(index) as address, httpx.Client(base_url=address) as client:
        seconds = median(clock(lambda: client.get("/healthz")) for _ in range(30))
    yield "a response of a server, median; 40 ms more if TCP delays its end", seconds, 0.03


@contextmanager
def serving(index: Path) -> Iterator[str]:
    nutgraf = Path(sys.executable).with_name("nutgraf")
    command = [nutgraf, "serve", "-i", index, "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout
        address = re.search(r"http://\S+:\d+", server.stdout.readline())
        assert address
        try:
            while True:
                with suppress(httpx.TransportError):
                    httpx.get(f"{address[0]}/healthz")
                    break
            yield address[0]
        finally:
            server.terminate()


def snippets(index: Path) -> Iterator[Row]:
    with IndexSnapshot.open(index) as snapshot:

        def snippet(text: str, question: str) -> None:
            asked = parse_question(question, snapshot.question_analyzer())
            matches = find_matches(text, asked, snapshot.analyzer(None))
            make_snippet(text, matches, "en", Highlight())

        yield "a snippet of 25,000 matches", busy(lambda: snippet("war " * 25_000, "war")), 2.0
        text = "war " + "a" * 50_000 + " " + ("a" * 64 + " ") * 500
        yield "a pattern on a long word", busy(lambda: snippet(text, "war a*a*a*b")), 1.0


def words_understood(index: Path) -> Iterator[Row]:
    request = SearchRequest("what did the minister say about ferries to sark in october 2019")
    with IndexWriter(index) as writer:
        articles = (
            Article(f"name{n}", "Name", ("Text.",), source=f"Source {n}", author=f"Author {n}")
            for n in range(1_000)
        )
        for article in articles:
            writer.put(article)
    with IndexSnapshot.open(index) as snapshot:
        understand(snapshot, request)
        seconds = median(busy(lambda: understand(snapshot, request)) for _ in range(100))
    yield "dates and names in a question of 12 words, in ms, median", 1_000 * seconds, 1.0


def semantic_page(index: Path) -> Iterator[Row]:
    words = " ".join(f"word{number}" for number in range(10_000))
    with IndexWriter(index) as writer:
        paragraphs = (words, "infants " * 12_000, "Infants. " * 11_000)
        writer.put(Article("long", "Long", paragraphs))
    with Searcher(index) as searcher:
        searcher.warm()
        question = f"babies {words[:1_500]}"
        seconds = busy(lambda: searcher.search(question, mode="semantic"))
    yield "a semantic question with hits of 33,000 words", seconds, 3.0
    with IndexWriter(index) as writer:
        writer.delete("long")


def endless(_index: Path) -> Iterator[Row]:
    empty = bytes.fromhex("28b52ffd2000010000")  # An empty zstd stream.

    def refuse() -> None:
        with suppress(DamagedError):
            unpacked(io.BytesIO(empty * 200_000), "zst", Budget(lambda: 10**9)).read()

    yield "200,000 empty compressed streams", busy(refuse), 2.0


def spelling(index: Path) -> Iterator[Row]:
    words = [f"sb{a}{b}{c}" for a in LETTERS for b in LETTERS for c in LETTERS]
    with IndexWriter(index) as writer:
        writer.put(Article("words", "Words", (" ".join(words),)))
    with IndexSnapshot.open(index) as snapshot:
        like = busy(lambda: snapshot.suggestions.words_like("sbcccx", 2))
        yield "similar words among 8,000 with the same prefix", like, 0.1
        question = parse_question("creamery debts", snapshot.question_analyzer())
        long = "creamery debts " * 2_000
        seconds = busy(lambda: correct_spelling(snapshot, long, question))
        yield "spelling correction of a question of 30,000 letters", seconds, 1.0


def locked(index: Path) -> Iterator[Row]:
    with IndexSnapshot.open(index) as snapshot:
        path = snapshot.parts / "suggestions.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")

        def commit() -> None:
            with IndexWriter(index) as writer:
                writer.put(Article("more", "More", ("Ottoline left by ferry.",)))

        yield "a commit while another process locks the suggestions", clock(commit), 5.0


def clock(action: Callable[[], object], now: Callable[[], float] = time.perf_counter) -> float:
    started = now()
    action()
    return now() - started


def busy(action: Callable[[], object]) -> float:
    """Return the CPU seconds of an action, which the load of the machine affects less."""
    return clock(action, time.process_time)


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    sys.exit(main())
