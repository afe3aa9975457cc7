"""Dates in the formats that articles come with, to ISO 8601."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

from nutgraf.index.article import Article, timestamp
from nutgraf.index.errors import InputError
from nutgraf.index.sources.items import Flagged
from nutgraf.index.sources.months import HOURS, US_HOURS, month_of

__all__ = ["far_future", "flags_of", "iso_date"]

MAX_AHEAD: Final = timedelta(days=3)
"""How far ahead an article can be dated: across the date line, and for the weekend."""

MAX_LENGTH: Final = 100
"""Characters in a date; it may come with the names of its weekday and its time zone."""

_MAX_WORDS: Final = 5
"""Words in a date besides its month: "Published on Wednesday, 4 January 2023 at 9:30"."""

_BUDDHIST: Final = 543
"""Years that Thai dates are ahead; from 2400 on a year can only be one of theirs."""

_MONTH_FIRST: Final = {"US", "PH"}
_EITHER: Final = {"", "CA"}
"""Regions of English: where a date begins with its month, and where nobody can tell."""

_EPOCH: Final = re.compile(r"(\d{9,10}|\d{12,13})(?:\.\d+)?", re.ASCII)
_COMPACT: Final = re.compile(r"\d{14}", re.ASCII)
_RFC_822: Final = re.compile(r"(\d{1,2}\s+[A-Za-z]{3}\s+)(\d\d)(?=\s+\d\d:\d\d)")
_TIME: Final = re.compile(
    r"(?<![\d:.])T?(?P<hour>\d{1,2})"
    r"(?:(?:\s?[:hH]\s?|[.](?=\d\d\s?(?:Uhr|[aApP]\.?[mM])))(?P<minute>\d\d)"
    r"(?:[:](?P<second>\d\d)(?:[.,]\d+)?)?"
    r"|(?=\s?(?:[aApP]\.?\s?[mM]\b|Uhr\b|[hH]\b)))"
    r"(?:\s?(?P<half>[aApP])\.?\s?[mM]\b\.?|\s?Uhr\b|\s?[hH]\b)?"
)
_ZONE: Final = re.compile(
    r"[\s,(]*(?:(?:UTC|GMT)?\s?(?P<sign>[+\u2212-])(?P<hours>\d{1,2}):?(?P<minutes>\d\d)?(?!\d)"
    r"|(?P<name>Z|[A-Z]{2,5})(?![A-Za-z]))"
)
_YEAR_FIRST: Final = re.compile(
    r"(?<!\d)(\d{4})\s?[-/.年년]\s?(\d{1,2})\s?[-/.月월]\s?(\d{1,2})(?!\d)[日일]?"
)
_YEAR_LAST: Final = re.compile(r"(?<!\d)(\d{1,2})([-/.])\s?(\d{1,2})\2\s?(\d{4})(?!\d)")
_VIETNAMESE: Final = re.compile(r"(\d{1,2})\s+tháng\s+(\d{1,2}),?\s+(?:năm\s+)?(\d{4})")
_TOKEN: Final = re.compile(r"(\d+)(?:st|nd|rd|th|er|e|º|ª|°)?(?!\w)|([^\W\d][^\s\d,;()/-]*)")


def iso_date(text: str, language: str | None = None) -> str:
    """Return a date, or a date and time, as ISO 8601; what is that already, as it is.

    Taken are the usual ways to write one: RFC 2822, ISO 8601 and what is near
    it, seconds or milliseconds since 1970, and days with the month by its name
    in some twenty languages. A time zone is kept. Of 3/4/2023 the `language`
    says which is the day: the first, except in American English.

    Raises InputError for what is no date, is one only together with today
    ("yesterday"), lacks its year or day, or could be two.
    """
    try:
        # It takes seconds since 1970 for a date, and space before a zone in some versions.
        if " " not in text[11:] and (not text.isdigit() or len(text) == len("20230104")):
            datetime.fromisoformat(text)
            return text
    except ValueError:
        pass
    stripped = text.strip()
    if not stripped:
        raise InputError("'published' is empty")
    if len(stripped) > MAX_LENGTH:
        raise _refused(stripped)
    try:
        return _since_1970(stripped) or _written(stripped, language)
    except (ValueError, OverflowError):
        raise _refused(stripped) from None


def far_future(published: str) -> bool:
    """Tell whether an ISO 8601 date is more than a few days ahead: most likely it is wrong."""
    return timestamp(published) > (datetime.now(UTC) + MAX_AHEAD).timestamp()


def flags_of(article: Article, place: str) -> Iterator[Flagged]:
    """Yield what is odd about an article's date, if anything is."""
    if article.published is not None and far_future(article.published):
        yield Flagged(
            place,
            f"'published' is {article.published}, in the far future: the article is indexed, and "
            "counts as the newest until then",
        )


def _since_1970(text: str) -> str | None:
    if _COMPACT.fullmatch(text):
        return datetime.strptime(text, "%Y%m%d%H%M%S").isoformat()
    if found := _EPOCH.fullmatch(text):
        whole = found[1]
        seconds = int(whole) // (1 if len(whole) <= len("1672823400") else 1_000)
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    return None


def _written(text: str, language: str | None) -> str:
    """Return the date that is written for people to read, or in a format of theirs."""
    text = _RFC_822.sub(lambda found: found[1] + _century(found[2]), text)
    clock = _TIME.search(text)
    if clock is None:
        return _day(text, language).isoformat()
    zone = _ZONE.match(text, clock.end())
    end = clock.end() if zone is None else zone.end()
    day = _day(f"{text[: clock.start()]} {text[end:]}", language)
    moment = datetime.combine(day, _clock(clock))
    return moment.replace(tzinfo=_zone(zone, moment, text)).isoformat()


def _century(year: str) -> str:
    """Return the year that two digits stand for, as POSIX has it."""
    return f"{19 if int(year) >= 69 else 20}{year}"


def _clock(found: re.Match[str]) -> time:
    hour = int(found["hour"])
    if half := found["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (12 if half in "pP" else 0)
    return time(hour, int(found["minute"] or 0), int(found["second"] or 0))


def _zone(found: re.Match[str] | None, moment: datetime, text: str) -> timezone | None:
    if found is None:
        return None
    if name := found["name"]:
        hours = HOURS.get(name)
        if hours is None and name in US_HOURS:
            hours = US_HOURS[name] + _is_summer_in_america(moment)
        if hours is None:
            raise InputError(
                f"'published' is {text!r}, in the time zone {name}, which is not known here; "
                "write it as +01:00"
            )
        return timezone(timedelta(hours=hours))
    offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    return timezone(offset if found["sign"] == "+" else -offset)


def _is_summer_in_america(moment: datetime) -> bool:
    """Tell whether clocks are an hour ahead: from March to November, as it has been since 2007."""
    begins = _sunday(moment.year, 3, 2) + timedelta(hours=2)
    return begins <= moment < _sunday(moment.year, 11, 1) + timedelta(hours=2)


def _sunday(year: int, month: int, which: int) -> datetime:
    first = datetime(year, month, 1)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (which - 1))


def _day(text: str, language: str | None) -> date:
    """Return the one day that `text` names. Raises ValueError where there is none."""
    if found := _YEAR_FIRST.search(text):
        return _alone(found, text, date(int(found[1]), int(found[2]), int(found[3])))
    if found := _VIETNAMESE.search(text):
        return _alone(found, text, date(int(found[3]), int(found[2]), int(found[1])))
    if found := _YEAR_LAST.search(text):
        return _alone(found, text, _year_last(found, language))
    return _with_month(text)


def _alone(found: re.Match[str], text: str, day: date) -> date:
    rest = text[: found.start()] + text[found.end() :]
    if re.search(r"\d", rest) or len(rest.split()) > _MAX_WORDS:
        raise ValueError(rest)
    return day


def _year_last(found: re.Match[str], language: str | None) -> date:
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    if found[2] == "." or first > 12:
        return date(year, second, first)
    if second > 12 or first == second:
        return date(year, first, second)
    tongue, _, region = (language or "en").replace("_", "-").partition("-")
    region = region.rpartition("-")[2].upper()
    if tongue.lower() == "en" and region in _EITHER:
        month_first, day_first = date(year, first, second), date(year, second, first)
        raise InputError(
            f"'published' is {found[0]!r}, which is {day_first} or {month_first}: write it like "
            "that, or say in 'language' whose English it is, as in en-GB or en-US"
        )
    if tongue.lower() == "en" and region in _MONTH_FIRST:
        return date(year, first, second)
    return date(year, second, first)


def _with_month(text: str) -> date:
    """Return the day with its month by name, in the order d m y, m d y or y m d."""
    parts: list[tuple[bool, int]] = []
    words = 0
    for number, word in _TOKEN.findall(re.sub(r"\([^()]*\)", " ", text)):
        if number:
            parts.append((False, int(number)))
        elif month := month_of(word):
            parts.append((True, month))
        else:
            words += 1
    if words > _MAX_WORDS:
        raise ValueError(text)
    if len(parts) == 4 and parts[0][0]:
        # A weekday can be abbreviated as a month is: "mar." is Tuesday in French.
        del parts[0]
    if len(parts) != 3 or [named for named, _ in parts].count(True) != 1:
        raise ValueError(text)
    if parts[0][0]:
        (_, month), (_, day), (_, year) = parts
    elif parts[1][0] and parts[0][1] < 100:
        (_, day), (_, month), (_, year) = parts
    elif parts[1][0]:
        (_, year), (_, month), (_, day) = parts
    else:
        raise ValueError(text)
    if year < 1000:
        raise ValueError(year)
    return date(year - _BUDDHIST if year >= 2400 else year, month, day)


def _refused(text: str) -> InputError:
    return InputError(
        f"'published' is {text[:40]!r}, which is no date that can be understood by itself; write "
        "it as 2023-01-04 or 2023-01-04T09:30:00+01:00"
    )
