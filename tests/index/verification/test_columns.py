"""The check of codes finds the same rows as a comparison row by row."""

import numpy as np
from hypothesis import given, strategies as st

from nutgraf.index.columns.codes import CODE, SeveralCodes, SingleCodes, flatten
from nutgraf.index.verification.columns import rows_with_other_codes

CODES = st.integers(1, 3)
FIRST = 2
"""Rows before those that are compared."""


def several(rows):
    places, flat = flatten([tuple(codes) for codes in rows])
    return SeveralCodes(places, flat)


def plain(rows, codes, counts):
    expected = [some for some, count in zip(codes, counts, strict=True) for _ in range(count)]
    return [at for at, some in enumerate(expected) if rows[at] != some]


@st.composite
def articles(draw, most):
    """Draw the expected codes of articles, their rows, and codes of which some differ."""
    codes = draw(st.lists(st.lists(CODES, max_size=most), min_size=1, max_size=5))
    counts = draw(st.lists(st.integers(1, 3), min_size=len(codes), max_size=len(codes)))
    rows = [some for some, count in zip(codes, counts, strict=True) for _ in range(count)]
    for at in draw(st.sets(st.integers(0, len(rows) - 1))):
        rows[at] = draw(st.lists(CODES, max_size=most))
    return codes, counts, rows


@given(articles(3))
def test_several_codes_are_compared_as_row_by_row(drawn):
    codes, counts, rows = drawn
    stored = several([*([[3, 1]] * FIRST), *rows])
    assert rows_with_other_codes(stored, FIRST, codes, counts) == plain(rows, codes, counts)


@given(articles(1))
def test_single_codes_are_compared_as_row_by_row(drawn):
    codes, counts, rows = drawn
    stored = SingleCodes(np.array([*([7] * FIRST), *(sum(some) for some in rows)], CODE))
    assert rows_with_other_codes(stored, FIRST, codes, counts) == plain(rows, codes, counts)
