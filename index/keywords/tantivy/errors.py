"""Errors of tantivy, converted to errors of Nutgraf."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nutgraf.index.errors import BrokenIndexError, IndexLockedError
from nutgraf.index.storage.files import disk_full, is_full

__all__ = ["guarded"]


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Convert errors of tantivy to errors of Nutgraf.

    tantivy has no exception classes of its own.
    """
    try:
        yield
    except BaseException as error:
        # A panic is not a subclass of Exception, and the class of a panic cannot be imported.
        panic = type(error).__module__ == "pyo3_runtime"
        if not panic and not isinstance(error, (ValueError, OSError, KeyError, TypeError)):
            raise
        if "LockBusy" in str(error):
            raise IndexLockedError(
                f"cannot lock the keyword index at {path}: another process is writing it; "
                "wait for that process, or stop it"
            ) from error
        if is_full(error):
            raise disk_full(path) from error
        raise BrokenIndexError(
            f"the keyword index at {path} cannot be used ({error!s:.200}); "
            "rebuild it from the catalog with 'nutgraf repair'"
        ) from error
