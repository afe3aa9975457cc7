"""Worker processes: the same items in the same order, and no process remains."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from multiprocessing import active_children
from pathlib import Path

import pytest

from nutgraf.index.analysis.language_detection import with_language
from nutgraf.index.errors import WorkerError
from nutgraf.index.sources import ReadOptions, SourceFile, find_files, read_found, workers_for
from nutgraf.index.sources.items import FileName, Item, Rejected, Skipped
from nutgraf.index.sources.workers import MIN_BYTES_FOR_WORKERS

LONG = "The ferry crews went back to work on Monday after eleven days on strike. "


def lines(*articles: dict[str, object]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in articles)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(7):
        some = (
            {"id": f"{number}-{at}", "title": "T", "text": LONG * (at + 1), "language": "en"}
            for at in range(9)
        )
        (tmp_path / f"{number}.jsonl").write_bytes(lines(*some) + b"{no JSON\n")
    (tmp_path / "a.txt").write_text(f"Ferry\n\n{LONG * 3}")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "picture.png").touch()
    return tmp_path


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SourceFile:
    """A file that is larger than the limit of reading ahead."""
    path = tmp_path / "large.jsonl"
    text = LONG * (50_000 // len(LONG))
    many = ({"id": str(at), "title": "T", "text": text, "language": "en"} for at in range(100))
    path.write_bytes(lines(*many))
    monkeypatch.setattr("nutgraf.index.sources.workers.QUEUED_CHARACTERS", path.stat().st_size // 2)
    return SourceFile(str(path), FileName("large"))


def read(
    files: list[SourceFile | Rejected | Skipped], workers: int
) -> tuple[list[Item | Skipped], int]:
    told: list[int] = []
    items = list(read_found(files, told.append, ReadOptions(), workers))
    return items, sum(told)


def test_number_of_workers_does_not_change_the_items(folder: Path) -> None:
    files = list(find_files([str(folder), str(folder / "missing.txt")]))
    alone, size = read(files, 0)
    assert len(alone) == 7 * 10 + 4  # a.txt, empty.txt, picture.png, missing.txt
    together, same_size = read(files, 3)
    assert together == [
        item if isinstance(item, Rejected | Skipped) else with_language(item) for item in alone
    ]
    assert size == same_size == sum(path.stat().st_size for path in folder.iterdir())
    assert active_children() == []


def test_killed_worker_is_an_error_that_names_the_file(large: SourceFile) -> None:
    items = read_found([large], int, ReadOptions(), 1)
    next(items)
    (process,) = active_children()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(WorkerError, match=r"large\.jsonl was killed by signal 9; earlier"):
        list(items)
    assert active_children() == []


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_workers_ignore_signals_to_stop(large: SourceFile, stop: signal.Signals) -> None:
    items = read_found([large], int, ReadOptions(), 1)
    first = next(items)
    (process,) = active_children()
    assert process.pid is not None
    os.kill(process.pid, stop)
    assert len([first, *items]) == 100


def test_workers_stop_when_the_iterator_is_closed(large: SourceFile) -> None:
    items = read_found([large, large], int, ReadOptions(), 2)
    next(items)
    assert len(active_children()) == 2
    items.close()
    assert active_children() == []


@pytest.mark.parametrize("workers", [0, 1])
def test_internal_error_is_reported_with_the_file(workers: int) -> None:
    with pytest.raises(WorkerError, match=r"could not be read: ValueError: .*null byte") as told:
        list(read_found([SourceFile("a\0b", FileName("a"))], int, ReadOptions(), workers))
    assert told.value.path == "a\0b"


def test_small_input_is_read_without_workers() -> None:
    assert workers_for(MIN_BYTES_FOR_WORKERS - 1) == workers_for(None) == 0
    assert 1 <= workers_for(MIN_BYTES_FOR_WORKERS) <= 8


def test_more_files_than_fit_into_the_queue_are_read(tmp_path: Path) -> None:
    """The messages would fill the pipe if the worker did not receive them meanwhile."""
    names = [f"{'n' * 200}{number:03}.txt" for number in range(300)]
    for name in names:
        (tmp_path / name).write_text("T\n\nOne.")
    found: Iterator[Item | Skipped] = read_found(find_files([str(tmp_path)]), int, ReadOptions(), 1)
    assert [item.id for item in found if not isinstance(item, Rejected)] == [
        name.removesuffix(".txt") for name in names
    ]
