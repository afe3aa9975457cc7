"""Dates in the words of a question."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from nutgraf.search.query.dates_in_words import MONTHS, find_dates

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def found(text: str, language: str = "en") -> list[tuple[str, str, str]]:
    return [
        (text[one.start : one.end], one.first.isoformat(), one.last.isoformat())
        for one in find_dates(text, NOW, language)
    ]


@pytest.mark.parametrize(
    ("text", "date", "first", "last"),
    [
        ("floods October 2019", "October 2019", "2019-10-01", "2019-10-31"),
        ("who won in 2019?", "2019", "2019-01-01", "2019-12-31"),
        ("vote on 7 October 2019", "7 October 2019", "2019-10-07", "2019-10-07"),
        ("May 7th, 2019", "May 7th, 2019", "2019-05-07", "2019-05-07"),
        ("2019-10-07", "2019-10-07", "2019-10-07", "2019-10-07"),
        ("storm 2019-10", "2019-10", "2019-10-01", "2019-10-31"),
        ("13/10/2019", "13/10/2019", "2019-10-13", "2019-10-13"),
        ("10/13/2019", "10/13/2019", "2019-10-13", "2019-10-13"),
        ("last week", "last week", "2026-11-23", "2026-11-29"),
        ("yesterday's match", "yesterday", "2026-11-29", "2026-11-29"),
        ("3  years ago", "3  years ago", "2023-01-01", "2023-12-31"),
        ("wars 2018-2019", "2018-2019", "2018-01-01", "2019-12-31"),
        ("the 1990s", "1990s", "1990-01-01", "1999-12-31"),
        ("2019 votes", "2019", "2019-01-01", "2019-12-31"),
        ("Oct. 2019", "Oct. 2019", "2019-10-01", "2019-10-31"),
        ("7 de octubre de 2019", "7 de octubre de 2019", "2019-10-07", "2019-10-07"),
        ("1er août 2020", "1er août 2020", "2020-08-01", "2020-08-01"),
        ("am 7. März 2021", "7. März 2021", "2021-03-07", "2021-03-07"),
        ("dicembre 2020", "dicembre 2020", "2020-12-01", "2020-12-31"),
        ("3 augustus 2020", "3 augustus 2020", "2020-08-03", "2020-08-03"),
    ],
)
def test_dates_are_found_with_their_place(text: str, date: str, first: str, last: str) -> None:
    assert found(text) == [(date, first, last)]


@pytest.mark.parametrize(
    "text",
    [
        "Boeing 737",
        "1,500 dead",
        "Covid-19",
        "2019-nCoV",
        "2000 people killed",
        "more than 2000 votes",
        "$2000",
        "1,991 delegates",
        "season 2019/20",
        "2019 20 2021",
        "2019-13-01",
        "31 February 2020",
        "1750",
        "plans for 2030",
        "7.10.2019",
        "may be",
        "version 2.2019",
    ],
)
def test_other_numbers_and_words_are_no_dates(text: str) -> None:
    assert [date for date, *_ in found(text)] in ([], ["2021"])


def test_order_of_day_and_month_depends_on_the_language() -> None:
    assert found("7.10.2019", "de") == [("7.10.2019", "2019-10-07", "2019-10-07")]
    assert found("7.10.2019", "en") == []
    assert found("10/13/2019", "fr") == []


@given(st.sampled_from(sorted(MONTHS)), st.integers(1, 28), st.integers(1800, 2027))
def test_each_name_of_a_month_is_read(name: str, day: int, year: int) -> None:
    date = f"{year}-{MONTHS[name]:02}-{day:02}"
    assert found(f"x {day} {name} {year} y") == [(f"{day} {name} {year}", date, date)]


@given(st.text(alphabet="0123456789 -./,:abcmayjune'lastweekago", max_size=60))
def test_any_text_is_read_without_error(text: str) -> None:
    for one in find_dates(text, NOW, "en"):
        assert 0 <= one.start < one.end <= len(text)
        assert one.first <= one.last
