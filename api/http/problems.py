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

from nutgraf.api.answering.errors import AnsweringError
from nutgraf.api.write_queue.errors import WritingError
from nutgraf.index.errors import NutgrafError
from nutgraf.search.errors import RequestError

__all__ = ["PROBLEM", "ProblemError", "add_problem_handlers", "failure_problem", "problem"]

PROBLEM: Final = "application/problem+json"

LOG: Final = logging.getLogger("nutgraf.api")

UNION_TAGS: Final = ("str", "list[str]", "bool", "Rerank")
"""Names of types that pydantic adds to the location of a value in a union."""

KINDS: Final = {
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}
"""The value that a field must have, by the type of pydantic's error."""


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
    """Return a response about a problem. `errors` are invalid fields, with reasons."""
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


def failure_problem(
    error: WritingError | AnsweringError, detail: str | None = None, **more: Any
) -> JSONResponse:
    """Return the problem for a failed request, with Retry-After if waiting helps."""
    headers = None if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return problem(error.status, detail or str(error), headers=headers, **more)


def add_problem_handlers(app: FastAPI) -> None:
    """Make the app answer every error with a problem."""
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(ProblemError, _problem_error)
    app.add_exception_handler(WritingError, _failure)
    app.add_exception_handler(AnsweringError, _failure)
    app.add_exception_handler(NutgrafError, _nutgraf_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(ClientDisconnect, _client_disconnected)
    app.add_exception_handler(Exception, _unexpected_error)


async def _validation_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    errors = _errors(error.errors())
    return problem(422, "; ".join(f"{e['field']}: {e['reason']}" for e in errors[:3]), errors)


async def _problem_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)  # noqa: S101
    return problem(error.status, str(error), [{"field": error.field, "reason": error.reason}])


async def _failure(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, WritingError | AnsweringError)  # noqa: S101
    return failure_problem(error)


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


def _errors(items: Sequence[Any]) -> list[dict[str, str]]:
    """Return one error for each invalid field.

    For a field with several types, pydantic reports each type that does not fit.
    """
    found: dict[str, list[Any]] = {}
    for item in items:
        found.setdefault(_field(item["loc"]), []).append(item)
    # An error within an object says more than the error that the object is not true or false.
    deepest = [name for name in found if not any(f.startswith(f"{name}.") for f in found)]
    return [{"field": name, "reason": _reason(name, found[name])} for name in deepest]


def _field(location: Sequence[str | int]) -> str:
    """Return the name of a field as in the request, such as filters.published_from."""
    steps = [step for step in location[1:] if isinstance(step, str) and step not in UNION_TAGS]
    return ".".join(steps) or "body"


def _reason(field: str, items: Sequence[Any]) -> str:
    item, kinds = items[0], [KINDS[each["type"]] for each in items if each["type"] in KINDS]
    if field == "body" and "an object" in kinds:
        return "must be a JSON object, sent with content-type: application/json"
    if kinds:
        return f"must be {' or '.join(dict.fromkeys(kinds))}, got {item['input']!r:.40}"
    match item["type"]:
        case "extra_forbidden":
            return "is not a field of this request; check its spelling, or omit it"
        case "missing":
            return "is missing; give a value"
        case "literal_error":
            return f"is {item['input']!r:.40}; choose one of {item['ctx']['expected']}"
        case "json_invalid":
            return f"is not JSON: {item['ctx']['error']}; send one JSON object"
        case _:
            return str(item["msg"])[:200]
