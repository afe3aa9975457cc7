"""Files read in processes of their own, so that whoever encodes never waits for them.

Each process takes every n-th file, and sends what it reads; the files are given
on in their order, so that it makes no difference how many read. What is read
ahead is bounded, in characters. A process tells the language of articles, too, and can
prepare them for a writer.
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
"""Bytes from which on processes are worth it: to start one takes as long as to read them."""

MAX_WORKERS: Final = 8
"""Processes: they take 60 MB each, or 140 where they have to tell languages."""

QUEUED_FILES: Final = 64
"""Files that a process is told of before it has read them: many are of one article."""

QUEUED_CHARACTERS: Final = 4_000_000
"""Characters that a process reads ahead: some 10,000 paragraphs, which take 40 s to encode."""

STOP_SECONDS: Final = 5.0
"""Seconds in which a process may end by itself."""

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
"""Signals that ask for an end."""


@dataclass(frozen=True, slots=True)
class _End:
    """The end of a file, with what kept a reader from reaching it, if anything did."""

    fault: str | None = None


_Sent = Item | Skipped | Prepared | int | _End
"""What a process sends: an int is a number of bytes that were read."""


Found = SourceFile | Rejected | Skipped
"""What `find_files` yields."""


def workers_for(size: int | None) -> int:
    """Return how many processes are to read `size` bytes; none where that is not known."""
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
    """Yield what `read_file` yields of each file that is found, in their order.

    With `workers`, as many processes read, standard input aside; they end when
    the iterator does, or is closed. With `prepare`, they prepare articles for a writer.
    `on_bytes` is told of bytes when what they
    hold is given on. Raises WorkerError, naming the file, where a process ended
    before it was read, or a reader failed.
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
    """Yield the articles of files, of folders with all below them, and of "-".

    "-" is JSONL on standard input, compressed or not. Hidden files and folders
    are passed over. All is read in this process. Raises WorkerError where a reader failed.
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
    return f"{path} could not be read: {fault}; report it"


def _fault(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _distributed(
    found: Iterable[Found], start: Callable[[], _Reader], readers: list[_Reader], workers: int
) -> Iterator[tuple[Found, _Reader | None]]:
    """Yield all that is found, in its order, each file some time after its reader was told.

    Readers are started, into `readers`, as there are files for them.
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
    """A process that reads, seen from the one that indexes."""

    def __init__(self, options: ReadOptions, *, prepare: bool) -> None:
        self._told: deque[str] = deque()
        # Not fork: threads of the encoder and of tantivy may hold locks at this moment.
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
        theirs.close()  # Or nobody would notice that theirs is.

    def tell(self, source: SourceFile) -> None:
        """Tell it of a file to be read."""
        self._told.append(source.path)
        with suppress(OSError):  # Where it has ended, `read` says so.
            self._connection.send(source)

    def read(self, on_bytes: OnBytes) -> Iterator[Item | Skipped | Prepared]:
        """Yield what the next of the files that it was told of holds."""
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
        """Let it end: it has nobody to send to any more."""
        self._connection.close()
        self._process.kill()

    def join(self) -> None:
        """Wait until it has ended."""
        self._process.join()

    def _exit_reason(self, path: str) -> str:
        self._process.join(STOP_SECONDS)
        code = self._process.exitcode or 0
        how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
        return (
            f"the process that read {path} {how}; what was committed before stays. If memory was "
            "short, split that file, or leave it out"
        )


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Block the signals of STOP_SIGNALS for a process that is started meanwhile.

    They reach a whole group, as from a terminal or a service manager. Only the process that
    indexes is to be interrupted; it ends the others.
    """
    # The first process comes with another, which would unblock signals when it is started.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(
    connection: Connection[_Sent, SourceFile], options: ReadOptions, *, prepare: bool
) -> None:
    """Read the files that come, and send what they hold, until the connection is closed."""
    outbox = _Outbox(connection)
    finish = partial(_finished, preparer=Preparer() if prepare else None)
    inbox: SimpleQueue[SourceFile] = SimpleQueue()
    # Whoever tells of files must not wait: it would take nothing meanwhile.
    threading.Thread(target=_receive, args=(connection, inbox), daemon=True).start()
    while True:
        try:
            for item in read_file(inbox.get(), outbox.put, options):
                outbox.put(finish(item))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            outbox.put(_End(_fault(error)))
        else:
            outbox.put(_End())


def _receive(connection: Connection[_Sent, SourceFile], inbox: SimpleQueue[SourceFile]) -> None:
    while True:
        try:
            inbox.put(connection.recv())
        except (EOFError, OSError):
            os._exit(0)  # Nobody wants any more, whatever is being read.


def _finished(item: Item | Skipped, preparer: Preparer | None) -> Item | Skipped | Prepared:
    """Return an item with the language that a writer would give it, and prepared."""
    if isinstance(item, Capture):  # Of several only one is put.
        return replace(item, article=with_language(item.article))
    if not isinstance(item, Article):
        return item
    article = with_language(item)
    return article if preparer is None else preparer.prepare(article)


class _Outbox:
    """What was read and is not sent yet, QUEUED_CHARACTERS characters of it; a thread sends it."""

    def __init__(self, connection: Connection[_Sent, SourceFile]) -> None:
        self._connection = connection
        self._waiting: deque[tuple[_Sent, int]] = deque()
        self._size = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._send, daemon=True).start()

    def put(self, item: _Sent) -> None:
        """Have it sent; wait while there is no room."""
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
                os._exit(0)  # Whoever was to take it is gone.
            with self._changed:
                self._waiting.popleft()
                self._size -= size
                self._changed.notify_all()


def _size(item: _Sent) -> int:
    """Return how much room an item takes, in characters or so."""
    article = item.article if isinstance(item, Capture | Prepared) else item
    beside = len(item.phrases) if isinstance(item, Prepared) else 0
    return 100 + beside + (sum(map(len, article.paragraphs)) if isinstance(article, Article) else 0)
