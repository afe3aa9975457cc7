"""Files, folders and standard input to articles: each by the reader for its ending."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from nutgraf.index.article import Article
from nutgraf.index.sources.items import FileName, OnBytes, Rejected, Skipped
from nutgraf.index.sources.jsonl import holds_articles, read_jsonl
from nutgraf.index.sources.text import read_text

__all__ = ["STANDARD_INPUT", "read_sources", "total_bytes"]

STANDARD_INPUT: Final = "-"

Reader = Callable[[BinaryIO, str, FileName, OnBytes], Iterator[Article | Rejected]]

READERS: Final[dict[str, Reader]] = {
    ".txt": read_text,
    ".text": read_text,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
}

KNOWN: Final = ", ".join(READERS)


def read_sources(
    sources: Iterable[str], on_bytes: OnBytes = lambda _: None
) -> Iterator[Article | Rejected | Skipped]:
    """Yield the articles of files, of folders with all below them, and of "-".

    "-" is JSONL on standard input. Hidden files and folders are passed over.
    """
    named: dict[str, Path] = {}
    for source in sources:
        if source == STANDARD_INPUT:
            yield from read_jsonl(
                sys.stdin.buffer, "standard input", FileName("stdin", stream=True), on_bytes
            )
        elif Path(source).is_dir():
            for path in _files(Path(source)):
                yield from _read(path, named, on_bytes)
            yield from _left_out(Path(source))
        else:
            yield from _read(Path(source), named, on_bytes)


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


def _read(path: Path, named: dict[str, Path], on_bytes: OnBytes) -> Iterator[Article | Rejected]:
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        yield Rejected(str(path), _why_not(path))
        return
    first = named.setdefault(path.stem, path)
    name = FileName(path.stem, None if first == path else str(first))
    try:
        with path.open("rb") as file:
            yield from reader(file, str(path), name, on_bytes)
    except OSError as error:
        yield Rejected(str(path), f"cannot be read: {error.strerror}")


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
