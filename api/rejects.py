"""What was rejected or flagged, as JSONL for whoever mends it."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Literal, Self

from nutgraf.index.errors import UserError
from nutgraf.index.sources import Flagged, Rejected

__all__ = ["RejectsFile", "opened_rejects"]

Kind = Literal["rejected", "flagged"]


def opened_rejects(path: Path | None) -> AbstractContextManager[RejectsFile | None]:
    """Return the file at `path`, to be closed after use; None where there is no path."""
    return nullcontext() if path is None else RejectsFile(path)


class RejectsFile:
    """A file that a line is written to for each: {"kind", "place", "reason"}.

    Each line is written whole, and at once: it can be followed. What the file
    held before is gone. Raises UserError where it cannot be written.
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
        self._file.write(json.dumps(line).encode() + b"\n")

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
