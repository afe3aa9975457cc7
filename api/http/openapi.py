"""OpenAPI fragments that several routes share: headers, errors and bodies."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from nutgraf.api.http.requests import (
    ArticleBody,
)
from nutgraf.api.http.responses import (
    Problem,
)

__all__ = [
    "ETAG",
    "IF_MATCH",
    "IF_NONE_MATCH",
    "Responses",
    "article_request_body",
    "problem_responses",
    "reading_responses",
    "stream_request_body",
]

Responses = dict[int | str, dict[str, Any]]

ETAG: Final = {
    "ETag": {
        "description": "The tag of the article's content, for If-Match and If-None-Match.",
        "schema": {"type": "string"},
        "example": '"5d41402abc4b2a76b9719d911017c592"',
    }
}

RETRY_AFTER: Final = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}
}


def _header(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "string"}
    return {"name": name, "in": "header", "description": description, "schema": schema}


IF_MATCH: Final = _header(
    "If-Match", "Proceed only if the article has one of these tags; with *, only if it exists."
)
IF_NONE_MATCH: Final = _header(
    "If-None-Match",
    "Proceed only if the article has none of these tags; with *, only if it does not exist.",
)

PROBLEM_DESCRIPTIONS: Final = {
    400: "The request is malformed",
    403: "The server is read-only, or the Host header does not name this machine",
    404: "There is no such article",
    408: "The client sent the body too slowly",
    412: "The condition of If-Match or If-None-Match is not met",
    413: "The body is too large",
    415: "The content type or encoding of the body is not accepted",
    422: "The request or the article is invalid",
    429: "Too many writes are in progress",
    500: "The index could not be written",
    503: "Another process is writing to the index, or the server is stopping",
    507: "The disk is full",
}


def problem_responses(*statuses: int) -> Responses:
    """Return the descriptions of error responses with these statuses."""
    return {
        status: {
            "model": Problem,
            "description": PROBLEM_DESCRIPTIONS[status],
            **({"headers": RETRY_AFTER} if status in (429, 503) else {}),
        }
        for status in statuses
    }


def reading_responses() -> Responses:
    """Return the description of the response to a request that was not answered."""
    return {
        503: {
            "model": Problem,
            "description": "Too many requests wait for an answer",
            "headers": RETRY_AFTER,
        }
    }


def article_request_body() -> dict[str, Any]:
    """Return the description of a body with one article."""
    schema = ArticleBody.model_json_schema()
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def stream_request_body(kinds: Collection[str]) -> dict[str, Any]:
    """Return the description of a body with a stream of articles."""
    schema = {"type": "string", "description": "One article a line, each with its id."}
    return {"required": True, "content": {kind: {"schema": schema} for kind in kinds}}
