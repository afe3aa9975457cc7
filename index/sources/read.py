"""Find and open files, folders and standard input, and run their readers."""

from __future__ import annotations

import io
import stat
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from nutgraf.index.sources.files.decompress import DamagedError, compression_of
from nutgraf.index.sources.files.open import (
    COMPRESSED,
    ZIP,
    Content,
    CountingFile,
    contents,
    split_name,
)
from nutgraf.index.sources.files.walk import is_folder, walk
from nutgraf.index.sources.formats.jsonl import read_jsonl
from nutgraf.index.sources.formats.registry import ENDINGS, kind_by_content, kind_of
from nutgraf.index.sources.items import (
    FileName,
    Item,
    OnBytes,
    OpenedFile,
    ReadOptions,
    Rejected,
    Skipped,
)

__all__ = [
    "STANDARD_INPUT",
    "SourceFile",
    "find_files",
    "read_file",
    "total_bytes",
]

STANDARD_INPUT: Final = "-"

KNOWN_FORMATS: Final = (
    f"supported are {', '.join(ENDINGS)}, also compressed as {', '.join((*COMPRESSED, ZIP))}"
)

INDEX_PAGE: Final = "index"
"""A file with this stem gets the name of its folder as its stem."""

AMBIGUOUS_ENDINGS: Final = ("", ".xml")
"""Endings that do not determine the format of a file."""

PEEK_BYTES: Final = 4_096
"""Number of first bytes that decide the format of a file with such an ending.

Only files that were found in a folder are checked.
"""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to read; `path` is "-" for standard input.

    `named` is False if the user did not name the file, because it was found in a
    folder. Such a file may contain no articles.
    """

    path: str
    name: FileName
    named: bool = True


def find_files(sources: Iterable[str]) -> Iterator[SourceFile | Rejected | Skipped]:
    """Yield the files of `sources` in order, and reports on skipped paths.

    A source is a file, a folder with its subfolders, or "-" for standard input.
    """
    taken: dict[str, str] = {}
    for source in sources:
        path = Path(source)
        if source == STANDARD_INPUT:
            yield SourceFile(STANDARD_INPUT, FileName("stdin", stream=True))
        elif is_folder(path):
            yield from _files_in(path, taken)
        else:
            yield SourceFile(source, _file_name(path, taken))


def read_file(
    source: SourceFile, on_bytes: OnBytes, options: ReadOptions
) -> Iterator[Item | Skipped]:
    """Yield the articles of one file, and reports.

    A file in an unknown format is Rejected if the user named it, or else Skipped.
    """
    if source.path == STANDARD_INPUT:
        yield from _read_stream(source, on_bytes, options)
        return
    path = Path(source.path)
    try:
        status = path.stat()
    except OSError as error:
        yield Rejected(source.path, _read_error(error, "path"))  # The path may be a folder.
        return
    try:
        if not stat.S_ISREG(status.st_mode):
            yield Rejected(source.path, "it is not a file; to read from a pipe, use '-'")
            return
        with path.open("rb") as file:
            counted = CountingFile(file, on_bytes, status.st_size)
            yield from _read(source, counted, options)
            counted.finish()
    except OSError as error:
        yield Rejected(source.path, _read_error(error))


def total_bytes(sources: Iterable[str]) -> int | None:
    """Return the total size of the files that `find_files` yields, in bytes.

    Return None if `sources` contain standard input, because its size is unknown.
    """
    total = 0
    for source in sources:
        if source == STANDARD_INPUT:
            return None
        path = Path(source)
        for file in _walk_readable(path) if is_folder(path) else [path]:
            if isinstance(file, Path):
                with suppress(OSError):  # `read_file` reports the error.
                    status = file.stat()
                    total += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return total


def _read_stream(
    source: SourceFile, on_bytes: OnBytes, options: ReadOptions
) -> Iterator[Item | Skipped]:
    place = "standard input"
    try:
        counted = CountingFile(cast("io.BufferedIOBase", sys.stdin.buffer), on_bytes)
        for content in contents(counted, "", place):
            if isinstance(content, Content):
                yield from read_jsonl(OpenedFile(content.file, place, source.name, options))
            else:
                yield content
    except OSError as error:
        yield Rejected(place, _read_error(error))


def _read(source: SourceFile, file: CountingFile, options: ReadOptions) -> Iterator[Item | Skipped]:
    unknown: Counter[str] = Counter()
    taken: dict[str, str] = {}
    for content in contents(file, Path(source.path).name, source.path):
        if isinstance(content, Rejected):
            yield content
            continue
        try:
            head = content.head()
            if (kind := kind_of(head, content.ending)) is None and content.member:
                unknown[content.ending or "no ending"] += 1
            elif kind is None:
                reason = f"no reader accepts {content.ending or 'this content'}; {KNOWN_FORMATS}"
                yield (
                    Rejected(source.path, reason) if source.named else Skipped(source.path, reason)
                )
            else:
                name = _member_name(source, content, taken) if content.member else source.name
                named = source.named and not content.member
                yield from kind.read(OpenedFile(content.file, content.place, name, options, named))
        except OSError as error:
            yield Rejected(content.place, _read_error(error))
    if unknown:
        yield Skipped(source.path, _skipped_message(unknown))


def _read_error(error: OSError, what: str = "file") -> str:
    if isinstance(error, DamagedError):
        return str(error)
    if isinstance(error, FileNotFoundError):
        return "there is no such file or folder; check the path"
    return f"the {what} cannot be read: {error.strerror}"


def _file_name(path: Path, taken: dict[str, str], folder: Path | None = None) -> FileName:
    """Return the FileName of a file.

    If the file was found in `folder`, its stem is its path below `folder`, as in
    "2023/ferry". `taken` maps the stems of earlier files to their paths.
    """
    stem, ending = split_name(path.name)
    above = () if folder is None else path.relative_to(folder).parent.parts
    if stem == INDEX_PAGE and path.parent.name:  # Sites often have a folder for each article.
        above, stem = above[:-1], path.parent.name
    stem = "/".join((*above, stem))
    # Articles of a zip are named ZIP/FILE, so a zip can share its stem with another file.
    first = taken.setdefault(f"{stem}/" if ending == ZIP else stem, str(path))
    return FileName(stem, None if first == str(path) else first)


def _member_name(source: SourceFile, content: Content, taken: dict[str, str]) -> FileName:
    first = taken.setdefault(content.stem, content.place)
    clash = source.name.clash or (None if first == content.place else first)
    return FileName(content.stem, clash)


def _files_in(folder: Path, taken: dict[str, str]) -> Iterator[SourceFile | Rejected | Skipped]:
    unknown: Counter[str] = Counter()
    for found in _walk_readable(folder):
        if isinstance(found, Path):
            yield SourceFile(str(found), _file_name(found, taken, folder), named=False)
        elif isinstance(found, str):
            unknown[found or "no ending"] += 1
        else:
            yield found
    if unknown:
        yield Skipped(str(folder), _skipped_message(unknown))


def _walk_readable(folder: Path) -> Iterator[Path | str | Rejected | Skipped]:
    """Yield files that may contain articles, endings of other files, and reports."""
    for found in walk(folder):
        if not isinstance(found, Path):
            yield found
            continue
        ending = split_name(found.name)[1]
        if ending in (*ENDINGS, ZIP) or (ending in AMBIGUOUS_ENDINGS and _may_hold_articles(found)):
            yield found
        else:
            yield ending


def _may_hold_articles(path: Path) -> bool:
    """Tell by the first bytes whether a file may contain articles."""
    try:
        with path.open("rb") as file:
            head = file.read(PEEK_BYTES)
    except OSError:
        return True  # `read_file` reports the error.
    return compression_of(head) is not None or kind_by_content(head) is not None


def _skipped_message(unknown: Counter[str]) -> str:
    kinds = ", ".join(f"{count} of {kind}" for kind, count in sorted(unknown.items()))
    return f"no reader accepts {kinds}; {KNOWN_FORMATS}"
