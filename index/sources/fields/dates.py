"""Convert the dates of articles from many formats to ISO 8601.

dateparser reads dates with the name of a month, such as "4 January 2023".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from nutgraf.index.article import Article, timestamp
from nutgraf.index.errors import InputError
from nutgraf.index.sources.items import Flagged

if TYPE_CHECKING:
    from dateparser.date import DateDataParser

__all__ = ["far_future", "iso_date", "warnings_of"]

MAX_AHEAD: Final = timedelta(days=3)
"""Longest time by which a date can be in the future without a warning.

Time zones need up to a day, and a weekend edition is dated a few days ahead.
"""

MAX_LENGTH: Final = 100
"""Largest number of characters in a date, with a weekday and a time zone."""

_BUDDHIST: Final = 543
"""Number of years by which the Thai calendar is ahead."""

_YEAR_2400: Final = 2400
"""First year that can only be a year of the Thai calendar."""

_MONTH_FIRST_COUNTRIES: Final = {"US", "PH"}
"""Countries where an English date such as 3/4/2023 begins with its month."""

_AMBIGUOUS_COUNTRIES: Final = {"", "CA"}
"""Countries where an English date such as 3/4/2023 is ambiguous.

The country "" means that `language` names no country, as in "en".
"""

_MAX_CACHED: Final = 4_096
"""Largest number of dates in the cache.

Parsing a date takes 2 ms, and all articles of a day have the same date.
"""

_EPOCH: Final = re.compile(r"(\d{9,10}|\d{12,13})(?:\.\d+)?", re.ASCII)
_COMPACT: Final = re.compile(r"\d{14}", re.ASCII)
_YEAR: Final = re.compile(r"(?<!\d)\d{4}(?!\d)")
_YEAR_FIRST: Final = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_YEAR_LAST: Final = re.compile(r"(?<!\d)(\d{1,2})([-/.])\s?(\d{1,2})\2\s?(\d{4})(?!\d)")
_ZONE: Final = re.compile(r"(?:\d:\d\d|\d\s?[ap]\.?m\.?).*?\s(?P<zone>[A-Z]{2,5}|[+-]\d\S*)$", re.I)
_CLOCK: Final = re.compile(
    r"(?<!\d)(\d{1,2})[:.](\d\d(?::\d\d)?)\s?(?:Uhr|uur|hod\.?|horas|hrs?\.?)(?![^\W\d_])", re.I
)
"""A time of day with a word for "o'clock", which dateparser takes for a time zone."""

_LETTER_H: Final = re.compile(r"(?<!\d)(\d{1,2})\s?h\s?(\d\d)(?!\d)")
"""A time of day with a letter, as in 9h30."""

_GREENWICH: Final = re.compile(r"\b(?:GMT|UTC)\s?(?=[+-]\d)")
_BRACKETS: Final = re.compile(r"\([^()]*\)")

_AMERICAN: Final = {
    "ET": "America/New_York",
    "CT": "America/Chicago",
    "MT": "America/Denver",
    "PT": "America/Los_Angeles",
}
"""American time zones that do not distinguish standard and daylight saving time."""

_LANGUAGES: Final = (
    "en", "de", "fr", "es", "it", "pt", "nl", "ru", "sv", "ar", "pl", "uk", "cs", "sk", "ro", "hu",
    "bg", "hr", "sr", "sl", "el", "tr", "da", "nb", "fi", "et", "lv", "lt", "ca", "he", "fa", "hi",
    "bn", "id", "ms", "vi", "th", "ja", "ko", "zh",
)  # fmt: skip
"""Languages in which names of months are read.

With all 200 languages of dateparser, parsing takes 0.3 s per date.
"""


def iso_date(text: str, language: str | None = None) -> str:
    """Return a date, or a date and time, as ISO 8601.

    Text in ISO 8601 is returned unchanged, and time zones are kept. Other accepted
    formats are RFC 2822, formats similar to ISO 8601, seconds or milliseconds since
    1970, and dates with the name of the month in one of `_LANGUAGES`. The date
    3/4/2023 is in April, except if `language` is English of a country in
    `_MONTH_FIRST_COUNTRIES`. It is ambiguous if `language` is None, or English of
    `_AMBIGUOUS_COUNTRIES`.

    Raises InputError if the text is not a date, is relative ("yesterday"), lacks
    its year, month or day, or is ambiguous.
    """
    try:
        # fromisoformat() misreads some milliseconds since 1970 as dates. In some versions of
        # Python, it accepts a space before a time zone.
        if " " not in text[11:] and (not text.isdigit() or len(text) == len("20230104")):
            datetime.fromisoformat(text)
            return text
    except ValueError:
        pass
    stripped = text.strip()
    if not stripped:
        raise InputError("'published' is empty; give a date, or omit it")
    if len(stripped) > MAX_LENGTH:
        raise _not_a_date(stripped)
    return _read(stripped, language)


def far_future(published: str) -> bool:
    """Tell whether an ISO 8601 date is so far in the future that it is likely wrong.

    The limit is MAX_AHEAD after now.
    """
    return timestamp(published) > (datetime.now(UTC) + MAX_AHEAD).timestamp()


def warnings_of(article: Article, place: str, *oddities: str | None) -> Iterator[Flagged]:
    """Yield a warning for each text in `oddities`, and for a date in the far future.

    A reader passes in `oddities` the problems that it found, or None.
    """
    yield from (Flagged(place, oddity) for oddity in oddities if oddity)
    if article.published is not None and far_future(article.published):
        yield Flagged(
            place,
            f"'published' is {article.published}, in the far future; the article is indexed, and "
            "counts as the newest until then",
        )


@lru_cache(_MAX_CACHED)
def _read(text: str, language: str | None) -> str:
    try:
        plain = unicodedata.normalize("NFKC", _BRACKETS.sub(" ", _GREENWICH.sub("", text))).strip()
        return _since_1970(plain) or _rfc_2822(plain) or _parsed(plain, language)
    except InputError:
        raise
    except Exception:  # noqa: BLE001 - dateparser may raise any error on arbitrary text
        raise _not_a_date(text) from None


def _since_1970(text: str) -> str | None:
    if _COMPACT.fullmatch(text):
        return datetime.strptime(text, "%Y%m%d%H%M%S").isoformat()
    if found := _EPOCH.fullmatch(text):
        whole = found[1]
        seconds = int(whole) // (1 if len(whole) <= len("1672823400") else 1_000)
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    return None


def _rfc_2822(text: str) -> str | None:
    if not text.isascii() or ":" not in text:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    # parsedate_to_datetime() ignores unknown zones, so `_parsed` reads a date with such a zone.
    return None if moment.tzinfo is None and _zone_of(text) else moment.isoformat()


def _parsed(text: str, language: str | None) -> str:
    """Return a date in prose or in a national format. Raises InputError."""
    text = _LETTER_H.sub(r"\1:\2", _CLOCK.sub(r"\1:\2", text))
    if not _YEAR.search(text):
        raise _not_a_date(text)
    if found := _YEAR_FIRST.search(text):
        # date() raises ValueError for 2023-13-01, which dateparser would read as 13 January.
        date(int(found[1]), int(found[2]), int(found[3]))
    zone = _zone_of(text)
    known = _tzinfo(zone)
    order = "MDY" if _is_month_first(text, language) else "DMY"
    data = _parser(order).get_date_data(text if known is None else text.removesuffix(zone).strip())
    moment = data.date_obj
    if zone and (moment is None or known is moment.tzinfo):
        raise InputError(
            f"'published' is {text!r}; {zone} looks like a time zone, but is not known; write "
            "it as 2023-01-04T09:30:00+01:00"
        )
    if moment is None:
        raise _not_a_date(text)
    if moment.year >= _YEAR_2400:
        moment = moment.replace(year=moment.year - _BUDDHIST)
    if data.period != "time":
        return str(moment.date())
    return str((moment if known is None else moment.replace(tzinfo=known)).isoformat())


@lru_cache
def _parser(order: str) -> DateDataParser:
    from dateparser.date import DateDataParser  # 0.15 s to import

    settings: dict[str, Any] = {
        "STRICT_PARSING": True,
        "PARSERS": ["absolute-time"],
        "DATE_ORDER": order,
        "PREFER_LOCALE_DATE_ORDER": False,
        "RETURN_TIME_AS_PERIOD": True,
    }
    return DateDataParser(languages=list(_LANGUAGES), settings=settings)


def _zone_of(text: str) -> str:
    """Return the text of the time zone after the time, or "" if there is none."""
    found = _ZONE.search(text)
    return found["zone"] if found and found["zone"].lower() not in ("am", "pm") else ""


def _tzinfo(zone: str) -> tzinfo | None:
    """Return the time zone for an offset, or for letters in `_AMERICAN`.

    The result is None for other letters, which dateparser may know.
    """
    if zone in _AMERICAN:
        from dateutil.tz import gettz

        found: tzinfo | None = gettz(_AMERICAN[zone])
        return found
    return datetime.strptime(zone, "%z").tzinfo if zone[:1] in ("+", "-") else None


def _is_month_first(text: str, language: str | None) -> bool:
    """Tell whether a date such as 3/4/2023 begins with its month.

    The first of these rules that applies decides:

    1. A date in another form, or with dots as in 3.4.2023: False.
    2. A date with a number over 12: True for 3/14/2023, False for 14/3/2023.
    3. A date with two equal numbers: False.
    4. English of a country in `_MONTH_FIRST_COUNTRIES`, such as "en-US": True.
    5. `language` is None, or English of `_AMBIGUOUS_COUNTRIES`, such as "en": raises
       InputError, because the date is ambiguous.
    6. Any other `language`, such as "en-GB" or "de": False.
    """
    found = _YEAR_LAST.search(text)
    if found is None or found[2] == ".":
        return False
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    if first > 12 or second > 12 or first == second:
        return second > 12
    tongue, _, region = (language or "en").replace("_", "-").partition("-")
    region = region.rpartition("-")[2].upper()
    if tongue.lower() == "en" and region in _AMBIGUOUS_COUNTRIES:
        raise InputError(
            f"'published' is {found[0]!r}, which is {date(year, second, first)} or "
            f"{date(year, first, second)}; write it like that, or set 'language', for English "
            "with the country: en-GB or en-US"
        )
    return tongue.lower() == "en" and region in _MONTH_FIRST_COUNTRIES


def _not_a_date(text: str) -> InputError:
    return InputError(
        f"'published' is {text[:40]!r}, which is not a valid date with a year, month and day; "
        "write it as 2023-01-04 or 2023-01-04T09:30:00+01:00"
    )
