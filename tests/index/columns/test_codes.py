"""Codes: one or several values per row."""

from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from nutgraf.index.columns.codes import CODE, SeveralCodes, SingleCodes, flatten

CODES = st.lists(st.lists(st.integers(1, 6), unique=True, max_size=4), max_size=12)


@given(rows=CODES, wanted=st.sets(st.integers(1, 6)), data=st.data())
def test_several_codes_are_found_and_counted(rows, wanted, data):
    lists = list(map(tuple, rows))
    first = data.draw(st.integers(0, len(rows)))
    places, flat = flatten(lists[:first])
    later, added = flatten(lists[first:], len(flat))
    codes = SeveralCodes(np.concatenate([places, later]), np.concatenate([flat, added]))
    assert len(codes.flat) <= 1 + sum(len(row) + 1 for row in rows)
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


def test_list_outside_of_the_codes_does_not_fit():
    places, flat = flatten([(), (7,), (8, 9), (7,)])
    assert SeveralCodes(places, flat).fits
    assert len(flat) == 6
    for short in (flat[:0], flat[:3], flat[:5]):
        assert not SeveralCodes(places, short).fits
