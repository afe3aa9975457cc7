"""The main function of a worker process: it reads files and sends their items.

A worker reads ahead. It also detects the language of articles, and can prepare articles for a
writer.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from queue import SimpleQueue

from nutgraf.index.analysis.language_detection import with_language
from nutgraf.index.article import Article
from nutgraf.index.prepared import Prepared, Preparer
from nutgraf.index.sources.items import Capture, Item, ReadOptions, Skipped
from nutgraf.index.sources.read import SourceFile, read_file

__all__ = ["End", "Sent", "fault_of", "work"]


@dataclass(frozen=True, slots=True)
class End:
    """The last message about a file.

    `fault` is the error that stopped the reader, or None if there was no error.
    """

    fault: str | None = None


Sent = Item | Skipped | Prepared | int | End
"""A message from a worker; an int is a number of bytes that were read."""


def fault_of(error: Exception) -> str:
    """Return the class and the message of an error."""
    return f"{type(error).__name__}: {error}"


def work(
    connection: Connection[Sent, SourceFile],
    options: ReadOptions,
    most_queued: int,
    *,
    prepare: bool,
) -> None:
    """Read the received files and send their items, until the connection closes.

    At most `most_queued` characters wait to be sent.
    """
    outbox = _Outbox(connection, most_queued)
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
            outbox.put(End(fault_of(error)))
        else:
            outbox.put(End())


def _receive(connection: Connection[Sent, SourceFile], inbox: SimpleQueue[SourceFile]) -> None:
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

    The queue is full when it holds `most` characters.
    """

    def __init__(self, connection: Connection[Sent, SourceFile], most: int) -> None:
        self._connection = connection
        self._most = most
        self._waiting: deque[tuple[Sent, int]] = deque()
        self._size = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._send, daemon=True).start()

    def put(self, item: Sent) -> None:
        """Queue an item; wait while the queue is full."""
        size = _size(item)
        with self._changed:
            self._changed.wait_for(lambda: self._size < self._most)
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


def _size(item: Sent) -> int:
    """Return the approximate size of an item, in characters."""
    article = item.article if isinstance(item, Capture | Prepared) else item
    beside = len(item.phrases) if isinstance(item, Prepared) else 0
    return 100 + beside + (sum(map(len, article.paragraphs)) if isinstance(article, Article) else 0)
