"""From the answer of a job to an HTTP response."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from fastapi.responses import Response

from nutgraf.api.answering.jobs import Answer, Job

__all__ = ["Ask", "json_response"]

Ask = Callable[[Job], Awaitable[Answer]]
"""A function that does a job with a commit that has all answered writes."""


def json_response(answer: Answer, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with the JSON of an answer."""
    return Response(answer.body, media_type="application/json", headers=headers)
