"""Bodies of requests that write: content type, size, and the article in a body."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any, Final, NoReturn

from fastapi import HTTPException, Request

from nutgraf.api.http.problems import ProblemError
from nutgraf.api.write_queue.slots import Slot
from nutgraf.index.errors import InputError
from nutgraf.index.json_lines import MAX_TEXT, decode
from nutgraf.index.sources.fields.article import ReadArticle, article_of

__all__ = [
    "JSON",
    "NDJSON",
    "article_in",
    "article_problem",
    "check_content_type",
    "read_body",
]

JSON: Final = ("application/json",)
NDJSON: Final = (
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
)

FIELD_MESSAGE: Final = re.compile(r"'([\w\[\]]+)' (.+)", re.DOTALL)
"""The message of an InputError about one field: the field's name, then the reason."""

ADVICE: Final = "send one JSON object with the fields of an article"

MAX_SHOWN: Final = 80
"""The most characters of an invalid value that a response repeats."""


def check_content_type(request: Request, kinds: Collection[str]) -> None:
    """Raise HTTPException 415 for a content type not in `kinds`, or a compressed body.

    A missing content type is refused too. A web page can make a browser send a request
    without a content type to any server, and the browser does not ask that server first.
    Before it sends a request with a JSON content type, the browser asks (CORS preflight).
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in kinds:
        wanted = " or ".join(kinds)
        raise HTTPException(
            415,
            f"the body's content-type is {kind[:MAX_SHOWN] or 'not given'}; send it as {wanted}",
        )
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity":
        raise HTTPException(
            415,
            f"the body's content-encoding is {coding[:MAX_SHOWN]}; send it without an encoding",
            headers={"Accept-Encoding": "identity"},
        )


async def read_body(request: Request, slot: Slot) -> bytes:
    """Return the body of a request for one article.

    Raises HTTPException 413 if the body is larger than the limit of an article. Raises
    BusyError if the bodies of all requests in progress are too large together.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > MAX_TEXT:
        raise _too_large()
    body = bytearray()
    async for part in request.stream():
        if len(body) + len(part) > MAX_TEXT:
            raise _too_large()
        slot.hold(len(part))
        body += part
    return bytes(body)


def article_in(body: bytes, article: str) -> ReadArticle:
    """Return the article in a JSON body, with the id from its URL.

    Raises ProblemError 400 if the body is not JSON, and 422 if it is not an article.
    """
    fields = _object_in(body)
    given = fields.get("id")
    if given is not None and (isinstance(given, bool) or str(given) != article):
        shown = json.dumps(given)[:MAX_SHOWN]
        raise ProblemError(
            422,
            "id",
            f"is {shown}, but the URL names {article[:MAX_SHOWN]!r}: omit it, or send the same id",
        )
    if article != article.strip() or "\N{REPLACEMENT CHARACTER}" in article:
        raise ProblemError(
            422,
            "id",
            "begins or ends with white space, or is not UTF-8 in the URL: choose another id",
        )
    try:
        return article_of({**fields, "id": article}, _no_id_needed)
    except InputError as error:
        raise article_problem(str(error)) from None


def article_problem(message: str) -> ProblemError:
    """Return the problem 422 for the message of an InputError."""
    named = FIELD_MESSAGE.fullmatch(message)
    field, reason = named.groups() if named else ("body", message)
    return ProblemError(422, field, reason)


def _object_in(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(decode(body), parse_constant=_no_number)
    except json.JSONDecodeError as error:
        where = f"at line {error.lineno}, column {error.colno}"
        raise ProblemError(
            400, "body", f"is not JSON: {error.msg.removesuffix(' at')} {where}; {ADVICE}"
        ) from None
    except InputError as error:
        raise ProblemError(400, "body", str(error)) from None
    except RecursionError:
        raise ProblemError(
            400, "body", f"is nested too deeply to be an article; {ADVICE}"
        ) from None
    except ValueError as error:
        raise ProblemError(400, "body", f"is not JSON: {error}; {ADVICE}") from None
    if not isinstance(fields, dict):
        raise ProblemError(422, "body", f"must be a JSON object: {{...}}; {ADVICE}")
    return fields


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a valid number")


def _no_id_needed() -> NoReturn:
    raise AssertionError("the URL names the article")


def _too_large() -> HTTPException:
    return HTTPException(
        413, f"the body is larger than {MAX_TEXT:,} bytes, the limit of an article: split it"
    )
