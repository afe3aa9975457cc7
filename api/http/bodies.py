"""Bodies of requests that write: what kind they are, how large, and the article in one."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any, Final, NoReturn

from fastapi import HTTPException, Request

from nutgraf.api.http.problems import ProblemError
from nutgraf.api.write_queue.slots import Slot
from nutgraf.index import Article
from nutgraf.index.errors import InputError
from nutgraf.index.json_lines import MAX_TEXT, decode
from nutgraf.index.sources.formats.jsonl import article_of

__all__ = ["JSON", "NDJSON", "article_in", "check_content_type", "read_body"]

JSON: Final = ("application/json",)
NDJSON: Final = (
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
)

FIELD_MESSAGE: Final = re.compile(r"'([\w\[\]]+)' (.+)", re.DOTALL)
"""What an InputError begins with where it is about one field."""

MAX_SHOWN: Final = 80
"""Characters of a wrong value that an answer repeats."""


def check_content_type(request: Request, kinds: Collection[str]) -> None:
    """Raise HTTPException 415 unless the body says that it is one of `kinds`, as it is.

    A body that does not say so is refused as well: a page in somebody's browser may send such a
    request to any server that it can reach, without asking, but none with a type of JSON.
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
            f"the body's content-encoding is {coding[:MAX_SHOWN]}; send it as it is",
            headers={"Accept-Encoding": "identity"},
        )


async def read_body(request: Request, slot: Slot) -> bytes:
    """Return the body of a request for one article.

    Raises HTTPException 413 where it is larger than an article may be,
    BusyError where all bodies together are.
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


def article_in(body: bytes, article: str) -> Article:
    """Return the article that a body of JSON describes, under the id that its URL names.

    Raises ProblemError: 400 where it is no JSON, 422 where it is no article.
    """
    fields = _object_in(body)
    given = fields.get("id")
    if given is not None and (isinstance(given, bool) or str(given) != article):
        shown = json.dumps(given)[:MAX_SHOWN]
        raise ProblemError(422, "id", f"is {shown}, and the URL names {article[:MAX_SHOWN]!r}")
    if article != article.strip() or "\N{REPLACEMENT CHARACTER}" in article:
        raise ProblemError(
            422, "id", "begins or ends with white space, or is not UTF-8 in the URL: choose another"
        )
    try:
        return article_of({**fields, "id": article}, _no_id_needed)
    except InputError as error:
        named = FIELD_MESSAGE.fullmatch(str(error))
        field, reason = named.groups() if named else ("body", str(error))
        raise ProblemError(422, field, reason) from None


def _object_in(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(decode(body), parse_constant=_no_number)
    except json.JSONDecodeError as error:
        where = f"at line {error.lineno}, column {error.colno}"
        raise ProblemError(
            400, "body", f"is not JSON: {error.msg.removesuffix(' at')} {where}"
        ) from None
    except InputError as error:
        raise ProblemError(400, "body", str(error)) from None
    except RecursionError:
        raise ProblemError(400, "body", "is nested too deeply to be an article") from None
    except ValueError as error:
        raise ProblemError(400, "body", f"is not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise ProblemError(422, "body", "has to be an object: {...}")
    return fields


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _no_id_needed() -> NoReturn:
    raise AssertionError("the URL names the article")


def _too_large() -> HTTPException:
    return HTTPException(
        413, f"the body is larger than {MAX_TEXT:,} bytes, which is what an article may be"
    )
