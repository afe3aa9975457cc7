"""Read files in worker processes, so that the encoder never waits for them.

Each of n workers reads every n-th file and sends its items. Items are yielded
in the order of the files, so the number of workers does not change the result.
Reading ahead is limited, in characters. A worker also detects the language of
articles, and can prepare them for a writer.
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
)
from nutgraf.index.sources.read import STANDARD_INPUT, SourceFile, find_files, read_file

__all__ = ["Found", "read_found", "read_sources", "workers_for"]

MIN_BYTES_FOR_WORKERS: Final = 2_000_000
"""Smallest total size for workers: to start one takes as long as to read it."""

MAX_WORKERS: Final = 8
"""Most workers: each needs 60 MB of memory, or 140 MB to detect languages."""

QUEUED_FILES: Final = 64
"""Files in the queue of a worker: many files contain one article only."""

QUEUED_CHARACTERS: Final = 4_000_000
"""Characters that a worker reads ahead: 10,000 paragraphs, about 40 s of encoding."""

STOP_SECONDS: Final = 5.0
"""Seconds to wait for the exit code of a worker."""

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
"""Signals that ask a process to stop."""


@dataclass(frozen=True, slots=True)
class _End:
    """The end of a file; `fault` is the error that stopped its reader, if any."""

    fault: str | None = None


_Sent = Item | Skipped | Prepared | int | _End
"""A message of a worker; an int is the number of bytes that were read."""


Found = SourceFile | Rejected | Skipped
"""A result of `find_files`."""


def workers_for(size: int | None) -> int:
    """Return the number of workers for `size` bytes; 0 if the size is unknown."""
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

    `workers` is the number of worker processes; 0 reads in this process.
    Standard input is always read in this process. The workers stop when the
    iterator ends or is closed. With `prepare`, they prepare articles for a
    writer. `on_bytes` is called when the items of the bytes are yielded. Raises
    WorkerError, which names the file, if a worker or a reader fails.
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
    """Yield the articles of files, of folders with their subfolders, and of "-".

    "-" is JSONL on standard input, which may be compressed. Hidden files and
    folders are skipped. All files are read in this process. Raises WorkerError
    if a reader fails.
    """
    for item in newest_captures(read_found(find_files(sources), on_bytes, options)):
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
    """Yield all items of `found` in order, each file with the reader that has it.

    A file is sent to its reader some time before it is yielded. Readers are
    started when there are files for them, and added to `readers`.
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
    """A worker process, used from the process that indexes."""

    def __init__(self, options: ReadOptions, *, prepare: bool) -> None:
        self._told: deque[str] = deque()
        # Not fork: threads of the encoder and of tantivy may hold locks now.
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
        """Yield the items of the next file in the queue. Raises WorkerError."""
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

    A terminal or a service manager sends these signals to the complete process
    group. They must interrupt the process that indexes only; it stops the workers.
    """
    # The first worker also starts the resource tracker, which would unblock the signals.
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
    # A thread receives, so that the sender of files never blocks: it could not receive items then.
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
    """Return an item with the language that a writer would detect, and prepared."""
    if isinstance(item, Capture):  # Not prepared, as only the newest of its copies is put.
        return replace(item, article=with_language(item.article))
    if not isinstance(item, Article):
        return item
    article = with_language(item)
    return article if preparer is None else preparer.prepare(article)


class _Outbox:
    """A queue of items to send, of QUEUED_CHARACTERS characters; a thread sends them."""

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
