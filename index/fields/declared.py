"""Declared fields: keys of `extra` that an index searches, filters and counts.

An index declares a field by its name and kind. The value of the field is that of the
key in `extra`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args

from nutgraf.index.errors import InputError, UserError
from nutgraf.index.fields.values import MAX_LIST_VALUE, MAX_VALUES
from nutgraf.index.schema import FIELD_NAMES, QUERY_FIELDS

__all__ = [
    "KINDS",
    "DeclaredKind",
    "Value",
    "check_values",
    "parse_fields",
    "texts_of",
    "value_of",
    "with_fields",
]

DeclaredKind = Literal["keyword", "keyword[]", "number", "date"]

KINDS: Final[tuple[DeclaredKind, ...]] = get_args(DeclaredKind)

Value = tuple[str, ...] | float | int
"""The value of a declared field: texts, a number, or a date in seconds since 1970."""

MAX_DECLARED: Final = 32
"""The highest number of declared fields: each has a column of its own."""

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")

ORDERS: Final = ("relevance", "newest", "oldest")

KNOWN: Final = frozenset({*FIELD_NAMES, *QUERY_FIELDS, *ORDERS, "paragraphs"})

NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
"""A number in a cell of a table, or in front matter, where all values are texts."""

ALLOWED: Final[Mapping[DeclaredKind, str]] = {
    "keyword": f"a text of at most {MAX_LIST_VALUE} characters",
    "keyword[]": f"a list of at most {MAX_VALUES} texts of at most {MAX_LIST_VALUE} characters",
    "number": "a finite number",
    "date": "a date such as 2023-01-04 or 2023-01-04T09:30:00+01:00",
}


def parse_fields(pairs: Iterable[str]) -> dict[str, DeclaredKind]:
    """Return name -> kind for pairs such as "topic=keyword".

    Raises UserError for an invalid pair, or for a field with two kinds.
    """
    fields: dict[str, DeclaredKind] = {}
    for pair in pairs:
        name, sign, kind = pair.partition("=")
        if not sign:
            raise UserError(
                f"the field {pair!r} is not NAME=KIND, as in topic=keyword; the kinds are "
                f"{', '.join(KINDS)}"
            )
        fields = with_fields(fields, {name: kind})
    return fields


def with_fields(known: Mapping[str, DeclaredKind], new: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of an index after `new` fields are declared.

    Raises UserError if a name or a kind is invalid, if a field is declared with another
    kind, or if there are too many fields.
    """
    fields: dict[str, Any] = dict(known)
    for name, kind in new.items():
        if not NAME.fullmatch(name):
            raise UserError(
                f"the field {name[:80]!r} needs another name: a small letter, then at most 31 "
                "small letters, digits and underscores"
            )
        if name in KNOWN:
            raise UserError(f"the field {name!r} needs another name: Nutgraf has a field {name!r}")
        if kind not in KINDS:
            raise UserError(
                f"the field {name!r} has the kind {kind[:80]!r}; choose one of {', '.join(KINDS)}"
            )
        if fields.setdefault(name, kind) != kind:
            raise UserError(
                f"the field {name!r} is declared as {fields[name]}, not {kind}; a field keeps its "
                "kind: choose another name"
            )
    if len(fields) > MAX_DECLARED:
        raise UserError(f"an index has at most {MAX_DECLARED} declared fields, got {len(fields)}")
    return fields


def check_values(extra: Mapping[str, Any] | None, fields: Mapping[str, DeclaredKind]) -> None:
    """Raise InputError if a declared field of an article has a value of another kind."""
    for name, kind in fields.items():
        given = (extra or {}).get(name)
        if given is not None and value_of(extra, name, kind) is None and not _is_blank(given):
            raise InputError(
                f"'{name}' is {given!r:.80}; the index declares it as {kind}: give {ALLOWED[kind]}"
            )


def value_of(extra: Mapping[str, Any] | None, name: str, kind: DeclaredKind) -> Value | None:
    """Return the value of a declared field; None if there is none, or it does not fit."""
    given = None if extra is None else extra.get(name)
    if given is None:
        return None
    if kind == "number":
        return _number(given)
    if kind == "date":
        return _seconds(given)
    texts = given if kind == "keyword[]" and isinstance(given, list) else [given]
    if len(texts) > MAX_VALUES or not all(map(_is_text, texts)):
        return None
    return tuple(dict.fromkeys(text for text in texts if text.strip())) or None


def texts_of(extra: Mapping[str, Any] | None, name: str, kind: DeclaredKind) -> tuple[str, ...]:
    """Return the texts of a declared keyword field, none for another kind."""
    value = value_of(extra, name, kind)
    return value if isinstance(value, tuple) else ()


def _is_blank(given: Any) -> bool:
    texts = given if isinstance(given, list) else [given]
    return all(isinstance(text, str) and not text.strip() for text in texts)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_LIST_VALUE


def _number(given: Any) -> float | None:
    if isinstance(given, str) and NUMBER.fullmatch(given.strip()):
        given = float(given)
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    try:
        number = float(given)
    except OverflowError:
        return None
    return number + 0.0 if math.isfinite(number) else None  # -0.0 is 0.0.


def _seconds(given: Any) -> int | None:
    if not isinstance(given, str):
        return None
    try:
        moment = datetime.fromisoformat(given.strip())
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None
