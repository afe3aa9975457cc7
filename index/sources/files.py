"""Files, folders and standard input to articles: each by the reader for its ending."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

from nutgraf.index.article import Article
from nutgraf.index.sources.captures import newest_captures
from nutgraf.index.sources.items import (
    FileName,
    Flagged,
    Item,
    OnBytes,
    Opened,
    Reader,
    ReadOptions,
    Rejected,
    Skipped,
)
from nutgraf.index.sources.jsonl import holds_articles, read_jsonl
from nutgraf.index.sources.text import read_text

__all__ = [
    "STANDARD_INPUT",
    "SourceFile",
    "find_files",
    "read_file",
    "read_sources",
    "total_bytes",
]

STANDARD_INPUT: Final = "-"

READERS: Final[dict[str, Reader]] = {
    ".txt": read_text,
    ".text": read_text,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
}

KNOWN: Final = ", ".join(READERS)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that is to be read; `path` is "-" for standard input."""

    path: str
    name: FileName


def read_sources(
    sources: Iterable[str],
    on_bytes: OnBytes = lambda _: None,
    options: ReadOptions = ReadOptions(),  # noqa: B008 - frozen
) -> Iterator[Article | Rejected | Skipped | Flagged]:
    """Yield the articles of files, of folders with all below them, and of "-".

    "-" is JSONL on standard input. Hidden files and folders are passed over.
    """
    yield from newest_captures(_items(sources, on_bytes, options))


def _items(
    sources: Iterable[str], on_bytes: OnBytes, options: ReadOptions
) -> Iterator[Item | Skipped]:
    for found in find_files(sources):
        if isinstance(found, SourceFile):
            yield from read_file(found, on_bytes, options)
        else:
            yield found


def find_files(sources: Iterable[str]) -> Iterator[SourceFile | Rejected | Skipped]:
    """Yield the files that `sources` name, in their order, and what is not to be read."""
    named: dict[str, str] = {}
    for source in sources:
        path = Path(source)
        if source == STANDARD_INPUT:
            yield SourceFile(STANDARD_INPUT, FileName("stdin", stream=True))
        elif path.is_dir():
            for file in _files(path):
                yield _named(file, named)
            yield from _left_out(path)
        elif path.suffix.lower() in READERS:
            yield _named(path, named)
        else:
            yield Rejected(source, _why_not(path))


def read_file(
    source: SourceFile, on_bytes: OnBytes, options: ReadOptions
) -> Iterator[Item | Skipped]:
    """Yield what one file holds."""
    if source.path == STANDARD_INPUT:
        counted = cast("BinaryIO", _Counted(sys.stdin.buffer, on_bytes))
        yield from read_jsonl(Opened(counted, "standard input", source.name, options))
        return
    reader = READERS[Path(source.path).suffix.lower()]
    try:
        with Path(source.path).open("rb") as file:
            counted = cast("BinaryIO", _Counted(file, on_bytes))
            yield from reader(Opened(counted, source.path, source.name, options))
    except OSError as error:
        yield Rejected(source.path, f"cannot be read: {error.strerror}")


def total_bytes(sources: Iterable[str]) -> int | None:
    """Return how many bytes `read_sources` will read; None where that cannot be known."""
    total = 0
    for source in sources:
        if source == STANDARD_INPUT:
            return None
        path = Path(source)
        files = _files(path) if path.is_dir() else [path]
        total += sum(file.stat().st_size for file in files if file.is_file())
    return total


class _Counted:
    """A file that tells how much of it is read."""

    def __init__(self, file: BinaryIO, on_bytes: OnBytes) -> None:
        self._file = file
        self._on_bytes = on_bytes

    def read(self, size: int = -1) -> bytes:
        """See BinaryIO."""
        return self._told(self._file.read(size))

    def readline(self, size: int = -1) -> bytes:
        """See BinaryIO."""
        return self._told(self._file.readline(size))

    def _told(self, content: bytes) -> bytes:
        self._on_bytes(len(content))
        return content


def _named(path: Path, named: dict[str, str]) -> SourceFile:
    first = named.setdefault(path.stem, str(path))
    return SourceFile(str(path), FileName(path.stem, None if first == str(path) else first))


def _why_not(path: Path) -> str:
    if not path.exists():
        return "there is no such file or folder"
    return f"no reader takes {path.suffix or 'a file without an ending'}; known are {KNOWN}"


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below `folder` that hold articles, in the order of their names."""
    for path in _walk(folder):
        if path.suffix.lower() in READERS and not _is_other_jsonl(path):
            yield path


def _left_out(folder: Path) -> Iterator[Skipped]:
    unknown: Counter[str] = Counter()
    for path in _walk(folder):
        if path.suffix.lower() not in READERS:
            unknown[path.suffix or "no ending"] += 1
        elif _is_other_jsonl(path):
            yield Skipped(str(path), "its first line has no 'title', 'text' or 'paragraphs'")
    if unknown:
        kinds = ", ".join(f"{count} of {kind}" for kind, count in sorted(unknown.items()))
        yield Skipped(str(folder), f"no reader takes {kinds}; known are {KNOWN}")


def _is_other_jsonl(path: Path) -> bool:
    """Tell whether a JSONL file in a folder holds something else, such as judged questions."""
    if READERS.get(path.suffix.lower()) is not read_jsonl:
        return False
    try:
        with path.open("rb") as file:
            return not holds_articles(file)
    except OSError:
        return False


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(parent, name)
