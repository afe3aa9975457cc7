"""Measure an index: in process, in a shell, over HTTP, its size, its recall."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
from figures import exact_scores, mean_recall, percentiles
from numpy.typing import NDArray
from optimisations import optimisations
from peers.workload import Workload

from nutgraf.index import IndexSnapshot
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.encoder import OnnxEncoder
from nutgraf.index.reader.protocol import VectorQuery
from nutgraf.index.storage.layout import ENCODER, parts_folder
from nutgraf.search import Filters, Searcher
from nutgraf.search.retrieval.filters import condition_of

__all__ = ["measure_index"]

NEAREST: Final = 100
DEPTH: Final = 120
"""The rows that are asked for: a long paragraph has several."""

SHARES: Final = (0.5, 0.05, 0.005, 0.0005)
"""The shares of paragraphs that the filters leave."""

FILTER_QUESTIONS: Final = 50
WARM_UP: Final = 10
COLD_RUNS: Final = 5
SECONDS: Final = 60.0
LEAST: Final = 30
ENCODED: Final = 200

WAYS: Final[Mapping[str, Mapping[str, Any]]] = {
    "keyword": {"mode": "keyword"},
    "semantic": {"mode": "semantic"},
    "hybrid": {},
    "hybrid by article": {"group": "article"},
    "hybrid, two facets": {"facets": ("section", "published:year")},
}
"""The ways to ask, with their options of a search."""

RUN_ALONE: Final = Path(__file__).parent / "run_alone.py"
HTTP_LOAD: Final = Path(__file__).parent / "http_load.py"


def measure_index(index: Path, workload: Workload, *, is_drawn: bool) -> dict[str, Any]:
    """Return all figures of an index that was built from a workload.

    The embeddings of a drawn one are not exactly those of its texts, and verify says so.
    """
    figures: dict[str, Any] = {"parts": size_of_parts(index)}
    print("  in a shell", flush=True)
    figures["cold"] = cold_search(index, workload.questions[0])
    print("  in process", flush=True)
    figures["in_process"] = dict(in_process(index, workload.questions))
    print("  under filters", flush=True)
    figures["filters"] = list(under_filters(index, workload))
    print("  the plain ways", flush=True)
    figures["optimisations"] = list(optimisations(index, workload))
    print("  the encoder alone", flush=True)
    figures["encoder"] = encoder_alone(index, workload)
    print("  verify", flush=True)
    figures["verify"] = run_command("verify", "-i", str(index), code=int(is_drawn))
    print("  over HTTP", flush=True)
    figures["http"] = over_http(index, workload)
    return figures


def size_of_parts(index: Path) -> dict[str, int]:
    """Return the bytes of each part of an index; the logs of a database count with it."""
    folder = parts_folder(index, Manifest.read(index).generation)
    sizes: dict[str, int] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            part = re.sub(r"-(wal|shm)$", "", path.relative_to(folder).parts[0])
            sizes[part] = sizes.get(part, 0) + path.stat().st_size
    return dict(sorted(sizes.items(), key=lambda part: -part[1]))


def cold_search(index: Path, question: str) -> dict[str, float]:
    """Run `nutgraf search` in new processes; files may be in the cache of the system."""
    runs = [run_command("search", question, "-i", str(index)) for _ in range(COLD_RUNS + 1)][1:]
    return {name: median(run[name] for run in runs) for name in runs[0]}


def run_command(*arguments: str, code: int = 0) -> dict[str, float]:
    """Run nutgraf; return its seconds, its CPU seconds and its highest memory.

    Raises RuntimeError if the exit code is not `code`.
    """
    nutgraf = str(Path(sys.executable).with_name("nutgraf"))
    command = [sys.executable, str(RUN_ALONE), nutgraf, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != code:
        raise RuntimeError(f"nutgraf {arguments[0]} failed: {done.stderr[-500:]}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def in_process(index: Path, questions: list[str]) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield the times of complete answers, with encoding and snippets."""
    with Searcher(index) as searcher:
        searcher.warm()
        for way, options in WAYS.items():
            yield way, asked(lambda text: searcher.search(text, **options), questions)  # noqa: B023
    with IndexSnapshot.open(index) as snapshot:
        yield "encoding alone", asked(snapshot.encode, questions)


def asked(answer: Callable[[str], object], questions: list[str]) -> dict[str, float]:
    """Ask each question once; return percentiles in milliseconds, and CPU time."""
    for question in questions[-WARM_UP:]:
        answer(question + " today")  # Another question, so that no cache has the answer later.
    times: list[float] = []
    began, cpu = time.perf_counter(), time.process_time()
    for question in questions:
        if len(times) >= LEAST and time.perf_counter() - began > SECONDS:
            break
        started = time.perf_counter()
        answer(question)
        times.append((time.perf_counter() - started) * 1e3)
    spent = (time.process_time() - cpu) * 1e3 / len(times)
    return {**percentiles(times), "cpu_ms": spent, "questions": len(times)}


def under_filters(index: Path, workload: Workload) -> Iterator[dict[str, float]]:
    """Yield recall and time of the vector ranking of the newest articles."""
    published = {each["id"]: each.get("published", "") for each in workload.articles()}
    names = [paragraph.name for paragraph in workload.paragraphs()]
    numbers = {name: number for number, name in enumerate(names)}
    dates = [published[name.rpartition("#")[0]] for name in names]
    if not all(dates):
        return
    questions = workload.question_embeddings[:FILTER_QUESTIONS]
    scores = exact_scores(workload.embeddings, questions)
    order = sorted(dates, reverse=True)
    with IndexSnapshot.open(index) as snapshot:
        snapshot.warm()
        # In a small index, the newest articles can all have one date.
        firsts = [order[max(1, round(share * len(order))) - 1] for share in SHARES]
        for first in dict.fromkeys(firsts):
            meant = np.array([date >= first for date in dates])
            filters = Filters(published_from=first)
            condition = condition_of(snapshot, filters, now=datetime.now(UTC))
            found, times = [], []
            for question in questions:
                started = time.perf_counter()
                ranking = snapshot.retrieve([VectorQuery(question, DEPTH, condition)]).rankings[0]
                times.append((time.perf_counter() - started) * 1e3)
                named = snapshot.names(ranking.rows.tolist()).values()
                found.append([numbers[name] for name in dict.fromkeys(named)])
            allowed = np.where(meant, scores, np.float32(-np.inf))
            recall = mean_recall(allowed, found, NEAREST)
            yield {"share": float(meant.mean()), "recall": recall, **percentiles(times)}


def encoder_alone(index: Path, workload: Workload) -> dict[str, float]:
    """Return the paragraphs per second of the encoder on all cores."""
    encoder = OnnxEncoder.open(Manifest.read(index).parts(index) / ENCODER)
    step = max(1, len(workload.embeddings) // ENCODED)
    texts = [one.text for at, one in enumerate(workload.paragraphs()) if at % step == 0]
    encoder.encode_paragraphs(texts[:20])
    started = time.perf_counter()
    encoder.encode_paragraphs(texts)
    seconds = time.perf_counter() - started
    letters: NDArray[np.int64] = np.array([len(text) for text in texts])
    return {"per_s": len(texts) / seconds, "characters": float(letters.mean())}


def over_http(index: Path, workload: Workload) -> list[dict[str, Any]] | None:
    """Return the rows that the load over HTTP prints, None if it is not there."""
    if not HTTP_LOAD.exists():
        return None
    questions = str(workload.folder / "questions.json")
    command = [sys.executable, str(HTTP_LOAD), str(index), "--questions", questions]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return [{"what": "over HTTP", "at": f"failed: {done.stderr.strip().splitlines()[-1]}"}]
    return list(table_rows(done.stdout))


def table_rows(text: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of Markdown tables: the first column, and values by column."""
    head: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            head = []
        elif not head:
            head = cells
        elif not set(line) <= set("|- "):
            yield {"what": head[0], "at": cells[0], **dict(zip(head[1:], cells[1:], strict=True))}
