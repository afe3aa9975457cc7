"""What requests ask to be written, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nutgraf.api.write_queue.preconditions import ALWAYS, Precondition
from nutgraf.index import Article, IndexWriter

__all__ = ["Applied", "Delete", "Put", "Result", "Written", "apply"]

Result = Literal["created", "updated", "unchanged", "deleted", "missing", "refused"]


@dataclass(frozen=True, slots=True)
class Put:
    """Add or replace an article, if `condition` holds."""

    article: Article
    condition: Precondition = ALWAYS


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the article with this id, if there is one and `condition` holds."""

    id: str
    condition: Precondition = ALWAYS


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of one operation.

    "missing": there was nothing to delete; "refused": its condition did not
    hold. `digest` is of the article as it is now, None where there is none.
    """

    id: str
    result: Result
    digest: bytes | None


@dataclass(frozen=True, slots=True)
class Written:
    """What came of operations that were queued together; `snapshot` is the commit that has them."""

    applied: tuple[Applied, ...]
    snapshot: int


def apply(operation: Put | Delete, writer: IndexWriter) -> Applied:
    """Carry out an operation, if its condition holds for what the next commit would leave.

    Only the one writer knows that, so of two who read the same version one is refused.
    """
    article = operation.article.id if isinstance(operation, Put) else operation.id
    before = writer.digest_of(article)
    if isinstance(operation, Delete) and before is None:
        # RFC 9110, 13.2.1: no condition is looked at where the answer is 404 without it.
        return Applied(article, "missing", None)
    if operation.condition.failed(before):
        return Applied(article, "refused", before)
    if isinstance(operation, Delete):
        writer.delete(article)
        return Applied(article, "deleted", None)
    result = writer.put(operation.article)
    return Applied(article, result, writer.digest_of(article))
