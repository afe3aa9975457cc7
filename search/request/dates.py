"""Dates in questions and filters: 2023-01, yesterday, -7d, [2022 TO 2023]."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

LAST: Final = datetime.max.replace(tzinfo=UTC)

__all__ = ["Period", "date_range", "period_of", "period_seconds", "utc"]

Period = tuple[datetime, datetime]
"""The first moment of a time, and the first moment after it, both in UTC."""

_DAY: Final = re.compile(r"(\d{4})(?:[-/.](\d\d?)(?:[-/.](\d\d?))?)?", re.ASCII)
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT", re.ASCII)
_NAMED: Final = re.compile(
    r"(?P<day>today|yesterday)"
    r"|(?P<which>last|this) (?P<unit>week|month|year)"
    r"|(?P<before>an?|one|\d{1,4}) (?P<units>day|week|month|year)s? ago"
    r"|(?:last|past) (?P<many>\d{1,4}) (?P<long>day|week|month|year)s?"
    r"|-(?P<back>\d{1,4}) ?(?P<letter>[dwmy])",
    re.ASCII,
)
_LETTERS: Final = {"d": "day", "w": "week", "m": "month", "y": "year"}
_SPAN: Final = re.compile(
    r"(?P<open>[\[{])\s*(?P<first>.*?)\s*\bTO\b\s*(?P<last>.*?)\s*[\]}]", re.IGNORECASE
)
_MAX_DATE: Final = 64


def date_range(text: str, now: datetime) -> tuple[int | None, int | None] | None:
    """Return the first and last second of a date or range, in seconds since 1970 UTC.

    The first or the last second is None if the range is open at that end. The result is None if
    `text` is not a date or range.
    """
    if len(text) > 2 * _MAX_DATE:
        return None
    match = _SPAN.fullmatch(text)
    if match is None:
        period = _period(text.rstrip(",;!?."), now)
        return period and (_second(period[0]), _second(period[1]) - 1)
    first, last = (_period(match[name].strip("'\""), now) for name in ("first", "last"))
    if (match["first"] and not first) or (match["last"] and not last) or not (first or last):
        return None
    start = first and _second(first[match["open"] == "{"])
    end = last and _second(last[not text.endswith("}")]) - 1
    return None if start is not None and end is not None and start > end else (start, end)


def period_seconds(text: str, now: datetime) -> tuple[int, int] | None:
    """Return the first and last second of one date, named or written, since 1970 UTC.

    Unlike `date_range`, this accepts no range in brackets.
    """
    period = _period(" ".join(text.split()), now) if len(text) <= _MAX_DATE else None
    return period and (_second(period[0]), _second(period[1]) - 1)


def period_of(text: str, now: datetime) -> Period | None:
    """Return the time that a date with digits or a relative date names.

    Relative dates are today, yesterday, last week, this month, 2 years ago, past 3 months, -7d.
    No other words are read, so this takes microseconds.
    """
    try:
        return _written(text) or _named(text.lower(), utc(now))
    except (ValueError, OverflowError):
        return None


def utc(moment: datetime) -> datetime:
    """Return the moment in UTC; a moment without a zone counts as UTC."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _second(moment: datetime) -> int:
    return int(moment.timestamp())


def _written(text: str) -> Period | None:
    """Return the time of a date with digits.

    A date is a year, a month, a day or a time: 2023, 2023-01, 2023-01-04,
    2023-01-04T09:30:00+01:00.
    """
    if match := _DAY.fullmatch(text):
        year, month, day = (int(part) if part else None for part in match.groups())
        first = datetime(year or 0, month or 1, day or 1, tzinfo=UTC)
        return first, _next(first, "day" if day else "month" if month else "year")
    if _MOMENT.match(text):
        first = utc(datetime.fromisoformat(text))
        return first, first + timedelta(seconds=1)
    return None


def _period(text: str, now: datetime) -> Period | None:
    """Return the start of a date or named period, and the first moment after its end."""
    if period := period_of(text, now):
        return period
    try:
        return _english_date(text, now)
    except (ValueError, OverflowError):
        return None


def _named(text: str, now: datetime) -> Period | None:
    """Return the time of a relative date.

    "2 weeks ago" is a calendar week, as "last week" is: the week from Monday to Sunday. -2w is the
    day 14 days before today. "past 2 weeks" are the days from then until today.
    """
    match = _NAMED.fullmatch(text)
    if match is None:
        return None
    today = _start(now, "day")
    if match["day"]:
        first = _before(today, int(match["day"] == "yesterday"), "day")
        return first, _next(first, "day")
    if match["which"] or match["before"]:
        unit = match["unit"] or match["units"]
        number = match["which"] or match["before"]
        many = int(number) if number.isdigit() else int(number != "this")
        first = _start(_before(_start(today, unit), many, unit), unit)
        return first, _next(first, unit)
    if match["many"]:
        first = _next(_before(today, int(match["many"]), match["long"]), "day")
        return first, _next(today, "day")
    first = _before(today, int(match["back"]), _LETTERS[match["letter"]])
    return first, _next(first, "day")


def _before(day: datetime, many: int, unit: str) -> datetime:
    """Return the day that is some days, weeks, months or years before another.

    31 March minus 1 month is the last day of February.
    """
    if unit in ("day", "week"):
        return day - timedelta(days=many * (7 if unit == "week" else 1))
    months = 12 * day.year + day.month - 1 - many * (12 if unit == "year" else 1)
    year, month = months // 12, months % 12 + 1
    return day.replace(year=year, month=month, day=min(day.day, monthrange(year, month)[1]))


def _start(moment: datetime, unit: str) -> datetime:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1, month=1 if unit == "year" else day.month) if unit != "day" else day


def _next(first: datetime, unit: str) -> datetime:
    days = {"day": 1, "week": 7, "month": 32, "year": 367}
    if first > LAST - timedelta(days=days[unit]):
        return LAST
    return _start(first + timedelta(days=days[unit]), unit)


def _english_date(text: str, now: datetime) -> Period | None:
    """Read the English dates that whoosh knows: yesterday, last friday, 5 march 2023."""
    if not re.search(r"[A-Za-z]", text) or len(text) > _MAX_DATE:
        return None
    from whoosh.util.times import TimeError

    try:
        found = _english().date_from(text, now.replace(tzinfo=None))
    except (TimeError, AttributeError, TypeError):  # raised for '10am to -9 years'
        return None
    if isinstance(found, datetime):  # -2 weeks is an instant, and means its day
        first = _start(found.replace(tzinfo=UTC), "day")
        return first, _next(first, "day")
    if found is None:
        return None
    first, last = (moment.replace(tzinfo=UTC) for moment in (found.start, found.end))
    return first, last + timedelta(microseconds=1)


@cache
def _english() -> Any:
    # Imported here, because only a question with a date in words needs this parser.
    from whoosh.qparser.dateparse import English

    return English()
