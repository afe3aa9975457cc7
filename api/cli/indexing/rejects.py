"""What was rejected or flagged, as JSONL for whoever mends it."""

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
"""Bytes in a line of ours: names have some thousand, each of which JSON may write as six."""


def open_rejects(
    path: Path | None, sources: Iterable[str] = ()
) -> AbstractContextManager[RejectsFile | None]:
    """Return the file at `path`, to be closed after use; None where there is no path.

    Raises UserError where it cannot be written, and where that would destroy
    one of `sources`: in a folder among them only a file of rejects is replaced.
    """
    if path is None:
        return nullcontext()
    for source in sources:
        if _would_destroy(path, source):
            raise UserError(
                f"{path} is to be read, and would be lost: name another file with --rejects"
            )
    return RejectsFile(path)


def _would_destroy(path: Path, source: str) -> bool:
    try:
        if path.samefile(source):
            return True
        real = Path(os.path.realpath(path))
        return real.is_relative_to(os.path.realpath(source)) and not _is_replaced(real)
    except OSError:
        return False  # One of the two is not there, or cannot be read.


def _is_replaced(path: Path) -> bool:
    """Tell whether a file is empty or holds rejects, as after an earlier run."""
    if not path.is_file():
        return True  # A pipe holds nothing.
    with path.open("rb") as file:
        line = file.readline(MAX_LINE_BYTES)
    try:
        found = json.loads(line) if line else None
    except (ValueError, RecursionError):
        return False
    return not line or (isinstance(found, dict) and found.keys() == FIELDS)


class RejectsFile:
    """A file that a line is written to for each: {"kind", "place", "reason"}.

    Each line is written whole, and at once: it can be followed. What the file
    held before is gone. Raises UserError where it cannot be written, or not any more.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("wb", buffering=0)
        except OSError as error:
            raise UserError(
                f"{path} cannot be written: {error.strerror}; name another file with --rejects"
            ) from error

    def add(self, item: Rejected | Flagged) -> None:
        """Write what is wrong with an article or a file."""
        kind: Kind = "rejected" if isinstance(item, Rejected) else "flagged"
        line = {"kind": kind, "place": item.place, "reason": item.reason}
        # Names of files may hold bytes that are no text; JSON has escapes for them.
        rest = json.dumps(line).encode() + b"\n"
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise UserError(
                f"{self.path} cannot be written any more: {error.strerror}; what was indexed "
                "before stays, name another file with --rejects"
            ) from error

    def is_at(self, path: str) -> bool:
        """Tell whether a file is this one: it may lie in a folder that is read."""
        try:
            return Path(path).name == self.path.name and self.path.samefile(path)
        except OSError:
            return False

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
