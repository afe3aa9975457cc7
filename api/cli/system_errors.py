"""Errors of the operating system, with the next step."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from nutgraf.index.storage.files import disk_full, is_full

__all__ = ["is_fault_of_user", "system_error"]

ALLOW: Final = "let this user read and write it, or run the command as the owner of the index"

ADVICE: Final[Mapping[int, str]] = {
    errno.EACCES: ALLOW,
    errno.EPERM: ALLOW,
    errno.EROFS: "mount the file system writable, or name another place",
    errno.ENOTDIR: "a file is in the place of a folder: move it away",
    errno.EISDIR: "a folder is in the place of a file: move it away",
    errno.EMFILE: "raise the limit of open files, for example with 'ulimit -n 4096'",
    errno.EIO: "the disk cannot be read or written: check it, then run 'nutgraf verify'",
    errno.ENOMEM: "free some memory, or use a machine with more",
}

OF_MACHINE: Final = (errno.EIO, errno.ENOMEM)
"""The errors in ADVICE that the user did not cause."""


def system_error(error: OSError | MemoryError) -> str:
    """Return the message for an error of the system: where, what, and the next step."""
    if isinstance(error, MemoryError):
        return f"the memory is used up; {ADVICE[errno.ENOMEM]}"
    if is_full(error):
        return str(disk_full(Path(error.filename or "a file")))
    where = f"{error.filename}: " if error.filename else ""
    advice = ADVICE.get(error.errno or 0)
    return f"{where}{error.strerror or error}{f'; {advice}' if advice else ''}"


def is_fault_of_user(error: OSError | MemoryError) -> bool:
    """Return whether the user can mend the error, without a look at the machine."""
    if isinstance(error, MemoryError):
        return False
    return is_full(error) or (error.errno in ADVICE and error.errno not in OF_MACHINE)
