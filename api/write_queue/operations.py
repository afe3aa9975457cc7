"""Write operations and their results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nutgraf.api.write_queue.preconditions import ALWAYS, Precondition
from nutgraf.index import Article, IndexWriter
from nutgraf.index.errors import InputError

__all__ = ["Applied", "Delete", "Put", "Result", "Written", "apply"]

Result = Literal["created", "updated", "unchanged", "deleted", "missing", "refused", "rejected"]


@dataclass(frozen=True, slots=True)
class Put:
    """A request to add or replace an article, if `condition` is met.

    `unknown` are the fields in its `extra` that Nutgraf does not know.
    """

    article: Article
    condition: Precondition = ALWAYS
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete:
    """A request to delete an article, if it exists and `condition` is met."""

    id: str
    condition: Precondition = ALWAYS


@dataclass(frozen=True, slots=True)
class Applied:
    """The result of one operation.

    `result` is "missing" if there was no article to delete, and "refused" if the
    condition was not met. `digest` is the digest of the article after the operation,
    or None if there is no such article then. If `result` is "rejected", the index declares
    a field whose value has another kind, and `reason` is the message. `unknown` are the
    fields of a written article that neither Nutgraf knows nor the index declares.
    """

    id: str
    result: Result
    digest: bytes | None
    unknown: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """The results of operations that were queued together.

    `snapshot` is the sequence number of the commit that contains the operations.
    """

    applied: tuple[Applied, ...]
    snapshot: int


def apply(operation: Put | Delete, writer: IndexWriter) -> Applied:
    """Apply an operation, if its condition is met.

    The condition is compared with the article as the next commit would store it. Only
    the single writer knows this uncommitted state. So if 2 clients send a change to the
    same version of an article, with its tag in If-Match, the second change is refused.
    """
    article = operation.article.id if isinstance(operation, Put) else operation.id
    before = writer.digest_of(article)
    if isinstance(operation, Delete) and before is None:
        # RFC 9110, 13.2.1: a server ignores conditions if it would answer 404 without them.
        return Applied(article, "missing", None)
    if operation.condition.failed(before):
        return Applied(article, "refused", before)
    if isinstance(operation, Delete):
        writer.delete(article)
        return Applied(article, "deleted", None)
    try:
        result = writer.put(operation.article)
    except InputError as error:
        return Applied(article, "rejected", before, reason=str(error))
    unknown = tuple(name for name in operation.unknown if name not in writer.declared)
    return Applied(article, result, writer.digest_of(article), unknown)
