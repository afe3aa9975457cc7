"""What is stored, and how it gets there.

Make an index with `create_index`, open it for writing with `IndexWriter`, for
reading with `IndexSnapshot`. Nothing is imported before it is used: a shell
asks for --help, too.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nutgraf.index.article import Article, Paragraph
    from nutgraf.index.maintenance.backup import back_up_index
    from nutgraf.index.maintenance.create import create_index
    from nutgraf.index.maintenance.rebuild import (
        compact_index,
        put_back_index,
        reindex,
        repair_index,
    )
    from nutgraf.index.maintenance.reranker import set_reranker
    from nutgraf.index.reader.snapshot import IndexSnapshot
    from nutgraf.index.verification import verify_index
    from nutgraf.index.writer import IndexWriter

__all__ = [
    "Article",
    "IndexSnapshot",
    "IndexWriter",
    "Paragraph",
    "back_up_index",
    "compact_index",
    "create_index",
    "put_back_index",
    "reindex",
    "repair_index",
    "set_reranker",
    "verify_index",
]

_MODULES = {
    "Article": "article",
    "IndexSnapshot": "reader.snapshot",
    "IndexWriter": "writer",
    "Paragraph": "article",
    "back_up_index": "maintenance.backup",
    "compact_index": "maintenance.rebuild",
    "create_index": "maintenance.create",
    "put_back_index": "maintenance.rebuild",
    "reindex": "maintenance.rebuild",
    "repair_index": "maintenance.rebuild",
    "set_reranker": "maintenance.reranker",
    "verify_index": "verification",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
