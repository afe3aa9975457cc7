"""The process that writes, and that is killed or meets a full disk; and how it is watched."""

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

from nutgraf.index import IndexWriter, writer as writer_module
from nutgraf.index.errors import NutgrafError
from nutgraf.index.maintenance.rebuild import compact_index

STEPS: Final = ("encoded", "embeddings", "catalog", "columns", "suggestions", "keywords")
"""The steps of a commit, in their order, as index/writer.py names them."""

REBUILD_STEPS: Final = ("copied", "followed", "switched", "removed")
"""The steps of a compaction, as index/maintenance/rebuild.py names them.

None is a step of a commit, too.
"""

STEP_EVENTS: Final = frozenset({"nutgraf.commit", "nutgraf.rebuild"})

FILE_EVENTS: Final = frozenset({"open", "os.chmod", "os.remove", "os.rename", "os.truncate"})
"""What Python tells before a file is touched: whoosh does all its work so."""

A_REST: Final = 0.05
"""Seconds, in which tantivy merges what there is here."""

PATIENCE: Final = 60.0
"""Seconds; a writer has work for less than one."""


@dataclass(frozen=True, slots=True)
class AtStep:
    """Kill when a step of a commit, or of a compaction, is reached for the nth time."""

    step: str
    nth: int = 1

    def install(self, index: Path) -> None:
        _at_event(self.nth, lambda event, about: _is_step(event, about, self.step), _kill)


@dataclass(frozen=True, slots=True)
class AtFile:
    """Kill just before a file of the index is touched for the nth time."""

    nth: int

    def install(self, index: Path) -> None:
        def is_ours(event: str, about: object) -> bool:
            return event in FILE_EVENTS and str(about).startswith(str(index))

        _at_event(self.nth, is_ours, _kill)


@dataclass(frozen=True, slots=True)
class After:
    """Kill some seconds after the writer was started; the watching process does it."""

    seconds: float

    def install(self, index: Path) -> None:
        pass


@dataclass(frozen=True, slots=True)
class FullFrom:
    """No kill: once a step was reached for the nth time, no file is written beyond `limit` bytes.

    Python ignores SIGXFSZ, so that such a write fails with EFBIG.
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
    """How far a writer came.

    `acknowledged` operations are in the commits that it knew to be made,
    `commits` of them; it had `begun` that many. `error` is what it raised, if
    that was an error on purpose.
    """

    acknowledged: int
    commits: int
    begun: int
    exit_code: int
    error: str | None

    @property
    def killed(self) -> bool:
        return self.exit_code == -signal.SIGKILL


def _at_event(nth: int, counts: Callable[[str, object], bool], act: Callable[[], None]) -> None:
    """Act when Python tells for the nth time of an event that counts."""
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
    commit_every: int,
) -> None:
    """Do what is planned, and report what is begun and what was committed. Runs in the child."""
    writer_module.COMMIT_EVERY = commit_every  # type: ignore[misc]
    fate.install(index)
    report.send(("started", 0))
    try:
        _write(index, operations, report)
    except (NutgrafError, OSError) as error:
        report.send(("failed", str(error)))


def compact(report: Connection, index: Path, fate: Fate) -> None:
    """Compact the index. Runs in the child."""
    fate.install(index)
    report.send(("started", 0))
    compact_index(index)


def _write(index: Path, operations: Sequence[Operation], report: Connection) -> None:
    writer = IndexWriter(index, trust=True)
    try:
        for number, operation in enumerate(operations, 1):
            report.send(("begun", number))
            before = writer.sequence
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
                report.send(("committed", number))
    finally:
        writer.close()


def run_writer(
    index: Path,
    operations: Sequence[Operation],
    fate: Fate,
    commit_every: int = writer_module.COMMIT_EVERY,
) -> Outcome:
    """Start a writer, let it meet its fate, and return how far it came."""
    return _run(write, index, fate, operations, commit_every)


def run_compaction(index: Path, fate: Fate) -> Outcome:
    """Start a compaction, let it meet its fate, and return what came of it."""
    return _run(compact, index, fate)


def _run(target: Callable[..., None], index: Path, fate: Fate, *arguments: object) -> Outcome:
    context = get_context("forkserver")
    reports, report = context.Pipe(duplex=False)
    process = context.Process(target=target, args=(report, index, fate, *arguments))
    process.start()
    report.close()
    try:
        told = [reports.recv()]
        if isinstance(fate, After):
            time.sleep(fate.seconds)
            process.kill()
        process.join(PATIENCE)
        assert process.exitcode is not None, "the writer hangs"
        told += _all(reports)
    finally:
        process.kill()
        process.join(PATIENCE)
        reports.close()
    committed = [number for kind, number in told if kind == "committed"]
    return Outcome(
        acknowledged=max(committed, default=0),
        commits=len(committed),
        begun=max([0, *(number for kind, number in told if kind == "begun")]),
        exit_code=process.exitcode,
        error=next((message for kind, message in told if kind == "failed"), None),
    )


def _all(reports: Connection) -> list[Any]:
    told = []
    try:
        while True:
            told.append(reports.recv())
    except EOFError:
        return told
