"""Cached postings: bounded, apart for each view, and added up as by hand."""

from collections import Counter

import numpy as np
from hypothesis import given, strategies as st

from nutgraf.index.keywords.nodes import Constant, Union, Word
from nutgraf.index.keywords.tantivy.postings import Postings, PostingsCache, parts_of, sum_of

ROWS = st.dictionaries(st.integers(0, 40), st.sampled_from([0.0, 0.5, 2.0]), max_size=12)


def postings(scores):
    return Postings.of(np.array([*scores], np.uint32), np.array([*scores.values()], np.float32))


@given(
    st.dictionaries(st.integers(0, 300_000), st.integers(0, 400), max_size=30),
    st.sampled_from([0, 300]),
)
def test_rows_and_scores_are_stored_in_few_bytes_without_loss(scores, more):
    scores |= {row + 1_000_000: row for row in range(more)}  # More than one byte can number.
    rows = sorted(scores)
    found = postings(scores)
    assert (len(found), found.end) == (len(rows), max(rows, default=-1) + 1)
    assert found.rows.tolist() == rows
    assert found.scores.tolist() == [scores[row] for row in rows]
    equal = Postings.equal(np.array(rows, np.int64), 0.5)
    assert equal.rows.tolist() == rows
    assert equal.scores.tolist() == [0.5] * len(rows)


def test_most_postings_take_3_bytes():
    many = postings(dict.fromkeys(range(0, 300_000, 3), 1.0) | {5: 2.0})
    assert 3 * len(many) <= many.size <= 3.02 * len(many)


@given(
    st.lists(ROWS, max_size=5),
    st.none() | st.sets(st.integers(0, 40)),
    st.booleans(),
)
def test_scores_of_parts_are_added(parts, allowed, few):
    if few:  # So many rows are between the first and the last that the few are sorted.
        parts = [*parts, {100_000: 1.0}]
        allowed = None if allowed is None else {*allowed, 100_000}
    wanted = Counter()
    for part in parts:
        wanted.update(dict.fromkeys(part, 0.0))
        wanted.update(part)
    mask = None if allowed is None else np.isin(np.arange(100_001), list(allowed))
    found = sum_of([postings(part) for part in parts], mask)
    kept = [row for row in sorted(wanted) if allowed is None or row in allowed]
    assert found.rows.tolist() == kept
    assert found.scores.tolist() == [wanted[row] for row in kept]


def test_postings_are_read_once_within_the_bytes():
    cache, read = PostingsCache(most=3_500), []

    def reading(node):
        read.append(node)
        return postings(dict.fromkeys(range(5), 1.0))

    words = [Word("text", term) for term in "abcd"]
    for word in (*words[:3], words[0], words[3], words[0], words[1]):
        assert cache.get("view", word, reading).rows.tolist() == list(range(5))
    # Only 3 fit, and b was used the longest time ago.
    assert read == [*words, words[1]]
    assert cache.bytes == 3 * 1_035
    cache.get("newer", words[1], reading)
    cache.drop("view")
    assert cache.bytes == 1_035
    cache.drop("newer")
    assert cache.bytes == 0


def test_parts_of_a_union_add_up():
    a, b, c = (Word("text", term) for term in "abc")
    assert parts_of(Union((a, Union((b, c))))) == (a, b, c)
    best = Union((a, b), tie=0.0)
    assert parts_of(best) == (best,)
    assert parts_of(Constant(Union((a, b)), 1.0)) == (Constant(Union((a, b)), 1.0),)
