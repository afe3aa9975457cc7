"""Making clusters: k-means on a sample, then a list of rows for each centroid.

Clusters are made beside the live index, from rows that never change. They need no write
lock. One rename puts them into use, so a killed process leaves at most files without use.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.models.cpus import usable_cpus
from nutgraf.index.storage.derived import PARTIAL, lock_folder, remove_others
from nutgraf.index.storage.failpoint import failpoint
from nutgraf.index.storage.files import disk_full, is_full, sync
from nutgraf.index.vectors.clusters import ClusterRecord, Clusters, list_checksum
from nutgraf.index.vectors.rows import VectorRows
from nutgraf.index.vectors.threads import faiss_threads

__all__ = ["FIRST_ROWS", "NEW_ROWS", "is_due", "make_clusters"]

FIRST_ROWS: Final = 50_000
"""The number of rows from which an index has clusters.

Below that, an exact search takes less than 3 ms.
"""

NEW_ROWS: Final = 16_384
"""The number of rows outside the clusters at which they are added to the clusters.

An exact search of so many rows takes about 1 ms.
"""

GROWTH: Final = 2
"""The growth of an index after which the centroids are computed again."""

PER_ROOT: Final = 2
"""The number of clusters, as a multiple of the square root of the number of rows.

With twice as many clusters, training takes 4 times as long and finds the same rows in the
same time.
"""

SAMPLED: Final = 32
"""The number of rows for each centroid in the sample for k-means."""

ITERATIONS: Final = 8
"""The iterations of k-means. More iterations hardly change the recall."""

_COMPARED: Final = 1_000
"""The number of centroids whose scores are compared."""

_BLOCK: Final = 16_384
"""The number of embeddings in memory at a time, 25 MB."""

_SEED: Final = 2026

SUFFIX: Final = ".faiss"


def is_due(rows: int, current: ClusterRecord | None) -> bool:
    """Return whether clusters should be made for an index with `rows` rows.

    `current` describes the clusters of the index, None if it has none.
    """
    if current is None:
        return rows >= FIRST_ROWS
    return rows - current.rows >= NEW_ROWS


def make_clusters(folder: Path, path: Path, dimension: int, rows: int) -> None:
    """Put the first `rows` rows of rows.i8 at `path` into the clusters in `folder`.

    If the index has grown enough, centroids are computed; otherwise the new rows are added
    to the existing clusters. Returns without a change if another process makes clusters.
    The memory is about 70 bytes a row, and 100 MB. Raises BrokenIndexError if a row is
    damaged, and DiskFullError if the disk is full.
    """
    with lock_folder(folder) as is_held:
        if not is_held:
            return
        source = VectorRows(path, dimension, rows)
        current = _usable(folder, source)
        if current is not None and current.rows == rows:
            return
        if current is None or rows >= GROWTH * current.trained:
            index, trained, first = _trained(source), rows, 0
        else:
            index, trained, first = _read(folder / current.file), current.trained, current.rows
        failpoint("cluster", "trained")
        _add(index, source, first)
        _write(folder, index, source, trained)


def _trained(source: VectorRows) -> Any:
    """Return an index without rows, with the centroids of a sample of the rows."""
    clusters = max(1, int(PER_ROOT * len(source) ** 0.5))
    count = min(len(source), SAMPLED * clusters)
    chosen = np.random.default_rng(_SEED).choice(len(source), count, replace=False)
    sample = source.embeddings(np.sort(chosen))
    sample = sample[sample.any(axis=1)]
    clusters = min(clusters, max(1, len(sample)))
    wrapped: Any = faiss
    means = wrapped.Kmeans(
        source.dimension,
        clusters,
        niter=ITERATIONS,
        seed=_SEED,
        min_points_per_centroid=1,
        max_points_per_centroid=SAMPLED,
    )
    with faiss_threads(usable_cpus()):
        means.train(sample)
        # By inner product, the clusters with the highest scores are searched first.
        centroids = faiss.IndexFlatIP(source.dimension)
        centroids.add(means.centroids)
        index = wrapped.IndexIVFRaBitQ(
            centroids, source.dimension, clusters, faiss.METRIC_INNER_PRODUCT
        )
        index.train(sample)
    return index


def _read(path: Path) -> Any:
    wrapped: Any = faiss
    return wrapped.read_index(str(path))


def _add(index: Any, source: VectorRows, first: int) -> None:
    """Add the rows from `first` on, each to the list of its nearest centroid.

    Rows of zeros are left out: they are boilerplate.
    """
    wrapped: Any = faiss
    nearest = faiss.IndexFlatL2(source.dimension)
    nearest.add(index.quantizer.reconstruct_n(0, index.nlist))
    with faiss_threads(usable_cpus()):
        for rows in _blocks(first, len(source)):
            embeddings = source.embeddings(rows)
            kept = embeddings.any(axis=1)
            embeddings, numbers = np.ascontiguousarray(embeddings[kept]), rows[kept]
            if not len(numbers):
                continue
            _, lists = nearest.search(embeddings, 1)
            lists = np.ascontiguousarray(lists[:, 0])
            index.add_core(len(numbers), *map(wrapped.swig_ptr, (embeddings, numbers, lists)))
            failpoint("cluster", "assigned")


def _write(folder: Path, index: Any, source: VectorRows, trained: int) -> None:
    rows = len(source)
    path = folder / f"{rows}-{trained}{SUFFIX}"
    # Readers may have mapped a file with this name.
    partial = path.with_suffix(PARTIAL)
    try:
        partial.open("wb").close()  # FAISS tells no error number if it cannot create a file.
        faiss.write_index(index, str(partial))
        sync(partial)
    except (RuntimeError, OSError) as error:
        partial.unlink(missing_ok=True)
        if is_full(error):
            raise disk_full(path) from error
        raise
    partial.replace(path)
    sync(folder)
    failpoint("cluster", "written")
    lists = range(index.nlist)
    content = sum(index.invlists.list_size(each) for each in lists) * (index.code_size + 8)
    head = path.stat().st_size - content
    with path.open("rb") as file:
        checksum = zlib.crc32(file.read(head))
    checksums = tuple(list_checksum(index, each) for each in lists)
    sample = source.sample_checksum(rows)
    spread = _spread(index)
    ClusterRecord(path.name, rows, sample, trained, spread, head, checksum, checksums).write(folder)
    failpoint("cluster", "swapped")
    remove_others(folder, path.name, SUFFIX)


def _spread(index: Any) -> float:
    """Return the standard deviation of the scores of centroids with one another."""
    step = max(1, index.nlist // _COMPARED)
    centroids = index.quantizer.reconstruct_n(0, index.nlist)[::step]
    return float((centroids @ centroids.T).std())


def _usable(folder: Path, source: VectorRows) -> ClusterRecord | None:
    """Return the record of the clusters.

    Return None if they are missing or damaged, or have other rows.
    """
    try:
        opened = Clusters.open(folder)
    except BrokenIndexError:
        return None
    if opened is None or not opened.record.is_of(source) or opened.check():
        return None
    return opened.record


def _blocks(first: int, stop: int) -> Iterator[NDArray[np.int64]]:
    for start in range(first, stop, _BLOCK):
        yield np.arange(start, min(start + _BLOCK, stop))
