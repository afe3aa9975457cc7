"""Sizes of the parts of an index on disk."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from nutgraf.index.storage.layout import ENCODER, PARTS, RERANKER

__all__ = ["OTHER", "SHARED", "part_sizes"]

OTHER: Final = "other"
"""The name for all other files: earlier generations, the manifest and locks."""

SHARED: Final = (ENCODER, RERANKER, OTHER)
"""The parts whose size does not depend on the number of paragraphs."""

_LOGS: Final = ("-wal", "-shm")


def part_sizes(index: Path, folder: Path) -> dict[str, int]:
    """Return the bytes of each part that exists, and of all other files as OTHER.

    `folder` contains the parts. The log of a database counts as the database.
    """
    sizes: dict[str, int] = {}
    for part in PARTS:
        if (folder / part).exists():
            name = part
            for log in _LOGS:
                name = name.removesuffix(log)
            sizes[name] = sizes.get(name, 0) + _size(folder / part)
    sizes[OTHER] = max(0, _size(index) - sum(sizes.values()))  # A file may be deleted meanwhile.
    return sizes


def _size(path: Path) -> int:
    """Return the size of a file, or of all files below a folder.

    Files that are deleted meanwhile are ignored.
    """
    paths = [path]
    if path.is_dir():
        paths = [Path(place, name) for place, _, names in os.walk(path) for name in names]
    total = 0
    for each in paths:
        with suppress(FileNotFoundError):
            total += each.stat().st_size
    return total
