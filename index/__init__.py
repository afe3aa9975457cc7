"""Indexes: creating, writing, reading and maintaining them.

Create an index with `create_index`. Open it for writing with `IndexWriter` and
for reading with `IndexSnapshot`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nutgraf.index.lazy import lazy_exports

if TYPE_CHECKING:
    from nutgraf.index.article import (
        Article as Article,
        Paragraph as Paragraph,
    )
    from nutgraf.index.maintenance.backup import (
        back_up_index as back_up_index,
    )
    from nutgraf.index.maintenance.create import (
        create_index as create_index,
    )
    from nutgraf.index.maintenance.rebuild import (
        compact_index as compact_index,
        put_back_index as put_back_index,
        reindex as reindex,
        repair_index as repair_index,
    )
    from nutgraf.index.maintenance.reranker import (
        set_reranker as set_reranker,
    )
    from nutgraf.index.reader.snapshot import (
        IndexSnapshot as IndexSnapshot,
    )
    from nutgraf.index.verification import (
        verify_index as verify_index,
    )
    from nutgraf.index.writer import (
        IndexWriter as IndexWriter,
    )

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

__all__ = sorted(_MODULES)

__getattr__, __dir__ = lazy_exports(__name__, _MODULES)
