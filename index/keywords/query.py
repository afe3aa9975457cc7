"""The nodes that query trees are made of: `whoosh.query`, imported without its warnings."""

from __future__ import annotations

from nutgraf.index.keywords.quiet import quiet_imports

with quiet_imports():
    from whoosh import query

__all__ = ["query"]
