"""AnsweringProcess: one process that answers, seen from the server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

from nutgraf.api.answering.errors import StartError
from nutgraf.api.answering.messages import Replied, WorkerState, receive

__all__ = ["AnsweringProcess"]

ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Variables for FAISS and numpy: more threads would fight over the cores."""

END_SECONDS: Final = 0.5
"""Seconds until a process must have ended that has closed its socket."""

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class AnsweringProcess:
    """A process that answers from the index at `index`, and the socket to it.

    Control-C and a service manager send their signals to all processes of the server. This
    process ignores them, so that the server can still answer the requests in progress.
    """

    def __init__(self, index: Path, *, trust: bool = False) -> None:
        command = [sys.executable, "-P", "-m", "nutgraf.api.answering.worker", str(index)]
        self.socket, theirs = socket.socketpair()
        with theirs:
            # A process inherits blocked signals. They stay blocked in it, and not here.
            before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own module
                    [*command, *(["trust"] if trust else [])],
                    stdin=theirs.fileno(),
                    env={**ONE_THREAD, **os.environ},
                )
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self.pid = self._process.pid

    def wait_until_ready(self) -> WorkerState:
        """Return the first state of the process.

        Raises the error of the process if it cannot open the index, or StartError.
        """
        first: Replied | None = receive(self.socket)
        if first is None:
            raise StartError(
                f"a process that answers requests {self.ended()} at its start; read the output "
                "above, check that there is enough memory, or set fewer --workers"
            )
        if first.state is None:
            self.kill()
            assert isinstance(first.result, BaseException)  # noqa: S101
            raise first.result
        return first.state

    def ended(self) -> str:
        """Return how the process ended that has closed its socket."""
        try:
            code = self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            code = self.kill()
        return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"

    def kill(self) -> int:
        """End the process, which only reads, and return its exit code."""
        self.socket.close()
        self._process.kill()
        return self._process.wait()
