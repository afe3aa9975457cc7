"""Marks of files: a reader sees from them that an index has changed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from nutgraf.index.storage.layout import CLUSTERS, KEYWORDS

__all__ = ["Mark", "mark_of", "mark_of_parts", "settled"]

Mark = tuple[tuple[int, int], ...]
"""The inode and the time of the last change of each file or folder."""

TICK: Final = 2_000_000_000
"""The resolution of the coarsest time stamps of file systems, in nanoseconds.

Most file systems have time stamps in milliseconds.
"""


def mark_of(path: Path) -> Mark:
    """Return a mark that changes if the file or folder `path` changes.

    The mark consists of the inode and the time of the last change. A folder changes
    if a file in it is added, deleted or replaced.
    """
    try:
        found = path.stat()
    except OSError:
        return ()
    return ((found.st_ino, found.st_mtime_ns),)


def mark_of_parts(parts: Path) -> Mark:
    """Return a mark of the parts that change what a reader sees."""
    return (*mark_of(parts / KEYWORDS), *mark_of(parts / CLUSTERS))


def settled(mark: Mark) -> Mark | None:
    """Return `mark`, or None if a later change could result in the same mark.

    This is possible if the last change is more recent than the resolution of time
    stamps.
    """
    newest = max((stamp for _, stamp in mark), default=0)
    return mark if time.time_ns() - newest > TICK else None
