"""Read files in worker processes, so that the encoder never waits for files.

Each of n workers reads every n-th file, and sends the items to the process that
indexes. Items are yielded in the order of the files, so the number of workers
does not change the result.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from typing import Final

from nutgraf.index.article import Article
from nutgraf.index.errors import WorkerError
from nutgraf.index.models.cpus import usable_cpus
from nutgraf.index.prepared import Prepared, article_in
from nutgraf.index.sources.captures import newest_captures
from nutgraf.index.sources.items import (
    Flagged,
    Item,
    OnBytes,
    ReadOptions,
    Rejected,
    Skipped,
    UnknownFields,
)
from nutgraf.index.sources.read import STANDARD_INPUT, SourceFile, find_files, read_file
from nutgraf.index.sources.worker import Worker, failure_message
from nutgraf.index.sources.worker_main import fault_of

__all__ = ["Found", "read_found", "read_sources", "workers_for"]

MIN_BYTES_FOR_WORKERS: Final = 2_000_000
"""Smallest total size of files for which workers are started.

To start a worker takes as long as to read this number of bytes.
"""

MAX_WORKERS: Final = 8
"""Largest number of workers.

Each worker needs 80 MB of memory, or 160 MB if it detects languages.
"""

QUEUED_FILES: Final = 64
"""Largest number of files in the queue of a worker.

Many files contain only one article, so the queue is long.
"""

QUEUED_CHARACTERS: Final = 32_000_000
"""Number of characters that all workers together can read ahead.

They are about 60,000 paragraphs, and take 80 MB. So two workers go on while the writer commits,
which takes as long as they need for so many.
"""

Found = SourceFile | Rejected | Skipped
"""A result of `find_files`."""


def workers_for(size: int | None) -> int:
    """Return the number of workers to read `size` bytes.

    The number is 0 if `size` is unknown, or too small for workers.
    """
    return (
        min(usable_cpus(), MAX_WORKERS) if size is not None and size >= MIN_BYTES_FOR_WORKERS else 0
    )


def read_found(
    found: Iterable[Found],
    on_bytes: OnBytes,
    options: ReadOptions,
    workers: int = 0,
    *,
    prepare: bool = False,
) -> Generator[Item | Skipped | Prepared]:
    """Yield the items of `read_file` for each file, in the order of `found`.

    `workers` is the number of worker processes. If it is 0, all files are read in
    this process. Standard input is always read in this process. The workers stop
    when the iterator ends or is closed. If `prepare` is true, the workers prepare
    articles for a writer. `on_bytes` counts bytes when their items are yielded,
    not when a worker reads ahead. Raises WorkerError, with the name of the file,
    if a worker or a reader fails.
    """
    started: list[Worker] = []
    queued = QUEUED_CHARACTERS // max(workers, 1)
    start = partial(Worker, options, queued, prepare=prepare)
    try:
        for item, worker in _distributed(found, start, started, workers):
            if worker is not None:
                yield from worker.read(on_bytes)
            elif isinstance(item, SourceFile):
                yield from _read_here(item, on_bytes, options)
            else:
                yield item
    finally:
        for one in started:
            one.stop()
        for one in started:
            one.join()


def read_sources(
    sources: Iterable[str],
    on_bytes: OnBytes = lambda _: None,
    options: ReadOptions = ReadOptions(),  # noqa: B008 - frozen
) -> Iterator[Article | Rejected | Skipped | Flagged]:
    """Yield the articles of files, folders and standard input, and reports.

    Folders include their subfolders. Hidden files and folders are skipped. The
    source "-" is JSONL on standard input, which may be compressed. All files are
    read in this process. Raises WorkerError if a reader fails.
    """
    for item in newest_captures(read_found(find_files(sources), on_bytes, options)):
        if not isinstance(item, UnknownFields):
            yield article_in(item) if isinstance(item, Prepared) else item


def _read_here(
    source: SourceFile, on_bytes: OnBytes, options: ReadOptions
) -> Iterator[Item | Skipped]:
    try:
        yield from read_file(source, on_bytes, options)
    except Exception as error:
        raise WorkerError(failure_message(source.path, fault_of(error)), source.path) from error


def _distributed(
    found: Iterable[Found], start: Callable[[], Worker], started: list[Worker], workers: int
) -> Iterator[tuple[Found, Worker | None]]:
    """Yield the items of `found` in order, each with the worker that reads it.

    The worker is None for a report, and for a file that this process reads. A file
    is sent to its worker before it is yielded, so that workers can read ahead. A
    worker is started when there is a file for it, and is added to `started`.
    """
    ahead: deque[tuple[Found, Worker | None]] = deque()
    files = 0
    for item in found:
        worker = None
        if workers and isinstance(item, SourceFile) and item.path != STANDARD_INPUT:
            if len(started) < workers:
                started.append(start())
            worker = started[files % workers]
            worker.tell(item)
            files += 1
        ahead.append((item, worker))
        if len(ahead) > QUEUED_FILES * len(started):
            yield ahead.popleft()
    yield from ahead
