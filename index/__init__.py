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
    from nutgraf.index.backup import back_up_index
    from nutgraf.index.creation import create_index
    from nutgraf.index.rebuild import (
        compact_index,
        put_back_index,
        reindex,
        repair_index,
    )
    from nutgraf.index.reranking import set_reranker
    from nutgraf.index.snapshot import IndexSnapshot
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
    "IndexSnapshot": "snapshot",
    "IndexWriter": "writer",
    "Paragraph": "article",
    "back_up_index": "backup",
    "compact_index": "rebuild",
    "create_index": "creation",
    "put_back_index": "rebuild",
    "reindex": "rebuild",
    "repair_index": "rebuild",
    "set_reranker": "reranking",
    "verify_index": "verification",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
