"""Numbers and limits in questions: 300, >300, [300 TO 500] after a declared field."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from nutgraf.search.request.dates import date_range

__all__ = ["Limits", "date_limits", "number_range"]

Limits = tuple[float | None, float | None]
"""The first and the last number, both included; None for no limit."""

_NUMBER: Final = re.compile(r"[+-]?\d{1,300}(?:\.\d{0,300})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_SIGN: Final = re.compile(r"(?P<sign>[<>]=?)\s*(?P<end>.+)")
_SPAN: Final = re.compile(
    r"(?P<open>[\[{])\s*(?P<first>.*?)\s*\bTO\b\s*(?P<last>.*?)\s*(?P<close>[\]}])", re.IGNORECASE
)


def number_range(text: str) -> Limits | None:
    """Return the limits in a text: a number, a limit or a range. None for other text.

    In braces, as in {300 TO 500}, the ends are not included.
    """
    if found := _with_sign(text):
        sign, end = found
        number = _number(end)
        if number is None:
            return None
        if sign.startswith(">"):
            return (number if sign == ">=" else math.nextafter(number, math.inf)), None
        return None, (number if sign == "<=" else math.nextafter(number, -math.inf))
    match = _SPAN.fullmatch(text)
    if match is None:
        number = _number(text.rstrip(",;!?"))
        return None if number is None else (number, number)
    ends = []
    for name, bracket, outside in (("first", "open", math.inf), ("last", "close", -math.inf)):
        end = match[name].strip("'\"")
        number = None if end in ("", "*") else _number(end)
        if number is None and end not in ("", "*"):
            return None
        if number is not None and match[bracket] in "{}":
            number = math.nextafter(number, outside)
        ends.append(number)
    first, last = ends
    if first is None or last is None:
        return None if first is last else (first, last)
    return (first, last) if first <= last else None


def date_limits(text: str, now: datetime) -> Limits | None:
    """Return the first and last second of a date, a limit or a range, as `date_range`.

    After >, the first second is the one after the day, month or year; before < likewise.
    """
    found = _with_sign(text)
    if found is None:
        return date_range(text, now)
    sign, end = found
    period = date_range(end, now)
    if period is None or None in period:
        return None
    first, last = (int(second or 0) for second in period)
    limits: Mapping[str, Limits] = {
        ">": (last + 1, None),
        ">=": (first, None),
        "<": (None, first - 1),
        "<=": (None, last),
    }
    return limits[sign]


def _with_sign(text: str) -> tuple[str, str] | None:
    """Return the sign and the end of a limit, such as >=300; None for other text."""
    match = _SIGN.fullmatch(text)
    return match and (match["sign"], match["end"])


def _number(text: str) -> float | None:
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None
