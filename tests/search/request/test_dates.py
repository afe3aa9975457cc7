"""Dates in questions and filters, with a fixed time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from nutgraf.search.request.dates import date_range, period_of, period_seconds

NOW = datetime(2026, 11, 30, 12, 30, tzinfo=UTC)  # a Monday


def days(text: str) -> tuple[str, str] | None:
    period = period_of(text, NOW)
    if period is None:
        return None
    return period[0].date().isoformat(), (period[1] - timedelta(seconds=1)).date().isoformat()


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2023", "2023-01-01", "2023-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-01-04", "2023-01-04", "2023-01-04"),
        ("today", "2026-11-30", "2026-11-30"),
        ("Yesterday", "2026-11-29", "2026-11-29"),
        ("this week", "2026-11-30", "2026-12-06"),
        ("last week", "2026-11-23", "2026-11-29"),
        ("last month", "2026-10-01", "2026-10-31"),
        ("this year", "2026-01-01", "2026-12-31"),
        ("a week ago", "2026-11-23", "2026-11-29"),
        ("3 days ago", "2026-11-27", "2026-11-27"),
        ("2 weeks ago", "2026-11-16", "2026-11-22"),
        ("11 months ago", "2025-12-01", "2025-12-31"),
        ("2 years ago", "2024-01-01", "2024-12-31"),
        ("past 7 days", "2026-11-24", "2026-11-30"),
        ("last 2 weeks", "2026-11-17", "2026-11-30"),
        ("-7d", "2026-11-23", "2026-11-23"),
        ("-2w", "2026-11-16", "2026-11-16"),
        ("-9m", "2026-02-28", "2026-02-28"),
        ("-1y", "2025-11-30", "2025-11-30"),
    ],
)
def test_dates_and_relative_dates_are_read(text: str, first: str, last: str) -> None:
    assert days(text) == (first, last)


@pytest.mark.parametrize(
    "text", ["", "soon", "2023-13", "2023-02-30", "9999 years ago", "-9999y", "20", "7d", "week"]
)
def test_other_texts_are_no_dates(text: str) -> None:
    assert period_of(text, NOW) is None
    assert period_seconds(text, NOW) is None


def test_questions_and_filters_read_the_same_dates() -> None:
    for text in ("2023", "last week", "3 days ago", "-7d", "5 march 2023", "last friday"):
        assert period_seconds(text, NOW) == date_range(text, NOW)
    assert date_range("[2022 TO 2023]", NOW) is not None
    assert period_seconds("[2022 TO 2023]", NOW) is None


@given(st.integers(0, 9_999), st.sampled_from(["day", "week", "month", "year"]))
def test_times_before_now_are_whole_and_not_after_it(many: int, unit: str) -> None:
    period = period_of(f"{many} {unit}s ago", NOW)
    if period is not None:
        first, after = period
        assert first < after
        assert first <= NOW
        assert (first.hour, first.minute, first.second) == (0, 0, 0)
        assert many == 0 or after <= NOW
    else:
        assert unit == "year"
        assert many >= NOW.year
