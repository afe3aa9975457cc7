"""Write operations and their results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nutgraf.api.write_queue.preconditions import ALWAYS, Precondition
from nutgraf.index import Article, IndexWriter

__all__ = ["Applied", "Delete", "Put", "Result", "Written", "apply"]

Result = Literal["created", "updated", "unchanged", "deleted", "missing", "refused"]


@dataclass(frozen=True, slots=True)
class Put:
    """A request to add or replace an article, if `condition` is met."""

    article: Article
    condition: Precondition = ALWAYS


@dataclass(frozen=True, slots=True)
class Delete:
    """A request to delete an article, if it exists and `condition` is met."""

    id: str
    condition: Precondition = ALWAYS


@dataclass(frozen=True, slots=True)
class Applied:
    """The result of one operation.

    "missing": there was no article to delete. "refused": the condition was not
    met. `digest` is of the article after the operation, None if there is no article.
    """

    id: str
    result: Result
    digest: bytes | None


@dataclass(frozen=True, slots=True)
class Written:
    """The results of operations that were queued together.

    `snapshot` is the sequence of the commit that contains them.
    """

    applied: tuple[Applied, ...]
    snapshot: int


def apply(operation: Put | Delete, writer: IndexWriter) -> Applied:
    """Apply an operation, if its condition is met.

    The condition is compared with the state that the next commit would have. Only the
    single writer knows that state. So if 2 clients read the same version of an article
    and change it, one of them is refused.
    """
    article = operation.article.id if isinstance(operation, Put) else operation.id
    before = writer.digest_of(article)
    if isinstance(operation, Delete) and before is None:
        # RFC 9110, 13.2.1: conditions are ignored if the response is 404 without them.
        return Applied(article, "missing", None)
    if operation.condition.failed(before):
        return Applied(article, "refused", before)
    if isinstance(operation, Delete):
        writer.delete(article)
        return Applied(article, "deleted", None)
    result = writer.put(operation.article)
    return Applied(article, result, writer.digest_of(article))
