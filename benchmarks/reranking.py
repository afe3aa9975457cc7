"""Measure gain and cost of reranking on several judged sets; print Markdown.

    .venv/bin/python benchmarks/reranking.py RERANKER QUESTIONS NAME=INDEX,JUDGED[,QRELS] ...

RERANKER is a folder or a name that `nutgraf reranker` accepts. QUESTIONS is the number of
questions per set, which are chosen by a fixed seed. The indexes are only read. Each row is one way
to rerank. Each question is asked in all ways before the next one, so that other programs on the
machine slow down all ways equally. Times are for the complete ranking without caches: clock time,
and CPU time, which other programs affect less.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from nutgraf.index import IndexSnapshot
from nutgraf.index.models.reranker import OnnxReranker, export_reranker
from nutgraf.search import SearchRequest
from nutgraf.search.evaluation import JudgedQuestion, evaluate, read_judged
from nutgraf.search.query.builder import parse_question
from nutgraf.search.ranking import rerank
from nutgraf.search.ranking.candidates import Candidates
from nutgraf.search.ranking.rank import rank_candidates
from nutgraf.search.request.options import MAX_BUDGET, Rerank
from nutgraf.search.request.search_request import MAX_LIMIT

SEED: Final = 7

DEFAULTS: Final = {name: getattr(rerank, name) for name in ("MIN_SHARE", "WINDOW", "FUSED_WEIGHT")}

ALL: Final = {"MIN_SHARE": 0.0}
"""Options to rerank all candidates, however low their fused scores are."""

WAYS: Final[dict[str, dict[str, Any]]] = {
    "defaults": {},
    "budget 100 ms": {"budget_ms": 100},
    "no minimum share, depth 20": ALL,
    "no minimum share, depth 10": ALL | {"depth": 10},
    "no minimum share, depth 5": ALL | {"depth": 5},
    "minimum share .05 of the best": {"MIN_SHARE": 0.05},
    "minimum share .2 of the best": {"MIN_SHARE": 0.2},
    "windows of 360 characters": {"WINDOW": 360},
    "the reranker alone": {"FUSED_WEIGHT": 0.0},
}


def main(arguments: list[str]) -> None:
    """Print one row per way to rerank: nDCG@10 per set, the mean, and times."""
    if len(arguments) < 3:
        sys.exit(__doc__)
    model, most, *places = arguments
    figures: dict[str, list[float]] = {}
    times: dict[str, list[tuple[float, float]]] = {}
    names = []
    with tempfile.TemporaryDirectory() as folder:
        export_reranker(model, Path(folder) / "reranker")
        reranker = OnnxReranker.open(Path(folder) / "reranker")
        for place in places:
            name, _, files = place.partition("=")
            names.append(name)
            measure(reranker, int(most), files.split(","), figures, times)
    print(
        f"| | {' | '.join(names)} | mean | p50 ms | p50 CPU ms |\n|---|{'---|' * (len(names) + 3)}"
    )
    for way, row in figures.items():
        cells = " | ".join(f"{value:.3f}" for value in [*row, statistics.mean(row)])
        spent = np.median(times.get(way, [(0.0, 0.0)]), axis=0) * 1000
        print(f"| {way} | {cells} | {spent[0]:.0f} | {spent[1]:.0f} |")


def measure(
    reranker: OnnxReranker,
    most: int,
    files: list[str],
    figures: dict[str, list[float]],
    times: dict[str, list[tuple[float, float]]],
) -> None:
    """Measure one judged set, and add the results to `figures` and `times`."""
    questions = [one for one in read_judged(*files[1:]) if one.wanted]
    random.Random(SEED).shuffle(questions)
    questions = questions[:most]
    orders: dict[str, dict[str, list[str]]] = {}
    with ExitStack() as opened:
        snapshot = opened.enter_context(IndexSnapshot.open(files[0]))
        snapshot.warm()
        vars(snapshot)["reranker"] = reranker
        for question in questions:
            ask(snapshot, question, orders, times)
    systems = {way: found.__getitem__ for way, found in orders.items()}
    for system in evaluate(systems, questions).systems:
        figures.setdefault(system.name, []).append(system.measures["nDCG@10"].mean)


def ask(
    snapshot: IndexSnapshot,
    question: JudgedQuestion,
    orders: dict[str, dict[str, list[str]]],
    times: dict[str, list[tuple[float, float]]],
) -> None:
    """Rank one question in every way."""
    orders.setdefault("no reranking", {})[question.text] = ids(
        snapshot, *ranked(snapshot, question.text, {})[:1]
    )
    for way, options in WAYS.items():
        done, spent = ranked(snapshot, question.text, {"depth": 20, **options})
        orders.setdefault(way, {})[question.text] = ids(snapshot, done)
        times.setdefault(way, []).append(spent)


def ranked(
    snapshot: IndexSnapshot, text: str, options: dict[str, Any]
) -> tuple[Candidates, tuple[float, float]]:
    """Rank a question; return the candidates and the seconds of clock and CPU time."""
    others = {name: value for name, value in options.items() if name in DEFAULTS}
    depth, budget = options.get("depth"), options.get("budget_ms", MAX_BUDGET)
    request = SearchRequest(text, rerank=Rerank(depth, budget) if depth else False)
    question = parse_question(request.q, snapshot.multilingual_analyzer)
    with constants(others):
        started = time.perf_counter(), time.process_time()
        done = rank_candidates(snapshot, request, question)
        return done, (time.perf_counter() - started[0], time.process_time() - started[1])


@contextmanager
def constants(options: dict[str, Any]) -> Iterator[None]:
    """Replace constants of the module `rerank` temporarily."""
    vars(rerank).update(options)
    try:
        yield
    finally:
        vars(rerank).update(DEFAULTS)


def ids(snapshot: IndexSnapshot, ranked: Candidates) -> list[str]:
    rows = ranked.rows[ranked.best(MAX_LIMIT)].tolist()
    return list(dict.fromkeys(snapshot.names(rows).values()))


if __name__ == "__main__":
    main(sys.argv[1:])
