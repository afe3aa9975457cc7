"""docs/troubleshooting.md has an entry for the message of each error.

An entry is a code span at the start of a table row: the message, with … for each part
that varies. An entry may describe several messages, since … matches any text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from starlette.exceptions import HTTPException

from nutgraf.api.answering.errors import AnsweringError
from nutgraf.api.http.problems import ProblemError
from nutgraf.api.write_queue.errors import WritingError
from nutgraf.index.errors import NutgrafError
from nutgraf.index.sources.files.decompress import DamagedError
from nutgraf.index.sources.html.page import NoArticleError

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "troubleshooting.md"
ENTRY = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
VARYING = "…"

ROOTS = (
    NutgrafError,
    AnsweringError,
    WritingError,
    ProblemError,
    DamagedError,
    NoArticleError,
    HTTPException,
)
"""The errors that Nutgraf raises on purpose, with their subclasses."""

MIN_LETTERS = 8
"""An entry with fewer letters would match messages that it does not describe."""


class Message(NamedTuple):
    """A message in the code, with … for each part that varies."""

    place: str
    text: str


@cache
def error_names() -> set[str]:
    """Return the names of the errors that are raised on purpose."""
    names = set()
    kinds: list[type] = list(ROOTS)
    while kinds:
        kind = kinds.pop()
        names.add(kind.__name__)
        kinds += kind.__subclasses__()
    return names


def texts(node: ast.expr) -> list[str]:
    """Return the texts that an expression can have."""
    match node:
        case ast.Constant(str(text)):
            return [text]
        case ast.JoinedStr(values):
            return ["".join(texts(value)[0] for value in values)]
        case ast.BinOp(left, ast.Add(), right):
            return [first + second for first in texts(left) for second in texts(right)]
        case ast.IfExp(_, body, orelse):
            return texts(body) + texts(orelse)
        case _:
            return [VARYING]


def messages(source: str, place: str) -> Iterator[Message]:
    """Yield the messages of the errors that a module makes."""
    names = error_names()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in names:
            # The last argument is the message; a field or a status may come before it.
            for text in texts(node.args[-1]) if node.args else ():
                if re.search(r"\w", text):
                    yield Message(f"{place}:{node.lineno}", re.sub(r"\s+", " ", text))


def entries() -> list[str]:
    """Return the messages that the page describes."""
    return ENTRY.findall(PAGE.read_text(encoding="utf-8"))


def describes(entry: str, text: str) -> bool:
    """Tell whether an entry describes a message."""
    pattern = ".*".join(re.escape(part) for part in entry.split(VARYING))
    return re.fullmatch(pattern, text.replace("`", "'")) is not None


@cache
def all_messages() -> list[Message]:
    """Return the messages of all modules."""
    return [
        message
        for folder in ("index", "search", "api")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for message in messages(path.read_text("utf-8"), path.relative_to(ROOT).as_posix())
    ]


def test_every_message_has_an_entry() -> None:
    known = entries()
    missing = [
        one for one in all_messages() if not any(describes(entry, one.text) for entry in known)
    ]
    assert missing == []


def test_every_entry_describes_a_message() -> None:
    unused = [
        entry
        for entry in entries()
        if not any(describes(entry, one.text) for one in all_messages())
    ]
    assert unused == []


@pytest.mark.parametrize("entry", entries())
def test_entries_are_specific(entry: str) -> None:
    assert len(re.findall(r"\w", entry)) >= MIN_LETTERS


def test_new_messages_are_found() -> None:
    source = """
raise InputError(f"{name} is odd" if odd else "is even; " + advice)
raise RequestError("limit", f"is {limit}")
raise index.errors.UserError("a")
raise ValueError("not ours")
"""
    assert [message.text for message in messages(source, "new.py")] == [
        "… is odd",
        "is even; …",
        "is …",
        "a",
    ]
    assert len(all_messages()) > 150
