"""Errors over HTTP: application/problem+json (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from nutgraf.api.write_queue.errors import WritingError
from nutgraf.index.errors import NutgrafError
from nutgraf.search.errors import RequestError

__all__ = ["PROBLEM", "ProblemError", "add_problem_handlers", "problem", "writing_problem"]

PROBLEM: Final = "application/problem+json"

LOG: Final = logging.getLogger("nutgraf.api")

UNION_TAGS: Final = ("str", "list[str]", "bool", "Rerank")
"""Names of types that pydantic adds to the location of a value in a union."""


class ProblemError(Exception):
    """An invalid field of a request, with the 4xx status of the response."""

    def __init__(self, status: int, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.status = status
        self.field = field
        self.reason = reason


def problem(
    status: int,
    detail: str,
    errors: Sequence[dict[str, str]] = (),
    headers: Any = None,
    **more: Any,
) -> JSONResponse:
    """Return a problem. `errors` are the invalid fields, each with its reason."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        content["errors"] = list(errors)
    content.update(more)
    return JSONResponse(content, status, headers=headers, media_type=PROBLEM)


def writing_problem(error: WritingError, detail: str | None = None, **more: Any) -> JSONResponse:
    """Return the problem for a failed write, with Retry-After if waiting helps."""
    headers = None if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return problem(error.status, detail or str(error), headers=headers, **more)


def add_problem_handlers(app: FastAPI) -> None:
    """Make the app answer every error with a problem."""
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(ProblemError, _problem_error)
    app.add_exception_handler(WritingError, _writing_error)
    app.add_exception_handler(NutgrafError, _nutgraf_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(ClientDisconnect, _client_disconnected)
    app.add_exception_handler(Exception, _unexpected_error)


async def _validation_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    errors = [{"field": _field(item["loc"]), "reason": _reason(item)} for item in error.errors()]
    return problem(422, "; ".join(f"{e['field']}: {e['reason']}" for e in errors[:3]), errors)


async def _problem_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)  # noqa: S101
    return problem(error.status, str(error), [{"field": error.field, "reason": error.reason}])


async def _writing_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, WritingError)  # noqa: S101
    return writing_problem(error)


async def _nutgraf_error(_: Request, error: Exception) -> JSONResponse:
    if isinstance(error, RequestError):
        return problem(422, str(error), [{"field": error.field, "reason": error.reason}])
    # A client cannot repair an index, and must not see its paths.
    LOG.error("%s", error)
    return problem(500, "the index cannot be read; the server's log has the reason")


async def _http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    return problem(error.status_code, str(error.detail), headers=error.headers)


async def _client_disconnected(request: Request, _: Exception) -> JSONResponse:
    # The client does not read this response.
    LOG.info("%s %s: the client disconnected", request.method, request.url.path)
    return problem(400, "the body is incomplete: the client disconnected")


async def _unexpected_error(request: Request, error: Exception) -> JSONResponse:
    LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(500, "internal error; the server's log has the details")


def _field(location: Sequence[str | int]) -> str:
    """Return the name of a field as the request spells it: filters.published_from."""
    steps = [step for step in location[1:] if isinstance(step, str) and step not in UNION_TAGS]
    return ".".join(steps) or "body"


def _reason(item: dict[str, Any]) -> str:
    if item["type"] == "extra_forbidden":
        return "is not a field of this request"
    if item["type"] == "missing":
        return "is missing"
    return str(item["msg"])[:200]
