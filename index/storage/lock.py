"""Locks: at most one writer and one rebuild of an index at a time."""

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
"""Seconds to wait for a lock.

The function is_locked() also holds the lock, but for a much shorter time.
"""

_ACTIVITY: Final = {LOCK: "written", REBUILD_LOCK: "rebuilt"}


class WriteLock:
    """An exclusive lock on an index directory.

    When the process that holds the lock ends, the kernel releases the lock. `name` is
    LOCK for a writer, or REBUILD_LOCK for a rebuild. These locks are independent: the
    index can be written during a rebuild. `wait` is the number of seconds to wait while
    another process holds the lock.

    Raises IndexLockedError if another process still holds the lock after that time; the
    message names the process. Raises NotWritableError if this user cannot write to the
    directory.
    """

    def __init__(self, index: Path, name: str = LOCK, wait: float = LOCK_WAIT) -> None:
        path = index / name
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
            raise NotWritableError(
                f"{index} cannot be written by user {os.getuid()} ({error.strerror}): run "
                f"Nutgraf as its owner, user {index.stat().st_uid}, or make the index writable"
            ) from None
        until = time.monotonic() + wait
        try:
            while not self._try_acquire():
                if time.monotonic() > until:
                    holder = os.pread(self._file, 200, 0).decode(errors="replace").strip()
                    raise IndexLockedError(
                        f"{index} is being {_ACTIVITY[name]} by {holder or 'another process'}; "
                        "wait until that process has finished, or stop it"
                    )
                time.sleep(_RETRY_SECONDS)
        except BaseException:
            os.close(self._file)
            raise
        os.truncate(self._file, 0)
        with suppress(OSError):  # On a full disk, the lock works without the name.
            os.pwrite(self._file, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)

    def _try_acquire(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Release the lock."""
        # With close() alone, a child process that was forked before would keep the lock.
        fcntl.flock(self._file, fcntl.LOCK_UN)
        os.close(self._file)


def is_locked(index: Path, name: str = LOCK) -> bool:
    """Tell whether a process holds a lock.

    Return True if this is unknown, for example in a directory that this user cannot
    write to.
    """
    if not os.access(index, os.W_OK):
        return True  # Another machine or another user may be writing.
    try:
        file = os.open(index / name, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        # This lock is released at once. A writer that starts meanwhile waits up to LOCK_WAIT.
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(file)
