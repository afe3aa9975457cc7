"""Codes: one or several values per row."""

from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from nutgraf.index.columns.codes import CODE, SPAN, SeveralCodes, SingleCodes

CODES = st.lists(st.lists(st.integers(1, 6), unique=True, max_size=4), max_size=12)


@given(rows=CODES, wanted=st.sets(st.integers(1, 6)), data=st.data())
def test_several_codes_are_found_and_counted(rows, wanted, data):
    spans = np.zeros(len(rows), SPAN)
    flat = [code for row in rows for code in row]
    at = 0
    for number, row in enumerate(rows):
        spans[number] = at, len(row)
        at += len(row)
    codes = SeveralCodes(spans, np.array(flat, CODE))
    assert codes.fits
    assert codes.mask(wanted).tolist() == [bool(wanted & set(row)) for row in rows]
    some = data.draw(st.lists(st.sampled_from(range(len(rows))))) if rows else []
    positions, found = codes.pairs(np.array(some, np.int64))
    expected = [(at, code) for at, row in enumerate(some) for code in rows[row]]
    assert list(zip(positions.tolist(), found.tolist(), strict=True)) == expected


@given(rows=st.lists(st.integers(0, 6), max_size=12), wanted=st.sets(st.integers(1, 6)))
def test_single_codes_are_found_and_counted(rows, wanted):
    codes = SingleCodes(np.array(rows, CODE))
    assert codes.mask(wanted).tolist() == [code in wanted for code in rows]
    positions, found = codes.pairs(np.arange(len(rows)))
    expected = [(at, code) for at, code in enumerate(rows) if code]
    assert list(zip(positions.tolist(), found.tolist(), strict=True)) == expected


def test_span_outside_of_the_codes_does_not_fit():
    spans = np.array([[0, 1], [1, 2]], "<u4")
    assert SeveralCodes(spans, np.ones(3, CODE)).fits
    assert not SeveralCodes(spans, np.ones(2, CODE)).fits
