"""Terms of declared fields: a range finds exactly the numbers in it."""

from __future__ import annotations

from hypothesis import example, given, strategies as st

from nutgraf.index.analysis.declared_terms import declared_terms, presence_term, range_terms

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-50, 50).map(float)
ENDS = st.none() | NUMBERS
SECONDS = st.integers(-(2**62), 2**62) | st.integers(-50, 50)


def is_found(kind, value, first, last):
    return bool(set(range_terms("n", kind, first, last)) & set(declared_terms("n", value)))


def is_in(value, first, last):
    return (first is None or value >= first) and (last is None or value <= last)


@given(value=NUMBERS, first=ENDS, last=ENDS)
@example(value=300.0, first=300.0, last=300.0)
@example(value=0.0, first=-0.0, last=0.0)
@example(value=5e-324, first=-5e-324, last=0.0)
def test_number_is_found_by_the_ranges_that_contain_it(value, first, last):
    assert is_found("number", value + 0.0, first, last) == is_in(value, first, last)


@given(value=SECONDS, first=st.none() | SECONDS, last=st.none() | SECONDS)
def test_date_is_found_by_the_ranges_that_contain_it(value, first, last):
    assert is_found("date", value, first, last) == is_in(value, first, last)


@given(first=ENDS, last=ENDS)
def test_range_has_few_terms(first, last):
    assert len(range_terms("n", "number", first, last)) <= 450


def test_open_range_finds_each_value_by_one_term():
    assert range_terms("n", "number", None, None) == (presence_term("n"),)
    assert len(list(declared_terms("n", 3.5))) == 17


def test_words_and_values_are_terms():
    assert list(declared_terms("topic", ("Big Sea",))) == [
        "topic\x1f", "topic\x1f Big Sea", "topic\x1fbig sea", "topic\x1fbig", "topic\x1fsea",
    ]  # fmt: skip
