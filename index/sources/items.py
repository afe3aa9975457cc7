"""What a reader yields besides articles."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from nutgraf.index.errors import InputError

__all__ = ["FileName", "OnBytes", "Rejected", "Skipped"]

OnBytes = Callable[[int], None]
"""Called with the number of bytes that were read since the last call."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """An article, or a file, that was to be indexed and could not be.

    `place` names the file, and the line where there is one; `reason` says
    what is wrong and which field it is in.
    """

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Skipped:
    """Files in a folder that nobody asked to index and that hold no articles."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class FileName:
    """The name of a file without its ending, from which articles without an id take theirs.

    `clash` is another file of that name, read before: two articles must not
    be taken for two versions of one because their files are called alike.
    `stream` is True where there is no file: its lines are other ones each
    time, so they are told apart by what they hold.
    """

    stem: str
    clash: str | None = None
    stream: bool = False

    def article_id(self, line: int | None = None, content: bytes = b"") -> str:
        """Return the id for the article of the file, or on a line of it.

        Raises InputError where another file has taken the name.
        """
        if self.stream:
            return f"{self.stem}:{hashlib.blake2b(content, digest_size=8).hexdigest()}"
        if self.clash is not None:
            raise InputError(
                f"there is no 'id', and {self.clash} has taken the name {self.stem!r} for its own; "
                "give it an id, or rename the file"
            )
        return self.stem if line is None else f"{self.stem}:{line}"
