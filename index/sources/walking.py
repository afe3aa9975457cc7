"""Folders, with all below them: each once, whatever links lead to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from nutgraf.index.sources.items import Rejected, Skipped

__all__ = ["walk"]


def walk(folder: Path) -> Iterator[Path | Rejected | Skipped]:
    """Yield the files below `folder`, by their names, a folder's own before those below it.

    Hidden files and folders are passed over. Links come last: what they lead to
    is read if it was not before, so that no loop has a beginning.
    """
    seen: set[str] = set()
    links: list[Path] = []
    yield from _below(folder, seen, links)
    while links:
        link = links.pop(0)
        target = Path(os.path.realpath(link))
        if link.is_dir():
            if str(target) in seen:
                yield Skipped(str(link), f"this link leads to {target}, which is read anyway")
            else:
                yield from _below(link, seen, links)
        elif not link.exists():
            yield Skipped(str(link), f"this link leads to {target}, which is not there")
        elif str(target.parent) in seen and not target.name.startswith("."):
            yield Skipped(str(link), f"this link leads to {target}, which is read anyway")
        else:
            yield link


def _below(folder: Path, seen: set[str], links: list[Path]) -> Iterator[Path | Rejected | Skipped]:
    """Yield what is below a folder but for links, which are added to `links`."""
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
            yield Rejected(str(folder), f"this folder cannot be read: {error.strerror}")
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
                yield Skipped(str(path), "it is no file but a pipe, a socket or a device")
        folders.extend(reversed(below))
