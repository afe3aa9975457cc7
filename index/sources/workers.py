"""Read files in worker processes, so that the encoder never waits for files.

Each of n workers reads every n-th file, and sends the items to the process that
indexes. Items are yielded in the order of the files, so the number of workers
does not change the result. A worker reads at most QUEUED_CHARACTERS characters
ahead. A worker also detects the language of articles, and can prepare articles
for a writer.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Final

from nutgraf.index.analysis.language_detection import with_language
from nutgraf.index.article import Article
from nutgraf.index.errors import WorkerError
from nutgraf.index.models.cpus import usable_cpus
from nutgraf.index.prepared import Prepared, Preparer, article_in
from nutgraf.index.sources.captures import newest_captures
from nutgraf.index.sources.items import (
    Capture,
    Flagged,
    Item,
    OnBytes,
    ReadOptions,
    Rejected,
    Skipped,
    UnknownFields,
)
from nutgraf.index.sources.read import STANDARD_INPUT, SourceFile, find_files, read_file

__all__ = ["Found", "read_found", "read_sources", "workers_for"]

MIN_BYTES_FOR_WORKERS: Final = 2_000_000
"""Smallest total size of files for which workers are started.

To start a worker takes as long as to read this number of bytes.
"""

MAX_WORKERS: Final = 8
"""Largest number of workers.

Each worker needs 60 MB of memory, or 140 MB if it detects languages.
"""

QUEUED_FILES: Final = 64
"""Largest number of files in the queue of a worker.

Many files contain only one article, so the queue is long.
"""

QUEUED_CHARACTERS: Final = 4_000_000
"""Number of characters that a worker can read ahead.

They are about 10,000 paragraphs, and the encoder needs about 40 s for them.
"""

STOP_SECONDS: Final = 5.0
"""Seconds to wait for the exit code of a worker."""

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
"""Signals that ask a process to stop."""


@dataclass(frozen=True, slots=True)
class _End:
    """The last message about a file.

    `fault` is the error that stopped the reader, or None if there was no error.
    """

    fault: str | None = None


_Sent = Item | Skipped | Prepared | int | _End
"""A message from a worker; an int is a number of bytes that were read."""


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
    readers: list[_Reader] = []
    try:
        for item, reader in _distributed(
            found, partial(_Reader, options, prepare=prepare), readers, workers
        ):
            if reader is not None:
                yield from reader.read(on_bytes)
            elif isinstance(item, SourceFile):
                yield from _read_here(item, on_bytes, options)
            else:
                yield item
    finally:
        for one in readers:
            one.stop()
        for one in readers:
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
        raise WorkerError(_failure_message(source.path, _fault(error)), source.path) from error


def _failure_message(path: str, fault: str) -> str:
    return f"{path} could not be read: {fault}; this is a bug in Nutgraf, report it"


def _fault(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _distributed(
    found: Iterable[Found], start: Callable[[], _Reader], readers: list[_Reader], workers: int
) -> Iterator[tuple[Found, _Reader | None]]:
    """Yield the items of `found` in order, each with the worker that reads it.

    The worker is None for a report, and for a file that this process reads. A file
    is sent to its worker before it is yielded, so that workers can read ahead. A
    worker is started when there is a file for it, and is added to `readers`.
    """
    ahead: deque[tuple[Found, _Reader | None]] = deque()
    files = 0
    for item in found:
        reader = None
        if workers and isinstance(item, SourceFile) and item.path != STANDARD_INPUT:
            if len(readers) < workers:
                readers.append(start())
            reader = readers[files % workers]
            reader.tell(item)
            files += 1
        ahead.append((item, reader))
        if len(ahead) > QUEUED_FILES * len(readers):
            yield ahead.popleft()
    yield from ahead


class _Reader:
    """A worker process; the process that indexes uses this class to control it."""

    def __init__(self, options: ReadOptions, *, prepare: bool) -> None:
        self._told: deque[str] = deque()
        # Not fork: it would copy locks that threads of the encoder or of tantivy hold now.
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_work,
            args=(theirs, options),
            kwargs={"prepare": prepare},
            name="nutgraf-reader",
            daemon=True,
        )
        with _uninterrupted():
            self._process.start()
        theirs.close()  # Otherwise recv() would not raise EOFError when the worker ends.

    def tell(self, source: SourceFile) -> None:
        """Send a file to the worker."""
        self._told.append(source.path)
        with suppress(OSError):  # If the worker has ended, `read` raises WorkerError.
            self._connection.send(source)

    def read(self, on_bytes: OnBytes) -> Iterator[Item | Skipped | Prepared]:
        """Yield the items of the next file in the queue.

        Raises WorkerError if the worker has ended or the reader of the file failed.
        """
        path = self._told.popleft()
        while True:
            try:
                sent: _Sent = self._connection.recv()
            except (EOFError, OSError):
                raise WorkerError(self._exit_reason(path), path) from None
            if isinstance(sent, int):
                on_bytes(sent)
            elif isinstance(sent, _End):
                if sent.fault is not None:
                    raise WorkerError(_failure_message(path, sent.fault), path)
                return
            else:
                yield sent

    def stop(self) -> None:
        """Stop the worker."""
        self._connection.close()
        self._process.kill()

    def join(self) -> None:
        """Wait until the worker has ended."""
        self._process.join()

    def _exit_reason(self, path: str) -> str:
        self._process.join(STOP_SECONDS)
        code = self._process.exitcode or 0
        how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
        return (
            f"the process that read {path} {how}; earlier commits are safe; if memory was short, "
            "split that file or omit it"
        )


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Block STOP_SIGNALS in processes that are started in this context.

    A terminal or a service manager sends these signals to all processes of the
    group. Only the process that indexes must react, because it stops the workers.
    """
    # Starting the resource tracker unblocks the signals, so start it before they are blocked.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(
    connection: Connection[_Sent, SourceFile], options: ReadOptions, *, prepare: bool
) -> None:
    """Read the received files and send their items, until the connection closes."""
    outbox = _Outbox(connection)
    finish = partial(_finished, preparer=Preparer() if prepare else None)
    inbox: SimpleQueue[SourceFile] = SimpleQueue()
    # A thread receives files, so that their sender never blocks. While the sender blocks, it
    # cannot receive items.
    threading.Thread(target=_receive, args=(connection, inbox), daemon=True).start()
    while True:
        try:
            for item in read_file(inbox.get(), outbox.put, options):
                outbox.put(finish(item))
        except Exception as error:  # noqa: BLE001 - all errors are sent
            outbox.put(_End(_fault(error)))
        else:
            outbox.put(_End())


def _receive(connection: Connection[_Sent, SourceFile], inbox: SimpleQueue[SourceFile]) -> None:
    while True:
        try:
            inbox.put(connection.recv())
        except (EOFError, OSError):
            os._exit(0)  # The connection is closed: no more items are needed.


def _finished(item: Item | Skipped, preparer: Preparer | None) -> Item | Skipped | Prepared:
    """Detect the language of an article as a writer would, and prepare the article.

    If `preparer` is None, articles are not prepared. Reports are unchanged.
    """
    if isinstance(item, Capture):  # Not prepared: only the newest of several copies is indexed.
        return replace(item, article=with_language(item.article))
    if not isinstance(item, Article):
        return item
    article = with_language(item)
    return article if preparer is None else preparer.prepare(article)


class _Outbox:
    """A queue of items, and a thread that sends the items.

    The queue is full when it holds QUEUED_CHARACTERS characters.
    """

    def __init__(self, connection: Connection[_Sent, SourceFile]) -> None:
        self._connection = connection
        self._waiting: deque[tuple[_Sent, int]] = deque()
        self._size = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._send, daemon=True).start()

    def put(self, item: _Sent) -> None:
        """Queue an item; wait while the queue is full."""
        size = _size(item)
        with self._changed:
            self._changed.wait_for(lambda: self._size < QUEUED_CHARACTERS)
            self._waiting.append((item, size))
            self._size += size
            self._changed.notify_all()

    def _send(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                item, size = self._waiting[0]
            try:
                self._connection.send(item)
            except OSError:
                os._exit(0)  # The receiver has closed the connection.
            with self._changed:
                self._waiting.popleft()
                self._size -= size
                self._changed.notify_all()


def _size(item: _Sent) -> int:
    """Return the approximate size of an item, in characters."""
    article = item.article if isinstance(item, Capture | Prepared) else item
    beside = len(item.phrases) if isinstance(item, Prepared) else 0
    return 100 + beside + (sum(map(len, article.paragraphs)) if isinstance(article, Article) else 0)
