"""Walk folders recursively and visit each folder once, also with symbolic links."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from nutgraf.index.sources.items import Rejected, Skipped

__all__ = ["is_folder", "walk"]

NOT_THERE: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
"""Error numbers that mean that the target of a link does not exist."""


def is_folder(path: Path) -> bool:
    """Tell whether a path is a folder.

    The result is False if the path is invalid, for example too long.
    """
    try:
        return path.is_dir()
    except OSError:
        return False


def walk(folder: Path) -> Iterator[Path | Rejected | Skipped]:
    """Yield the files below `folder`, sorted by name, and reports.

    The files of a folder precede its subfolders. Hidden files and folders are
    skipped. Symbolic links are followed after all other files, and only if their
    targets were not visited before. So a loop of links ends.
    """
    seen: set[str] = set()
    links: list[Path] = []
    yield from _below(folder, seen, links)
    while links:
        link = links.pop(0)
        target = Path(os.path.realpath(link))
        try:
            mode = link.stat().st_mode
        except OSError as error:
            yield _leads_nowhere(link, target, error)
            continue
        if stat.S_ISDIR(mode):
            if str(target) in seen:
                yield Skipped(str(link), f"the link leads to {target}, which is read anyway")
            else:
                yield from _below(link, seen, links)
        elif str(target.parent) in seen and not target.name.startswith("."):
            yield Skipped(str(link), f"the link leads to {target}, which is read anyway")
        else:
            yield link


def _leads_nowhere(link: Path, target: Path, error: OSError) -> Rejected | Skipped:
    leads = f"the link leads to {target}, which"
    if error.errno in NOT_THERE:
        return Skipped(str(link), f"{leads} does not exist")
    return Rejected(str(link), f"{leads} cannot be read: {error.strerror}")


def _below(folder: Path, seen: set[str], links: list[Path]) -> Iterator[Path | Rejected | Skipped]:
    """Yield the files below a folder, and add the symbolic links to `links`.

    `seen` contains the real paths of visited folders; they are skipped.
    """
    folders = [folder]
    while folders:
        folder = folders.pop()
        real = os.path.realpath(folder)
        if real in seen:
            continue
        seen.add(real)
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            yield Rejected(str(folder), f"the folder cannot be read: {error.strerror}")
            continue
        below: list[Path] = []
        for entry in found:
            path = folder / entry.name
            if entry.name.startswith("."):
                continue
            if entry.is_symlink():
                links.append(path)
            elif entry.is_dir():
                below.append(path)
            elif entry.is_file():
                yield path
            else:
                yield Skipped(str(path), "it is a pipe, a socket or a device, not a file")
        folders.extend(reversed(below))
