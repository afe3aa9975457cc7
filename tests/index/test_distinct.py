"""Distinct numbers by flags: the same as by sorting."""

import numpy as np
from hypothesis import given, strategies as st

from nutgraf.index.distinct import are_repeated, contained, count_distinct

NUMBERS = st.lists(st.integers(0, 30), max_size=40).map(lambda some: np.array(some, np.int64))


@given(NUMBERS, NUMBERS)
def test_numbers_are_counted_and_found(numbers, wanted):
    assert count_distinct(numbers) == len({*numbers.tolist()})
    assert contained(numbers, wanted).tolist() == np.isin(numbers, wanted).tolist()
    counts = [numbers.tolist().count(number) > 1 for number in numbers.tolist()]
    assert are_repeated(numbers).tolist() == counts
