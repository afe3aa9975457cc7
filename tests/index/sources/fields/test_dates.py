"""Dates: many formats of a day are read, and ambiguous dates are refused."""

import json
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given, settings, strategies as st

from nutgraf.index.article import Article, timestamp
from nutgraf.index.errors import InputError
from nutgraf.index.sources import Flagged, read_sources
from nutgraf.index.sources.fields.dates import MAX_AHEAD, MAX_LENGTH, far_future, iso_date

ISO = [
    "2023-01-04",
    "20230104",
    "2023-01-04T09:30:00+01:00",
    "2023-01-04T09:30Z",
    "2023-01-04 09:30:00",
    "2023-01-04T09:30:00.123456789Z",
]


@pytest.mark.parametrize("text", ISO)
def test_iso_8601_is_unchanged(text):
    assert iso_date(text) == text


DAYS = [
    "4 January 2023",
    "4th Jan 2023",
    "Jan. 4, 2023",
    "JANUARY 4th, 2023",
    "Wednesday, 4 January 2023",
    "4-Jan-2023",
    "2023 January 4",
    "2023-1-4",
    "2023/01/04",
    "2023.01.04",
    "04.01.2023",
    "4. 1. 2023",
    "4. Januar 2023",
    "Mittwoch, 4. Januar 2023",
    "le 4 janvier 2023",
    "4 janv. 2023",
    "4 de enero de 2023",
    "4 gennaio 2023",
    "4 de janeiro de 2023",
    "4 januari 2023",
    "onsdag 4 januar 2023",
    "4. tammikuuta 2023",
    "4 ianuarie 2023",
    "2023. január 4.",
    "4 stycznia 2023",
    "4. ledna 2023",
    "4 Ocak 2023 Çarşamba",
    "4 января 2023 г.",
    "4 січня 2023",
    "4 Ιανουαρίου 2023",
    "٤ يناير ٢٠٢٣",
    "4 जनवरी 2023",
    "4 มกราคม 2566",
    "4 ม.ค. 2566",
    "4 tháng 1 năm 2023",
    "2023年1月4日",
    "2023년 1월 4일",
]


@pytest.mark.parametrize("text", DAYS)
def test_formats_of_a_day_are_read(text):
    assert iso_date(text) == "2023-01-04"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mar. 3 janv. 2023", "2023-01-03"),  # a Tuesday, not March
        ("1er mai 2023", "2023-05-01"),
        ("1 août 2023", "2023-08-01"),
        ("29 février 2024", "2024-02-29"),
        ("4 März 2023", "2023-03-04"),
        ("4 июля 2023", "2023-07-04"),
    ],
)
def test_names_of_months_and_days_are_read(text, expected):
    assert iso_date(text) == expected


ABBREVIATED = [
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec",
    "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
    "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "ene feb mar abr may jun jul ago sep oct nov dic",
    "gen feb mar apr mag giu lug ago set ott nov dic",
    "jan fev mar abr mai jun jul ago set out nov dez",
    "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "sty lut mar kwi maj cze lip sie wrz paź lis gru",
    "oca şub mar nis may haz tem ağu eyl eki kas ara",
    "янв фев мар апр мая июн июл авг сен окт ноя дек",
    "ιαν φεβ μαρ απρ μαι ιουν ιουλ αυγ σεπ οκτ νοε δεκ",
]


@pytest.mark.parametrize("names", ABBREVIATED)
def test_abbreviated_months_are_read(names):
    found = [iso_date(f"4 {name} 2023") for name in names.split()]
    assert found == [f"2023-{month:02}-04" for month in range(1, 13)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wed, 04 Jan 2023 09:30:00 +0100", "2023-01-04T09:30:00+01:00"),
        ("Wed, 04 Jan 2023 09:30 EST", "2023-01-04T09:30:00-05:00"),
        ("04 Jan 23 09:30:00 GMT", "2023-01-04T09:30:00+00:00"),
        ("04 Jan 98 09:30:00 GMT", "1998-01-04T09:30:00+00:00"),
        ("Jan. 4, 2023, 9:30 a.m. EST", "2023-01-04T09:30:00-05:00"),
        ("January 4, 2023 12 a.m.", "2023-01-04T00:00:00"),
        ("January 4, 2023 at 12:05 PM ET", "2023-01-04T12:05:00-05:00"),
        ("July 4, 2023 at 9 p.m. PT", "2023-07-04T21:00:00-07:00"),
        ("12 March 2023 1:59 ET", "2023-03-12T01:59:00-05:00"),
        ("12 March 2023 3:00 ET", "2023-03-12T03:00:00-04:00"),
        ("5 November 2023 3:00 ET", "2023-11-05T03:00:00-05:00"),
        ("Wed Jan  4 09:30:00 2023", "2023-01-04T09:30:00"),
        ("Wed Jan 04 09:30:00 +0000 2023", "2023-01-04T09:30:00+00:00"),
        (
            "Wed Jan 04 2023 09:30:00 GMT+0530 (India Standard Time)",
            "2023-01-04T09:30:00+05:30",
        ),
        ("2023-01-04 09:30:00 +0100", "2023-01-04T09:30:00+01:00"),
        ("2023-01-04 09:30:00 UTC", "2023-01-04T09:30:00+00:00"),
        ("4. Januar 2023, 9.30 Uhr MEZ", "2023-01-04T09:30:00+01:00"),
        ("4. Januar 2023, 9:30 Uhr", "2023-01-04T09:30:00"),
        ("4. Januar 2023, um 9:30 Uhr MEZ", "2023-01-04T09:30:00+01:00"),
        ("04.01.2023 09:30:15 Uhr", "2023-01-04T09:30:15"),
        ("4 januari 2023 9:30 uur", "2023-01-04T09:30:00"),
        ("4. ledna 2023 9:30 hod.", "2023-01-04T09:30:00"),
        ("4 de enero de 2023, 9:30 hrs", "2023-01-04T09:30:00"),
        ("4 de janeiro de 2023 às 9h30", "2023-01-04T09:30:00"),
        ("le 4 janvier 2023 à 9h30", "2023-01-04T09:30:00"),
        ("9:30 4 January 2023", "2023-01-04T09:30:00"),
        ("20230104093000", "2023-01-04T09:30:00"),
        ("1672823400", "2023-01-04T09:10:00+00:00"),
        ("1672823400.25", "2023-01-04T09:10:00+00:00"),
        ("1672823400123", "2023-01-04T09:10:00+00:00"),
        (" 2023-01-04 ", "2023-01-04"),
    ],
)
def test_times_keep_their_zone(text, expected):
    assert iso_date(text) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("03/04/2023", "en-US", "2023-03-04"),
        ("03-04-2023", "en_US", "2023-03-04"),
        ("03/04/2023", "en-GB", "2023-04-03"),
        ("03/04/2023", "fr", "2023-04-03"),
        ("03.04.2023", "en-US", "2023-04-03"),
        ("13/04/2023", None, "2023-04-13"),
        ("04/13/2023", "fr", "2023-04-13"),
        ("04/04/2023", None, "2023-04-04"),
    ],
)
def test_language_decides_the_order_of_day_and_month(text, language, expected):
    assert iso_date(text, language) == expected


@pytest.mark.parametrize("language", [None, "en", "en-CA", "EN"])
def test_ambiguous_date_is_refused_with_both_readings(language):
    with pytest.raises(InputError, match=r"'published' is .* 2023-04-03 or 2023-03-04.*en-GB"):
        iso_date("03/04/2023", language)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2 days ago",
        "today at 9:30",
        "2 days after 4 January 2023",
        "2023",
        "2023-01",
        "January 2023",
        "4 January",
        "12:30",
        "03/04/23",
        "4 jui 2023",
        "2023-13-01",
        "31 February 2023",
        "4 January 2023 25:00",
        "4 January 2023 09:30 +99:99",
        "4 January 2023 - 5 January 2023",
        "99999999999999",
        "N/A",
        "٤٤٤٤٤٤٤٤",
        "²²²²²²²²",
        "4 January 2023" + " " * MAX_LENGTH + "x",
    ],
)
def test_incomplete_and_invalid_dates_are_refused(text):
    with pytest.raises(InputError, match="'published' is"):
        iso_date(text)


def test_unknown_zone_is_named_in_the_error():
    with pytest.raises(InputError, match=r"XYZ looks like a time zone, but is not known.*\+01:00"):
        iso_date("4 January 2023 09:30 XYZ")


MOMENTS = st.datetimes(
    datetime(1000, 1, 2),
    datetime(2399, 12, 30),
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m))),
).map(lambda moment: moment.replace(microsecond=0))


@settings(deadline=None)
@given(MOMENTS)
def test_all_formats_of_a_moment_give_the_same_time(moment):
    ways = [
        moment.isoformat(),
        format_datetime(moment),
        f"{moment:%Y-%m-%d %H:%M:%S %z}",
        f"{moment:%B} {moment.day}, {moment.year}, {moment:%I:%M:%S %p %z}",
        f"{moment:%a %b %d %Y %H:%M:%S} GMT{moment:%z}",
    ]
    assert {timestamp(iso_date(way)) for way in ways} == {timestamp(moment.isoformat())}


WORDS = st.sampled_from(
    [
        "4",
        "31",
        "2023",
        "2566",
        "Jan",
        "März",
        "9:30",
        "am",
        "Uhr",
        "h",
        "+0100",
        "EST",
        "ET",
        "T",
        "Z",
        "/",
        "-",
        ".",
        ",",
        "(",
        "年",
        "月",
    ]
)


@settings(deadline=None)  # The first date loads the names of months.
@given(
    st.text(max_size=40) | st.lists(WORDS, max_size=8).map("".join) | st.lists(WORDS).map(" ".join)
)
def test_any_text_is_a_date_or_an_input_error(text):
    try:
        found = iso_date(text)
    except InputError:
        return
    timestamp(found)


def test_far_future_begins_after_the_limit():
    now = datetime.now(UTC)
    assert not far_future(now.isoformat())
    assert not far_future((now + MAX_AHEAD - timedelta(hours=1)).isoformat())
    assert far_future((now + MAX_AHEAD + timedelta(hours=1)).isoformat())
    assert far_future("2562-01-04")


def test_jsonl_reads_all_date_formats_and_flags_the_far_future(tmp_path):
    fields = {"title": "A", "text": "One."}
    dates = ["04 Jan 2023 09:30 GMT", 1672823400, "2562-01-04", "03/04/2023"]
    file = tmp_path / "a.jsonl"
    file.write_text("\n".join(json.dumps({**fields, "published": date}) for date in dates))
    first, second, flagged, third, rejected = read_sources([str(file)])
    assert (first.published, second.published) == (
        "2023-01-04T09:30:00+00:00",
        "2023-01-04T09:10:00+00:00",
    )
    assert isinstance(flagged, Flagged)
    assert flagged.place == f"{file}:3"
    assert "'published' is 2562-01-04, in the far future" in flagged.reason
    assert isinstance(third, Article)
    assert "which is 2023-04-03 or 2023-03-04" in rejected.reason
