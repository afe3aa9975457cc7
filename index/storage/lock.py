"""One writer at a time, and one that builds a new generation."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from nutgraf.index.errors import IndexLockedError, NotWritableError
from nutgraf.index.storage.layout import LOCK, REBUILD_LOCK

__all__ = ["LOCK_WAIT", "WriteLock", "is_locked"]

_RETRY_SECONDS: Final = 0.05

LOCK_WAIT: Final = 0.2
"""Seconds in which whoever only looks at the lock, as is_locked() does, has let go of it."""

_ACTIVITY: Final = {LOCK: "written", REBUILD_LOCK: "rebuilt"}


class WriteLock:
    """An exclusive lock on an index directory; the kernel drops it when its process dies.

    `name` is LOCK, or REBUILD_LOCK for who builds a new generation beside the
    one that is written; `wait` the seconds in which a holder may let go.

    Raises IndexLockedError, naming the holder, where another process has it,
    and NotWritableError where the directory cannot be written.
    """

    def __init__(self, index: Path, name: str = LOCK, wait: float = LOCK_WAIT) -> None:
        path = index / name
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
            raise NotWritableError(
                f"{index} cannot be written by user {os.getuid()} ({error.strerror}): write it as "
                f"its owner, user {index.stat().st_uid}, or make it writable"
            ) from None
        until = time.monotonic() + wait
        try:
            while not self._try_acquire():
                if time.monotonic() > until:
                    holder = os.pread(self._file, 200, 0).decode(errors="replace").strip()
                    raise IndexLockedError(
                        f"{index} is being {_ACTIVITY[name]} by {holder or 'another process'}; "
                        "wait until it is done, or stop it"
                    )
                time.sleep(_RETRY_SECONDS)
        except BaseException:
            os.close(self._file)
            raise
        os.truncate(self._file, 0)
        with suppress(OSError):  # The lock holds on a full disk, too, if without a name on it.
            os.pwrite(self._file, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)

    def _try_acquire(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Let the next writer in."""
        # Closing alone would leave the lock to a child that was forked meanwhile.
        fcntl.flock(self._file, fcntl.LOCK_UN)
        os.close(self._file)


def is_locked(index: Path, name: str = LOCK) -> bool:
    """Tell whether a process holds a lock; that of a folder that cannot be written may be."""
    if not os.access(index, os.W_OK):
        return True  # Another machine, or another user, may be the one that writes.
    try:
        file = os.open(index / name, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        # Let go at once: a writer that comes in this very instant waits for LOCK_WAIT.
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(file)
