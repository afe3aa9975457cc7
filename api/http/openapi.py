"""OpenAPI fragments that several routes share in /docs: headers, errors, bodies."""

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


IF_MATCH: Final = _header("If-Match", "Only if the article is there with one of these tags, or *.")
IF_NONE_MATCH: Final = _header(
    "If-None-Match", "Only if the article has none of these tags; *: only if there is none."
)

PROBLEM_DESCRIPTIONS: Final = {
    400: "The request cannot be read",
    403: "The server was started read-only",
    404: "There is no such article",
    408: "The body did not come in time",
    412: "If-Match or If-None-Match does not hold",
    413: "The body is too large",
    415: "The body is of another type",
    422: "The request, or the article, is wrong",
    429: "As much is under way as is taken at once",
    500: "The index did not take it",
    503: "Another process writes to the index, or the server is stopping",
    507: "There is no room left",
}


def problem_responses(*statuses: int) -> Responses:
    """Return how errors of these statuses are described."""
    return {
        status: {
            "model": Problem,
            "description": PROBLEM_DESCRIPTIONS[status],
            **({"headers": RETRY_AFTER} if status in (429, 503) else {}),
        }
        for status in statuses
    }


def article_request_body() -> dict[str, Any]:
    """Return how a body of one article is described."""
    schema = ArticleBody.model_json_schema()
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def stream_request_body(kinds: Collection[str]) -> dict[str, Any]:
    """Return how a stream of articles is described."""
    schema = {"type": "string", "description": "An article a line, each with its id."}
    return {"required": True, "content": {kind: {"schema": schema} for kind in kinds}}
