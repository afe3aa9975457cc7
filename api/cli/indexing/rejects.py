"""The file of rejected and flagged items, as JSONL."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final, Literal, Self

from nutgraf.index.errors import UserError
from nutgraf.index.sources import Flagged, Rejected

__all__ = ["RejectsFile", "open_rejects"]

Kind = Literal["rejected", "flagged"]


FIELDS: Final = {"kind", "place", "reason"}

MAX_LINE_BYTES: Final = 256 * 1024
"""The most bytes that are read of a line, which is more than the longest line has.

A line contains a file name of some 1,000 bytes, and JSON may write each of them as 6 bytes.
"""


def open_rejects(
    path: Path | None, sources: Iterable[str] = ()
) -> AbstractContextManager[RejectsFile | None]:
    """Open the file at `path` for a `with` block. Without a path, the block gets None.

    Raises UserError if the file cannot be written, or if writing would overwrite one of
    `sources`. In a folder of `sources`, only an empty file, or the rejects of an earlier
    run, may be overwritten.
    """
    if path is None:
        return nullcontext()
    for source in sources:
        if _would_destroy(path, source):
            raise UserError(
                f"--rejects would overwrite {path}, which is in the sources: name another file"
            )
    return RejectsFile(path)


def _would_destroy(path: Path, source: str) -> bool:
    try:
        if path.samefile(source):
            return True
        real = Path(os.path.realpath(path))
        return real.is_relative_to(os.path.realpath(source)) and not _is_replaced(real)
    except OSError:
        return False  # The file or the source is missing or cannot be read.


def _is_replaced(path: Path) -> bool:
    """Return whether a file is empty, or contains the rejects of an earlier run."""
    if not path.is_file():
        return True  # A pipe has no content to lose.
    with path.open("rb") as file:
        line = file.readline(MAX_LINE_BYTES)
    try:
        found = json.loads(line) if line else None
    except (ValueError, RecursionError):
        return False
    return not line or (isinstance(found, dict) and found.keys() == FIELDS)


class RejectsFile:
    """A file with one JSON object per line: "kind", "place" and "reason" of an item.

    Each line is written at once and completely, so that other programs can follow the
    file. Opening deletes the earlier content of the file. Raises UserError if the file
    cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("wb", buffering=0)
        except OSError as error:
            raise UserError(
                f"cannot write {path}: {error.strerror}; name another file with --rejects"
            ) from error

    def add(self, item: Rejected | Flagged) -> None:
        """Write a line about a rejected or flagged item."""
        kind: Kind = "rejected" if isinstance(item, Rejected) else "flagged"
        line = {"kind": kind, "place": item.place, "reason": item.reason}
        # File names may contain bytes that are not text. JSON escapes them.
        rest = json.dumps(line).encode() + b"\n"
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise UserError(
                f"cannot write {self.path} any more: {error.strerror}; the articles before this "
                "one are indexed; name another file with --rejects, and run the command again"
            ) from error

    def is_at(self, path: str) -> bool:
        """Return whether a path names this file, which may be in a folder of the sources."""
        try:
            return Path(path).name == self.path.name and self.path.samefile(path)
        except OSError:
            return False

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
