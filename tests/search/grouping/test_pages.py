"""Pages: the best hits without the order of all candidates."""

import numpy as np
from hypothesis import given, strategies as st

from nutgraf.search.grouping.pages import _best_of_stories
from nutgraf.search.ranking.candidates import Candidates

FOUND = st.lists(st.tuples(st.sampled_from([0.1, 0.4, 0.6, 0.9]), st.integers(0, 9)), max_size=80)


@given(FOUND, st.integers(1, 12))
def test_best_candidates_of_stories_are_those_of_a_full_sort(found, count):
    scores = np.array([score for score, _ in found])
    stories = np.array([story for _, story in found], np.int64)
    rows = np.arange(len(found))
    best = {}
    for place in np.lexsort((rows, -scores)).tolist():
        best.setdefault(int(stories[place]), place)
    wanted = list(best.values())
    places = _best_of_stories(Candidates(rows, scores, scores), stories, count).tolist()
    assert places == wanted[: len(places)]
    assert len(places) >= min(count, len(wanted))
