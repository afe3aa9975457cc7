"""The best of many rows without sorting all: the same as with sorting all."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from nutgraf.index.ranking import Ranking, best_places

SCORES = st.lists(st.sampled_from([-1.0, 0.0, 0.2, 0.5, 0.7, 0.75, 0.9, 1.0]), max_size=60)


def ranking(scores):
    """Return a ranking of rows 0, 2, 4 ... in the order of rows."""
    return Ranking(2 * np.arange(len(scores)), np.array(scores, np.float32))


@given(SCORES, st.integers(0, 70), st.randoms(use_true_random=False))
def test_best_rows_are_those_of_a_full_sort(scores, count, random):
    rows = np.array(random.sample(range(100), len(scores)), np.int64)
    ties = np.array([random.randrange(3) for _ in scores], np.float64)
    values = np.array(scores)
    order = np.lexsort((rows, -ties, -values))[:count]
    assert best_places(count, rows, values, ties).tolist() == order.tolist()
    order = np.lexsort((rows, -values))[:count]
    assert best_places(count, rows, values).tolist() == order.tolist()


@given(SCORES.filter(bool))
def test_rank_of_a_row_is_its_place_in_the_order(scores):
    found = ranking(scores)
    for rank, place in enumerate(found.best(len(found)).tolist(), 1):
        assert found.rank_of(2 * place) == (rank, found.scores[place])
    assert found.rank_of(1) is None


@given(SCORES, st.dictionaries(st.integers(0, 120), st.just(3.0), max_size=9))
def test_raised_rows_and_further_rows(scores, others):
    found, more = ranking(scores), sorted(others)
    other = Ranking(np.array(more, np.int64), np.full(len(more), 3.0, np.float32))
    plain = dict(zip(found.rows.tolist(), found.scores.tolist(), strict=True))
    raised = found.raised(other)
    assert raised.rows.tolist() == list(plain)
    wanted = [score + others.get(row, 0.0) for row, score in plain.items()]
    assert raised.scores.tolist() == pytest.approx(wanted)
    both = found.including(other.rows[::-1])
    assert both.rows.tolist() == sorted(plain | others)
    assert both.scores.tolist() == [plain.get(row, 0.0) for row in both.rows.tolist()]
