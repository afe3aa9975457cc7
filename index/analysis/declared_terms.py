"""The terms of declared fields in the keyword index, and the terms of a range.

All declared fields share one field of the keyword index, so each term begins with
the name of its field. A number has 16 terms: its 64 bits in an order that is that of
numbers, as 16 hexadecimal digits, and every beginning of these digits. So a few
hundred beginnings cover any range.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Final

from nutgraf.index.analysis.value_terms import value_terms
from nutgraf.index.fields.declared import DeclaredKind, Value

__all__ = ["declared_terms", "presence_term", "range_terms", "term_of"]

SEPARATOR: Final = "\x1f"
"""A character between the name of a field and a term; no name has it."""

DIGITS: Final = 16
HALF: Final = 1 << 63
ALL: Final = (1 << 64) - 1


def term_of(name: str, term: str) -> str:
    """Return a term of the values of a declared field."""
    return f"{name}{SEPARATOR}{term}"


def presence_term(name: str) -> str:
    """Return the term of articles that have a value of a declared field."""
    return term_of(name, "")


def declared_terms(name: str, value: Value) -> Iterator[str]:
    """Yield the terms of the value of a declared field."""
    yield presence_term(name)
    if isinstance(value, tuple):
        for text in value:
            for term in value_terms(text):
                yield term_of(name, term)
        return
    digits = f"{_sortable(value):0{DIGITS}x}"
    for length in range(1, DIGITS + 1):
        yield term_of(name, digits[:length])


def range_terms(
    name: str, kind: DeclaredKind, first: float | None, last: float | None
) -> tuple[str, ...]:
    """Return terms; a number has one of them if it is in the range, ends included.

    A date is in seconds since 1970. None means no limit. There are at most 450 terms.
    """
    low = 0 if first is None else _end(kind, first, up=True)
    high = ALL if last is None else _end(kind, last, up=False)
    if low is None or high is None or low > high:
        return ()
    if (low, high) == (0, ALL):
        return (presence_term(name),)
    return tuple(term_of(name, digits) for digits in _beginnings(low, high))


def _end(kind: DeclaredKind, end: float, *, up: bool) -> int | None:
    if kind == "number":
        return _sortable(float(end) + 0.0)
    whole = math.ceil(end) if up else math.floor(end)
    return _sortable(min(max(whole, -HALF), HALF - 1))


def _beginnings(low: int, high: int) -> Iterator[str]:
    """Yield the beginnings of hexadecimal digits that cover `low` to `high`."""
    digits = DIGITS
    while low <= high:
        if digits == 1 or low >> 4 == high >> 4:
            # Within one group, or at the first digit.
            if digits > 1 and not low & 15 and high & 15 == 15:
                low, high, digits = low >> 4, high >> 4, digits - 1
                continue
            yield from (f"{each:0{digits}x}" for each in range(low, high + 1))
            return
        while low & 15:
            yield f"{low:0{digits}x}"
            low += 1
        while high & 15 != 15:
            yield f"{high:0{digits}x}"
            high -= 1
        low, high, digits = low >> 4, high >> 4, digits - 1


def _sortable(value: float | int) -> int:
    """Return 64 bits whose order is that of numbers, or of whole numbers."""
    if isinstance(value, int):
        return value + HALF
    bits = int.from_bytes(struct.pack(">d", value))
    return bits ^ ALL if bits & HALF else bits | HALF
