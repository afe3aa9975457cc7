"""Dates in the formats that articles come with, to ISO 8601. dateparser reads what people write."""

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

__all__ = ["far_future", "flags_of", "iso_date"]

MAX_AHEAD: Final = timedelta(days=3)
"""How far ahead an article can be dated: across the date line, and for the weekend."""

MAX_LENGTH: Final = 100
"""Characters in a date; it may come with the names of its weekday and its time zone."""

_BUDDHIST: Final = 543
_YEAR_2400: Final = 2400
"""Years that Thai dates are ahead, and from when on a year can only be one of theirs."""

_MONTH_FIRST_COUNTRIES: Final = {"US", "PH"}
_AMBIGUOUS_COUNTRIES: Final = {"", "CA"}
"""Regions of English: where a date begins with its month, and where nobody can tell."""

_MAX_CACHED: Final = 4_096
"""Dates that are known again: articles of a day have one date, and reading it takes 2 ms."""

_EPOCH: Final = re.compile(r"(\d{9,10}|\d{12,13})(?:\.\d+)?", re.ASCII)
_COMPACT: Final = re.compile(r"\d{14}", re.ASCII)
_YEAR: Final = re.compile(r"(?<!\d)\d{4}(?!\d)")
_YEAR_FIRST: Final = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_YEAR_LAST: Final = re.compile(r"(?<!\d)(\d{1,2})([-/.])\s?(\d{1,2})\2\s?(\d{4})(?!\d)")
_ZONE: Final = re.compile(r"(?:\d:\d\d|\d\s?[ap]\.?m\.?).*?\s(?P<zone>[A-Z]{2,5}|[+-]\d\S*)$", re.I)
_GREENWICH: Final = re.compile(r"\b(?:GMT|UTC)\s?(?=[+-]\d)")
_BRACKETS: Final = re.compile(r"\([^()]*\)")

_AMERICAN: Final = {
    "ET": "America/New_York",
    "CT": "America/Chicago",
    "MT": "America/Denver",
    "PT": "America/Los_Angeles",
}
"""Zones that American papers write without saying which half of the year it is."""

_LANGUAGES: Final = (
    "en", "de", "fr", "es", "it", "pt", "nl", "ru", "sv", "ar", "pl", "uk", "cs", "sk", "ro", "hu",
    "bg", "hr", "sr", "sl", "el", "tr", "da", "nb", "fi", "et", "lv", "lt", "ca", "he", "fa", "hi",
    "bn", "id", "ms", "vi", "th", "ja", "ko", "zh",
)  # fmt: skip
"""Languages whose months are known. To try all of dateparser's two hundred takes .3 s a date."""


def iso_date(text: str, language: str | None = None) -> str:
    """Return a date, or a date and time, as ISO 8601; what is that already, as it is.

    Taken are RFC 2822, ISO 8601 and what is near it, seconds or milliseconds
    since 1970, and days with the month by its name in any language that
    dateparser knows. A time zone is kept. Of 3/4/2023 the `language` says
    which is the day: the first, except in American English.

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
        raise _not_a_date(stripped)
    return _read(stripped, language)


def far_future(published: str) -> bool:
    """Tell whether an ISO 8601 date is more than a few days ahead: most likely it is wrong."""
    return timestamp(published) > (datetime.now(UTC) + MAX_AHEAD).timestamp()


def flags_of(article: Article, place: str, *oddities: str | None) -> Iterator[Flagged]:
    """Yield what its reader found odd about an article, if anything, and what its date has."""
    yield from (Flagged(place, oddity) for oddity in oddities if oddity)
    if article.published is not None and far_future(article.published):
        yield Flagged(
            place,
            f"'published' is {article.published}, in the far future: the article is indexed, and "
            "counts as the newest until then",
        )


@lru_cache(_MAX_CACHED)
def _read(text: str, language: str | None) -> str:
    try:
        plain = unicodedata.normalize("NFKC", _BRACKETS.sub(" ", _GREENWICH.sub("", text))).strip()
        return _since_1970(plain) or _rfc_2822(plain) or _parsed(plain, language)
    except InputError:
        raise
    except Exception:  # noqa: BLE001 - it is others' code over anybody's words
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
    # It drops a zone that it does not know.
    return None if moment.tzinfo is None and _zone_of(text) else moment.isoformat()


def _parsed(text: str, language: str | None) -> str:
    """Return the date that is written for people to read, or in a format of theirs."""
    if not _YEAR.search(text):
        raise _not_a_date(text)
    if found := _YEAR_FIRST.search(text):
        date(int(found[1]), int(found[2]), int(found[3]))  # Not 2023-13-01 read from its end.
    zone = _zone_of(text)
    known = _tzinfo(zone)
    order = "MDY" if _is_month_first(text, language) else "DMY"
    data = _parser(order).get_date_data(text if known is None else text.removesuffix(zone).strip())
    moment = data.date_obj
    if zone and (moment is None or known is moment.tzinfo):
        raise InputError(
            f"'published' is {text!r}; its time zone may be {zone}, which is not known here: write "
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
    """Return what stands for a time zone after the time, "" for nothing."""
    found = _ZONE.search(text)
    return found["zone"] if found and found["zone"].lower() not in ("am", "pm") else ""


def _tzinfo(zone: str) -> tzinfo | None:
    """Return the zone that a number stands for, or letters that dateparser does not know."""
    if zone in _AMERICAN:
        from dateutil.tz import gettz

        found: tzinfo | None = gettz(_AMERICAN[zone])
        return found
    return datetime.strptime(zone, "%z").tzinfo if zone[:1] in ("+", "-") else None


def _is_month_first(text: str, language: str | None) -> bool:
    """Tell whether 3/4/2023 is a day in March. Raises InputError where nobody can tell."""
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
            f"{date(year, first, second)}: write it like that, or say its 'language', "
            "of English with the country: en-GB or en-US"
        )
    return tongue.lower() == "en" and region in _MONTH_FIRST_COUNTRIES


def _not_a_date(text: str) -> InputError:
    return InputError(
        f"'published' is {text[:40]!r}, which is no date that can be understood by itself; write "
        "it as 2023-01-04 or 2023-01-04T09:30:00+01:00"
    )
