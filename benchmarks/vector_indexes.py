"""Compare approximate vector indexes of FAISS on the embeddings of an index.

    python benchmarks/vector_indexes.py news.index questions.jsonl

The second file has one question a line, as {"text": ...} or {"question": ...}. Each kind is
built from the embeddings of the index, and its 1,000 best rows get exact scores, as
Nutgraf does it. Recall is the share of the 100 nearest rows by exact float32 products
that are among the 100 best rows. Times are of one thread. benchmarks/vector_indexes.md has
the tables.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from nutgraf.index import IndexSnapshot

DEPTH: Final = 100
RESCORED: Final = 1_000
QUESTIONS: Final = 200
HNSW_ROWS: Final = 200_000
"""Above this number of rows, HNSW takes hours on 2 cores."""

INNER: Final = faiss.METRIC_INNER_PRODUCT
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of index, and the ways to search it: a name and search parameters."""

    name: str
    make: Callable[[Matrix], Any]
    ways: tuple[tuple[str, Any], ...]


def main(index: Path, questions: Path) -> None:
    """Print a Markdown table."""
    with IndexSnapshot.open(index) as snapshot:
        rows = snapshot.embeddings(np.arange(snapshot.commit.rows))
        asked = np.stack([snapshot.encode(text) for text in texts_of(questions)[:QUESTIONS]])
    nearest = np.stack([np.argsort(-(rows @ one), kind="stable")[:DEPTH] for one in asked])
    print(f"{len(rows):,} rows, {len(asked)} questions\n")
    print(
        "| index | search | build, s of CPU | bytes a row | ms, p50 | p99 | recall@100 | worst 5% |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for kind in kinds(len(rows), rows.shape[1]):
        faiss.omp_set_num_threads(2)
        started = time.process_time()
        made = kind.make(rows)
        seconds = time.process_time() - started
        faiss.omp_set_num_threads(1)
        size = size_of(made) / len(rows)
        for name, parameters in kind.ways:
            times, shares = search(made, parameters, rows, asked, nearest)
            p50, p99 = np.percentile(times, [50, 99]) * 1e3
            print(
                f"| {kind.name} | {name} | {seconds:.1f} | {size:.0f} | {p50:.2f} | {p99:.2f} "
                f"| {np.mean(shares):.3f} | {np.percentile(shares, 5):.2f} |",
                flush=True,
            )


def texts_of(path: Path) -> list[str]:
    lines = map(json.loads, path.read_text("utf-8").splitlines())
    return [line.get("text") or line["question"] for line in lines]


def kinds(rows: int, dimension: int) -> Iterator[Kind]:
    wrapped: Any = faiss
    lists = int(2 * rows**0.5)

    def inverted(make: Callable[[Any], Any]) -> Callable[[Matrix], Any]:
        def build(embeddings: Matrix) -> Any:
            count = min(len(embeddings), 32 * lists)
            chosen = np.random.default_rng(1).choice(len(embeddings), count, replace=False)
            means = wrapped.Kmeans(dimension, lists, niter=8, seed=1, min_points_per_centroid=1)
            means.train(embeddings[chosen])
            centroids = faiss.IndexFlatIP(dimension)
            centroids.add(means.centroids)
            made = make(centroids)
            made.train(embeddings[chosen])
            made.add(embeddings)
            return made

        return build

    def probes(parameters: Callable[..., Any]) -> tuple[tuple[str, Any], ...]:
        shares = (16, 8, 4, 2)
        return tuple(
            (f"1/{share} of {lists} lists", parameters(nprobe=max(1, lists // share)))
            for share in shares
        )

    def one_bit(nprobe: int) -> Any:
        return wrapped.IVFRaBitQSearchParameters(nprobe=nprobe, qb=4, centered=False)

    def plain(nprobe: int) -> Any:
        return wrapped.SearchParametersIVF(nprobe=nprobe)

    def quantised(kind: int) -> Callable[[Any], Any]:
        return lambda centroids: wrapped.IndexIVFScalarQuantizer(
            centroids, dimension, lists, kind, INNER
        )

    yield Kind(
        "IVF, RaBitQ (1 bit)",
        inverted(lambda centroids: wrapped.IndexIVFRaBitQ(centroids, dimension, lists, INNER)),
        probes(one_bit),
    )
    yield Kind(
        "IVF, PQ 96 x 4 bit, fast scan",
        inverted(
            lambda centroids: wrapped.IndexIVFPQFastScan(
                centroids, dimension, lists, dimension // 4, 4, INNER
            )
        ),
        probes(plain),
    )
    yield Kind("IVF, SQ 4 bit", inverted(quantised(faiss.ScalarQuantizer.QT_4bit)), probes(plain))
    yield Kind("IVF, SQ 8 bit", inverted(quantised(faiss.ScalarQuantizer.QT_8bit)), probes(plain))
    if rows <= HNSW_ROWS:

        def graph(embeddings: Matrix) -> Any:
            made = wrapped.IndexHNSWSQ(dimension, faiss.ScalarQuantizer.QT_8bit, 32, INNER)
            made.train(embeddings[:: max(1, len(embeddings) // 20_000)])
            made.add(embeddings)
            return made

        ways = tuple(
            (f"efSearch {ef}", wrapped.SearchParametersHNSW(efSearch=ef)) for ef in (128, 256, 512)
        )
        yield Kind("HNSW 32, SQ 8 bit", graph, ways)


def search(
    made: Any, parameters: Any, rows: Matrix, asked: Matrix, nearest: NDArray[np.int64]
) -> tuple[list[float], list[float]]:
    """Return the seconds and the recall of each question."""
    times, shares = [], []
    for question, best in zip(asked, nearest, strict=True):
        started = time.perf_counter()
        _, found = made.search(question[None, :], RESCORED, params=parameters)
        near = found[0][found[0] >= 0]
        scores = rows[near] @ question
        shown = near[np.argsort(-scores)[:DEPTH]]
        times.append(time.perf_counter() - started)
        shares.append(len(np.intersect1d(shown, best)) / DEPTH)
    return times, shares


def size_of(made: Any) -> int:
    with tempfile.NamedTemporaryFile() as file:
        faiss.write_index(made, file.name)
        return Path(file.name).stat().st_size


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
