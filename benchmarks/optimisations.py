"""The plain way and the fast way to the same answers, in turns, on one index."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, Final

from peers.workload import Workload

from nutgraf.index import IndexSnapshot
from nutgraf.index.manifest import Manifest
from nutgraf.index.reader.protocol import Condition, KeywordQuery, VectorQuery
from nutgraf.index.stories.stories import Stories
from nutgraf.index.stories.texts import Texts
from nutgraf.search import SearchCache, Searcher, SearchRequest
from nutgraf.search.query.builder import read_question
from nutgraf.search.retrieval.split_paragraphs import paragraph_keywords

__all__ = ["optimisations"]

QUESTIONS: Final = 40
NEAREST: Final = 100
ALL_CLUSTERS: Final = 8.0
"""The effort with which all clusters are searched."""

BLOCK: Final = 1 << 20

Figures = dict[str, Any]
Step = Callable[[], object]


def optimisations(index: Path, workload: Workload) -> Iterator[Figures]:
    """Yield the seconds of the plain way and of the fast way, by name."""
    questions = workload.questions[:QUESTIONS]
    yield compared("read all files : open the index", [(reading(index), opening(index))])
    with IndexSnapshot.open(index) as snapshot:
        snapshot.warm()
        yield compared("find all stories : map the stored ones", [stories(snapshot)])
        if snapshot.vectors.clusters is not None:
            name = "search all clusters : the nearest ones"
            embeddings = workload.question_embeddings[:QUESTIONS]
            yield compared(name, [clusters(snapshot, each) for each in embeddings])
        name = "read the matches of words : take them from memory"
        yield compared(name, [words(snapshot, question) for question in questions])
    plain_cache = SearchCache(answers=0, embeddings=0)
    with Searcher(index, cache=plain_cache) as plain, Searcher(index, cache=SearchCache()) as fast:
        plain.warm()
        fast.warm()
        steps = [(asking(plain, question), asking(fast, question)) for question in questions]
        for _, ask in steps:
            ask()
        yield compared("answer a question : an answer from memory", steps)


def compared(name: str, pairs: list[tuple[Step, Step]]) -> Figures:
    """Return the medians of the two ways of each pair, which take turns."""
    times: tuple[list[float], list[float]] = ([], [])
    for pair in pairs:
        for step, found in zip(pair, times, strict=True):
            started = time.perf_counter()
            step()
            found.append(time.perf_counter() - started)
    return {"name": name, "plain_s": median(times[0]), "fast_s": median(times[1])}


def reading(index: Path) -> Step:
    """Return the step that reads all files of an index and computes a checksum."""

    def read() -> None:
        for path in Manifest.read(index).parts(index).rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    while block := file.read(BLOCK):
                        zlib.crc32(block)

    return read


def opening(index: Path) -> Step:
    """Return the step that opens an index, with all its parts."""

    def open_all() -> None:
        with IndexSnapshot.open(index) as snapshot:
            snapshot.warm()

    return open_all


def stories(snapshot: IndexSnapshot) -> tuple[Step, Step]:
    """Return the steps that find all stories, and that take them from their file."""

    def stored() -> None:
        with IndexSnapshot.open(snapshot.path) as fresh:
            fresh.stories  # noqa: B018

    return lambda: Stories.find(Texts.of(snapshot.columns, snapshot.ranked)), stored


def clusters(snapshot: IndexSnapshot, embedding: Any) -> tuple[Step, Step]:
    """Return the steps of two efforts for a vector ranking."""

    def rank(effort: float) -> object:
        return snapshot.retrieve([VectorQuery(embedding, NEAREST, Condition(), effort)])

    return lambda: rank(ALL_CLUSTERS), lambda: rank(1.0)


def words(snapshot: IndexSnapshot, text: str) -> tuple[Step, Step]:
    """Return the steps of a keyword ranking whose words are not, or are, in memory."""
    question = read_question(snapshot, SearchRequest(text))
    asked = KeywordQuery(paragraph_keywords(snapshot, question), Condition())

    def rank() -> object:
        return snapshot.retrieve([asked])

    def rank_anew() -> object:
        snapshot.keywords.close()  # It drops the matches in memory, and answers as before.
        return rank()

    return rank_anew, rank


def asking(searcher: Searcher, question: str) -> Step:
    """Return the step that asks a question."""
    return lambda: searcher.search(question)
