"""Dates in the words of a question: October 2019, 7 May 2019, last week.

Only regular expressions read them, so a question without a date takes microseconds. Names of
months are read in English, German, French, Spanish, Italian and Dutch, relative dates in English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from nutgraf.search.request.dates import Period, period_of

__all__ = ["DateInWords", "find_dates"]

FIRST_YEAR: Final = 1800
"""The first number that is read as a year. News is hardly ever older."""

MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar jänner janvier enero gennaio januari",
            "february feb februar février fevrier febrero febbraio februari",
            "march mar märz maerz mars marzo maart mrt",
            "april apr avril abril aprile",
            "may mai mayo maggio mei",
            "june jun juni juin junio giugno",
            "july jul juli juillet julio luglio",
            "august aug août aout agosto augustus",
            "september sep sept septembre septiembre setiembre settembre",
            "october oct oktober okt octobre octubre ottobre",
            "november nov novembre noviembre",
            "december dec dezember dez décembre decembre diciembre dicembre",
        ),
        start=1,
    )
    for name in names.split()
}
"""Names of months in lower case, with and without accents."""

_MONTH: Final = "(?:" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b\.?"
_YEAR: Final = r"(?:1[89]|20|21)\d\d"
_DAY: Final = r"(?:0?[1-9]|[12]\d|3[01])"
_OF: Final = r"(?:(?:of|de|del|di)\s+)?"

_DATE: Final = re.compile(
    rf"""
    (?<![\w$£€#+@&%*/\\.,:-])
    (?:
        (?P<written>{_YEAR}(?P<sign>[-/.])\d\d?(?:(?P=sign)\d\d?)?)
      | (?P<day>{_DAY})(?:st|nd|rd|th|er|\.|º|°)?\s+{_OF}(?:d['’])?(?P<month>{_MONTH}),?\s+{_OF}
        (?P<year>{_YEAR})
      | (?P<us_month>{_MONTH})\s+(?P<us_day>{_DAY})(?:st|nd|rd|th)?,?\s+(?P<us_year>{_YEAR})
      | (?P<only_month>{_MONTH}),?\s+{_OF}(?P<month_year>{_YEAR})
      | (?P<one>\d\d?)(?P<dot>[-/.])(?P<two>\d\d?)(?P=dot)(?P<last>{_YEAR})
      | (?P<relative>
            (?:today|yesterday)\b
          | (?:last|this)\s+(?:week|month|year)\b
          | (?:\d{{1,3}}|an?|one)\s+(?:day|week|month|year)s?\s+ago\b
          | (?:last|past)\s+\d{{1,3}}\s+(?:day|week|month|year)s?\b
        )
      | (?P<from>{_YEAR})(?:\s?[-–]\s?|\s+(?:to|until)\s+)(?P<to>{_YEAR})
      | (?P<decade>{_YEAR[:-2]})0['’]?s
      | (?P<alone>(?<!\d\s){_YEAR})(?!\s\d)
    )
    (?![\w%°$£€*~/\\–-]|[.,:]\d)
    """,
    re.IGNORECASE | re.VERBOSE,
)

_COUNTED: Final = re.compile(
    r"\s(?:people|persons?|dead|deaths|killed|injured|wounded|jobs|troops|soldiers|homes|houses|"
    r"miles?|metres?|meters?|feet|km|kg|mm|cm|m|tonnes?|tons?|litres?|watts?|volts?|mph|"
    r"years?|months?|weeks?|days?|hours?|minutes?|seconds?|points?|pages?|times|"
    r"percent|per\s+cent|dollars?|euros?|pounds?|francs?|yen|million|billion|thousand)\b",
    re.IGNORECASE,
)
"""A word after a number of 4 digits that makes it a count, and no year."""

_COUNTING: Final = re.compile(
    r"\b(?:than|over|nearly|almost|about|around|least|most|some|top|another|no\.?|number|flight|"
    r"boeing|airbus|route|highway|windows|version)\s$",
    re.IGNORECASE,
)
"""A word before a number of 4 digits that makes it a count or a name, and no year."""

_LOOKED_AT: Final = 12
"""Number of characters before a year in which a word of _COUNTING is looked for."""


class DateInWords(NamedTuple):
    """A date in a text: its first and last day, and its place in code points."""

    first: date
    last: date
    start: int
    end: int


def find_dates(text: str, now: datetime, language: str) -> list[DateInWords]:
    """Return the dates that the words of a text name, in text order.

    `language` is the primary language of the index. In English, 7/10/2019 is ambiguous and is no
    date. A number alone is a year only if it is from 1800 to next year and is no count.
    """
    return list(_dates(text, now, language))


def _dates(text: str, now: datetime, language: str) -> Iterator[DateInWords]:
    for match in _DATE.finditer(text):
        try:
            period = _period(match, now, language)
        except (ValueError, OverflowError):  # 31 February, 2019-13
            continue
        if period is None or not FIRST_YEAR <= period[0].year <= now.year + 1:
            continue
        first, after = period
        last = after - timedelta(microseconds=1)
        yield DateInWords(first.date(), last.date(), match.start(), match.end())


def _period(match: re.Match[str], now: datetime, language: str) -> Period | None:
    if match["written"] or match["relative"]:
        return period_of(" ".join(match[0].split()), now)
    if year := match["year"]:
        return _day(year, MONTHS[_name(match["month"])], match["day"])
    if year := match["us_year"]:
        return _day(year, MONTHS[_name(match["us_month"])], match["us_day"])
    if year := match["month_year"]:
        return period_of(f"{year}-{MONTHS[_name(match['only_month'])]}", now)
    if year := match["last"]:
        return _numeric(int(match["one"]), int(match["two"]), year, language)
    if match["from"]:
        first, last = int(match["from"]), int(match["to"])
        return _years(first, last) if first <= last else None
    if match["decade"]:
        first = int(match["decade"] + "0")
        return _years(first, first + 9)
    before = match.string[max(0, match.start() - _LOOKED_AT) : match.start()]
    if _COUNTED.match(match.string, match.end()) or _COUNTING.search(before):
        return None
    return _years(int(match["alone"]), int(match["alone"]))


def _name(month: str) -> str:
    return month.lower().rstrip(".")


def _numeric(one: int, two: int, year: str, language: str) -> Period | None:
    """Return the day of 7.10.2019, None if the order of day and month is unknown."""
    if language != "en" or one > 12 or one == two:
        return _day(year, two, one)
    return _day(year, one, two) if two > 12 else None


def _day(year: str, month: int, day: int | str) -> Period:
    first = datetime(int(year), month, int(day), tzinfo=UTC)
    return first, first + timedelta(days=1)


def _years(first: int, last: int) -> Period:
    return datetime(first, 1, 1, tzinfo=UTC), datetime(last + 1, 1, 1, tzinfo=UTC)
