"""The process that answers: one job at a time, from its standard input, a socket.

    python -P -m nutgraf.api.answering.worker INDEX [trust]

It ends when the other end of the socket is closed, also by the kernel after the server was killed.
"""

from __future__ import annotations

import gc
import select
import socket
import sys
import traceback

from nutgraf.api.answering.errors import InternalError
from nutgraf.api.answering.jobs import Answer
from nutgraf.api.answering.messages import Asked, Replied, WorkerState, frame, receive
from nutgraf.api.answering.refresh import REFRESH_SECONDS, Refresher
from nutgraf.index.errors import NutgrafError
from nutgraf.index.reader.live import LiveIndex
from nutgraf.search import SearchCache, Searcher

__all__ = ["main"]


def main() -> None:
    """Answer jobs until the server closes the socket."""
    index, *options = sys.argv[1:]
    with socket.socket(fileno=sys.stdin.fileno()) as connection:
        try:
            live = LiveIndex(index, trust="trust" in options)
            searcher = Searcher(live, cache=SearchCache())
            searcher.warm()
        except Exception as error:  # noqa: BLE001 - the server gets every error
            connection.sendall(frame(Replied(_sendable(error), None)))
            return
        # The objects of modules and of the open index live as long as the process: the garbage
        # collector need not look at them again and again.
        gc.collect()
        gc.freeze()
        with searcher:
            _Worker(connection, live, searcher).run()


class _Worker:
    """One process that answers."""

    def __init__(self, connection: socket.socket, live: LiveIndex, searcher: Searcher) -> None:
        self._connection = connection
        self._live = live
        self._searcher = searcher
        self._refresher = Refresher(searcher)

    def run(self) -> None:
        """Answer jobs; look for new commits while there are none."""
        self._send(None)
        while True:
            if not select.select([self._connection], [], [], REFRESH_SECONDS)[0]:
                self._refresher.refresh()
                continue
            asked = receive(self._connection)
            if asked is None or not self._send(self._result(asked)):
                return

    def _result(self, asked: Asked) -> Answer | BaseException:
        try:
            self._refresher.refresh_to(asked.since)
            return asked.job.run(self._searcher)
        except BaseException as error:  # noqa: BLE001 - a panic in tantivy is not an Exception
            return _sendable(error)

    def _send(self, result: Answer | BaseException | None) -> bool:
        """Send a result, and return whether the other end is open."""
        cache = self._searcher.cache
        state = WorkerState(
            self._searcher.sequence,
            self._live.held,
            cache.answers.counts,
            cache.embeddings.counts,
        )
        try:
            self._connection.sendall(frame(Replied(result, state)))
        except ConnectionError:
            return False
        return True


def _sendable(error: BaseException) -> BaseException:
    """Return the error if the server knows its kind, and else its traceback."""
    if isinstance(error, NutgrafError):
        return error.with_traceback(None)
    return InternalError("".join(traceback.format_exception(error)))


if __name__ == "__main__":
    main()
