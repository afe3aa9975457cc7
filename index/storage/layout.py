"""File names in an index directory (format 4), and the folders of generations.

A generation is a complete set of the parts of an index. A rebuild creates a new
generation. The manifest names the generation in use.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

__all__ = [
    "CATALOG",
    "CLUSTERS",
    "COLUMNS",
    "ENCODER",
    "FIRST",
    "KEYWORDS",
    "LOCK",
    "MANIFEST",
    "PARTS",
    "REBUILD_LOCK",
    "RERANKER",
    "STORIES",
    "SUGGESTIONS",
    "VECTORS",
    "generations",
    "parts_folder",
]

MANIFEST: Final = "manifest.json"
CATALOG: Final = "catalog.sqlite"
VECTORS: Final = "rows.i8"
CLUSTERS: Final = "clusters"
KEYWORDS: Final = "keywords"
COLUMNS: Final = "columns"
STORIES: Final = "stories"
SUGGESTIONS: Final = "suggestions.sqlite"
ENCODER: Final = "encoder"
RERANKER: Final = "reranker"
LOCK: Final = "write.lock"
REBUILD_LOCK: Final = "rebuild.lock"

PARTS: Final = (
    KEYWORDS,
    COLUMNS,
    STORIES,
    VECTORS,
    CLUSTERS,
    ENCODER,
    *(f"{name}{log}" for name in (CATALOG, SUGGESTIONS) for log in ("", "-wal", "-shm")),
    RERANKER,
)
"""The files and folders of a generation."""

FIRST: Final = 1
"""The number of the first generation of an index.

Its parts are in the index directory itself, beside the manifest.
"""

_FOLDER: Final = re.compile(r"generation-([1-9][0-9]{0,8})")


def parts_folder(index: Path, generation: int) -> Path:
    """Return the folder with the parts of a generation."""
    return index if generation == FIRST else index / f"generation-{generation}"


def generations(index: Path) -> list[int]:
    """Return the numbers of the generations in an index directory, ascending."""
    found = {int(name[1]) for path in index.iterdir() if (name := _FOLDER.fullmatch(path.name))}
    if any((index / part).exists() for part in PARTS):
        found.add(FIRST)
    return sorted(found)
