"""The index directory (format 1): the name of each part."""

from __future__ import annotations

from typing import Final

__all__ = ["CATALOG", "COLUMNS", "ENCODER", "KEYWORDS", "LOCK", "MANIFEST", "VECTORS"]

MANIFEST: Final = "manifest.json"
CATALOG: Final = "catalog.sqlite"
VECTORS: Final = "rows.f16"
KEYWORDS: Final = "keywords"
COLUMNS: Final = "columns"
ENCODER: Final = "encoder"
LOCK: Final = "write.lock"
