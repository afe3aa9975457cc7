"""Folders of derived files: one process at a time makes them, without write lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from nutgraf.index.errors import IndexLockedError
from nutgraf.index.storage.lock import WriteLock

__all__ = ["PARTIAL", "lock_folder", "remove_others"]

PARTIAL: Final = ".partial"
"""The suffix of a file that is not yet complete."""


@contextmanager
def lock_folder(folder: Path) -> Iterator[bool]:
    """Hold the lock of a folder, which is created if it is missing.

    Yield False, without waiting, if another process holds the lock.
    """
    folder.mkdir(exist_ok=True)
    try:
        lock = WriteLock(folder, wait=0)
    except IndexLockedError:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def remove_others(folder: Path, kept: str, suffix: str) -> None:
    """Remove the incomplete files of a folder, and those with this suffix except one."""
    for other in (*folder.glob(f"*{suffix}"), *folder.glob(f"*{PARTIAL}")):
        if other.name != kept:
            with suppress(OSError):  # A leftover does no harm; the next call removes it.
                other.unlink()
