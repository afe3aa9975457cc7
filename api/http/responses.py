"""Models of the HTTP responses for which `nutgraf.search` has no dataclass.

The page /docs and the tests use the models.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

__all__ = [
    "DeletedAnswer",
    "FieldError",
    "Health",
    "Lookups",
    "Problem",
    "WrittenAnswer",
]


class WrittenAnswer(BaseModel):
    """The result of putting an article; `snapshot` is the commit that contains it.

    `flagged` is a warning, only if something was removed from the article.
    `unknown_fields` are the fields that were stored in `extra`, only if there are any.
    """

    id: str
    result: Literal["created", "updated", "unchanged"]
    etag: str
    flagged: str | None = None
    unknown_fields: list[str] | None = None
    snapshot: int


class DeletedAnswer(BaseModel):
    """The article is deleted; `snapshot` is the commit that deleted it."""

    id: str
    result: Literal["deleted"]
    snapshot: int


class Lookups(BaseModel):
    """Lookups in the caches of all processes: with and without a cached value."""

    hits: int
    misses: int


class Health(BaseModel):
    """The state of the server.

    `workers` is the number of processes that answer, and `waiting` the number of requests that
    wait for one. `answers` and `embeddings` are the lookups of complete answers and of embeddings
    of questions.
    """

    status: Literal["ok"]
    workers: int
    waiting: int
    answers: Lookups
    embeddings: Lookups


class FieldError(BaseModel):
    """An invalid field, and the reason."""

    field: str
    reason: str


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []
    durable: Annotated[
        int | None,
        Field(description="If a stream failed: the line up to which all lines are durable."),
    ] = None
