"""The shapes of answers over HTTP that are no dataclasses of search, for /docs and the tests."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

__all__ = [
    "DeletedAnswer",
    "FieldError",
    "Health",
    "Problem",
    "WrittenAnswer",
]


class WrittenAnswer(BaseModel):
    """What came of an article that was put; snapshot is the commit that has it."""

    id: str
    result: Literal["created", "updated", "unchanged"]
    etag: str
    snapshot: int


class DeletedAnswer(BaseModel):
    """The article is gone; snapshot is the commit without it."""

    id: str
    result: Literal["deleted"]
    snapshot: int


class Health(BaseModel):
    """The server answers."""

    status: Literal["ok"]


class FieldError(BaseModel):
    """One field that is wrong, and why."""

    field: str
    reason: str


class Problem(BaseModel):
    """An error, RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []
    durable: Annotated[
        int | None, Field(description="Of a stream that failed: the line up to which all is kept.")
    ] = None
