"""Atomic, durable writes; out-of-space errors raised as `DiskFullError`."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from nutgraf.index.errors import DiskFullError

__all__ = [
    "copy_files",
    "disk_full",
    "is_full",
    "raising_disk_full",
    "replace_file",
    "sync",
    "sync_tree",
]

_FULL_ERRNOS: Final = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})

_SQLITE_FULL_CODES: Final = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_TRUNCATE,
        sqlite3.SQLITE_IOERR_SHMOPEN,
        sqlite3.SQLITE_IOERR_SHMSIZE,
        sqlite3.SQLITE_IOERR_SHMMAP,
    }
)

_FULL_MESSAGE: Final = re.compile(
    "|".join(("StorageFull", "FileTooLarge", *(rf"\(?os error {code}\)?" for code in _FULL_ERRNOS)))
)
"""Texts of out-of-space errors of Rust libraries.

These libraries report only the text of an error, no error number.
"""


def is_full(error: BaseException) -> bool:
    """Tell whether an error means that the disk is full."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) in _SQLITE_FULL_CODES
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _FULL_ERRNOS
    return bool(_FULL_MESSAGE.search(str(error)))


def disk_full(path: Path) -> DiskFullError:
    """Return the error to raise if there is no room to write `path`."""
    return DiskFullError(
        f"there is no room to write {path}: free some disk space and try again; "
        "everything that was committed is safe"
    )


@contextmanager
def raising_disk_full(path: Path) -> Iterator[None]:
    """Raise DiskFullError for `path` if the block fails because the disk is full."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise disk_full(path) from error
        raise


def replace_file(path: Path, content: bytes) -> None:
    """Write a file atomically and durably.

    After a power cut, the file has its old content or `content`, never a part of it.
    Raises DiskFullError if the disk is full.
    """
    partial = path.with_name(f"{path.name}.partial")
    with raising_disk_full(path):
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        sync(path.parent)


def sync_tree(folder: Path) -> None:
    """Flush a folder, everything in it, and its entry in the parent folder to disk."""
    for place, _, names in os.walk(folder):
        for name in names:
            sync(Path(place, name))
        sync(Path(place))
    sync(folder.parent)


def sync(path: Path) -> None:
    """Flush a file, or the list of the entries of a folder, to disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def copy_files(folder: Path, destination: Path) -> None:
    """Copy the files of a folder to a new folder.

    Raises DiskFullError if the disk is full.
    """
    destination.mkdir()
    for file in folder.iterdir():
        with raising_disk_full(destination / file.name):
            shutil.copyfile(file, destination / file.name)
