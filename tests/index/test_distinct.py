"""Distinct numbers: the same as numpy finds by its own functions."""

import numpy as np
from hypothesis import given, strategies as st

from nutgraf.index.distinct import (
    are_repeated,
    contained,
    count_distinct,
    find,
    merged,
    sorted_distinct,
    starts,
)

NUMBERS = st.lists(st.integers(0, 30), max_size=40).map(lambda some: np.array(some, np.int64))


@given(NUMBERS, NUMBERS)
def test_numbers_are_counted_and_found(numbers, wanted):
    assert count_distinct(numbers) == len({*numbers.tolist()})
    assert contained(numbers, wanted).tolist() == np.isin(numbers, wanted).tolist()
    counts = [numbers.tolist().count(number) > 1 for number in numbers.tolist()]
    assert are_repeated(numbers).tolist() == counts


@given(NUMBERS, NUMBERS)
def test_ascending_numbers_are_merged(some, others):
    assert sorted_distinct(some).tolist() == np.unique(some).tolist()
    both = merged(np.unique(some), np.unique(others))
    assert both.tolist() == np.union1d(some, others).tolist()


@given(NUMBERS, NUMBERS)
def test_numbers_are_found_among_ascending_ones(numbers, some):
    ascending = np.unique(some)
    places, known = find(numbers, ascending)
    assert places.tolist() == np.searchsorted(ascending, numbers).tolist()
    assert known.tolist() == np.isin(numbers, ascending).tolist()


@given(NUMBERS)
def test_runs_of_equal_numbers_start_where_the_number_changes(numbers):
    ascending = np.sort(numbers)
    distinct, firsts = np.unique(ascending, return_index=True)
    assert starts(ascending).tolist() == firsts.tolist()
    assert ascending[starts(ascending)].tolist() == distinct.tolist()
