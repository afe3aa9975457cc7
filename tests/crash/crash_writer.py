"""Writer processes that are killed or meet a full disk, and their supervision."""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from crash_plan import Commit, Delete, Operation, Put, Reopen, Rest

from nutgraf.index import IndexWriter
from nutgraf.index.errors import NutgrafError
from nutgraf.index.maintenance.rebuild import compact_index
from nutgraf.index.writing import parts

STEPS: Final = ("encoded", "embeddings", "catalog", "columns", "suggestions", "keywords")
"""The steps of a commit, in order, with their names in index/writing/."""

REBUILD_STEPS: Final = ("copied", "followed", "switched", "removed")
"""The steps of a compaction, with their names in index/maintenance/switch.py.

No name is also that of a step of a commit.
"""

STEP_EVENTS: Final = frozenset({"nutgraf.commit", "nutgraf.rebuild"})

FILE_EVENTS: Final = frozenset({"open", "os.chmod", "os.remove", "os.rename", "os.truncate"})
"""Audit events that Python raises before it touches a file.

whoosh does all its file operations in Python.
"""

A_REST: Final = 0.05
"""Seconds in which tantivy finishes the merges of these tests."""

PATIENCE: Final = 60.0
"""Seconds to wait for a writer; its work takes less than 1."""


@dataclass(frozen=True, slots=True)
class AtStep:
    """Kill when a step of a commit or compaction is reached for the nth time."""

    step: str
    nth: int = 1

    def install(self, index: Path) -> None:
        _at_event(self.nth, lambda event, about: _is_step(event, about, self.step), _kill)


@dataclass(frozen=True, slots=True)
class AtFile:
    """Kill just before the nth operation on a file of the index."""

    nth: int

    def install(self, index: Path) -> None:
        def is_ours(event: str, about: object) -> bool:
            return event in FILE_EVENTS and str(about).startswith(str(index))

        _at_event(self.nth, is_ours, _kill)


@dataclass(frozen=True, slots=True)
class After:
    """Kill some seconds after the start of the writer; the parent process does it."""

    seconds: float

    def install(self, index: Path) -> None:
        pass


@dataclass(frozen=True, slots=True)
class FullFrom:
    """Limit files to `limit` bytes once a step is reached for the nth time; no kill.

    Python ignores SIGXFSZ, so a larger write fails with EFBIG.
    """

    step: str
    limit: int
    nth: int = 1

    def install(self, index: Path) -> None:
        def fill() -> None:
            _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.limit, most))

        _at_event(self.nth, lambda event, about: _is_step(event, about, self.step), fill)


Fate = AtStep | AtFile | After | FullFrom


@dataclass(frozen=True, slots=True)
class Outcome:
    """The progress of a writer.

    `saved` counts the operations up to each save, which makes them durable. The first
    `shown` saves were also made visible. `begun` counts the started operations. `error`
    is the message of a NutgrafError or OSError, if one was raised.
    """

    saved: tuple[int, ...]
    shown: int
    begun: int
    exit_code: int
    error: str | None

    @property
    def killed(self) -> bool:
        return self.exit_code == -signal.SIGKILL


def _at_event(nth: int, counts: Callable[[str, object], bool], act: Callable[[], None]) -> None:
    """Call `act` at the nth audit event that `counts` accepts."""
    left = nth

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if arguments and counts(event, arguments[0]):
            left -= 1
            if left == 0:
                act()

    sys.addaudithook(hook)


def _is_step(event: str, about: object, step: str) -> bool:
    return event in STEP_EVENTS and about == step


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def write(
    report: Connection,
    index: Path,
    fate: Fate,
    operations: Sequence[Operation],
    save_every: int,
) -> None:
    """Run the operations in the child process; report each start, save and commit."""
    parts.SAVE_EVERY = save_every  # type: ignore[misc]
    parts.COMMIT_EVERY = 2 * save_every  # type: ignore[misc]
    fate.install(index)
    report.send(("started", 0))
    try:
        _write(index, operations, report)
    except (NutgrafError, OSError) as error:
        report.send(("failed", str(error)))


def compact(report: Connection, index: Path, fate: Fate) -> None:
    """Compact the index in the child process."""
    fate.install(index)
    report.send(("started", 0))
    compact_index(index)


def _write(index: Path, operations: Sequence[Operation], report: Connection) -> None:
    writer = IndexWriter(index, trust=True)
    try:
        for number, operation in enumerate(operations, 1):
            report.send(("begun", number))
            before, visible = writer.sequence, writer.visible
            match operation:
                case Put(article):
                    writer.put(article)
                case Delete(article):
                    writer.delete(article)
                case Commit():
                    writer.commit()
                case Reopen():
                    writer.close()
                    writer = IndexWriter(index, trust=True)
                case Rest():
                    time.sleep(A_REST)
            if writer.sequence != before:
                report.send(("saved", number))
            if writer.visible != visible:
                report.send(("shown", number))
    finally:
        writer.close()


def run_writer(
    index: Path,
    operations: Sequence[Operation],
    fate: Fate,
    save_every: int = parts.SAVE_EVERY,
) -> Outcome:
    """Run a writer process until its fate or its end; return its progress."""
    return _run(write, index, fate, operations, save_every)


def run_compaction(index: Path, fate: Fate) -> Outcome:
    """Run a compaction process until its fate or its end; return its outcome."""
    return _run(compact, index, fate)


def _run(target: Callable[..., None], index: Path, fate: Fate, *arguments: object) -> Outcome:
    context = get_context("forkserver")
    reports, report = context.Pipe(duplex=False)
    process = context.Process(target=target, args=(report, index, fate, *arguments))
    process.start()
    report.close()
    try:
        received = [reports.recv()]
        if isinstance(fate, After):
            time.sleep(fate.seconds)
            process.kill()
        process.join(PATIENCE)
        assert process.exitcode is not None, "the writer hangs"
        received += _all(reports)
    finally:
        process.kill()
        process.join(PATIENCE)
        reports.close()
    saved = tuple(number for kind, number in received if kind == "saved")
    shown = max((number for kind, number in received if kind == "shown"), default=0)
    return Outcome(
        saved=saved,
        shown=sum(number <= shown for number in saved),
        begun=max([0, *(number for kind, number in received if kind == "begun")]),
        exit_code=process.exitcode,
        error=next((message for kind, message in received if kind == "failed"), None),
    )


def _all(reports: Connection) -> list[Any]:
    received = []
    try:
        while True:
            received.append(reports.recv())
    except EOFError:
        return received
