"""Fusion: scores computed by hand, and properties for any scores."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as arrays

from nutgraf.index.ranking import Ranking
from nutgraf.search.ranking.candidates import Asked, fuse, keyword_candidates, vector_candidates
from nutgraf.search.ranking.fusion import (
    CLOSE_MEANING,
    adaptive_weight,
    convex,
    meaning_scores,
    normalize,
    ranks,
    reciprocal_rank,
)
from nutgraf.search.response import PlaceInRanking


def ranking(pairs, *, complete=True):
    rows, scores = zip(*pairs, strict=True) if pairs else ((), ())
    return Ranking(np.array(rows, np.int64), np.array(scores, np.float32), complete)


def words(pairs):
    """Return a keyword ranking, which is in the order of rows."""
    return ranking(sorted(pairs))


def fused_in_order(method, keyword, semantic, cosines, **options):
    both = keyword.including(semantic.rows)
    assert both.rows.tolist() == sorted({*keyword.rows.tolist(), *semantic.rows.tolist()})
    known = np.flatnonzero(~np.isnan(cosines))
    compared = Ranking(both.rows[known], cosines[known])
    found = fuse(method, keyword, semantic, both=both, compared=compared, **options)
    return found.take(found.best(len(found.rows)))


ASKED = Asked()
"""A question whose words have no weight: the best keyword score becomes 1."""


def test_normalize():
    assert normalize(np.array([8.0, 4.0, 0.0], np.float32), 0.0).tolist() == [1.0, 0.5, 0.0]
    assert normalize(np.array([0.0, 0.0], np.float32), 0.0).tolist() == [0.0, 0.0]
    assert normalize(np.empty(0, np.float32), 0.0).tolist() == []


def test_a_poor_best_match_stays_poor():
    assert normalize(np.array([2.0, 1.0], np.float32), 8.0).tolist() == [0.25, 0.125]
    assert normalize(np.array([16.0, 8.0], np.float32), 8.0).tolist() == [1.0, 0.5]


def test_meaning_has_a_fixed_scale_and_counts_less_with_a_year():
    above = np.array([0.32, 0.16, -0.032])
    assert meaning_scores(above) == pytest.approx([1.0, 0.5, -0.1])
    assert meaning_scores(above, names_year=True) == pytest.approx([0.25, 0.125, -0.025])


def test_convex():
    fused = convex(np.array([1.0, 0.5]), np.array([1]), np.array([1.0]), weight=0.4)
    assert fused.tolist() == pytest.approx([0.6 * 1 + 0.4 * 0, 0.6 * 0.5 + 0.4 * 1])


def test_reciprocal_rank():
    fused = reciprocal_rank(np.array([3, 1, 0]), np.array([1, 0, 2]), weight=0.5, k=60)
    two_firsts = 1 / (60 + 1) + 1 / (60 + 1)
    assert fused.tolist() == pytest.approx(
        [(1 / (60 + 3) + 1 / (60 + 1)) / two_firsts, 1 / 61 / two_firsts, 1 / 62 / two_firsts]
    )


def test_ranks():
    assert ranks(np.array([2, 5, 9]), np.array([9, 2])).tolist() == [2, 0, 1]


def test_convex_fusion_of_two_rankings():
    keyword = words([(7, 10.0), (3, 5.0)])
    semantic = ranking([(3, 0.9), (8, 0.5)])
    cosines = np.array([0.9, 0.1, 0.5], np.float32)  # of rows 3, 7, 8
    asked = replace(ASKED, unrelated=0.1)
    fused = fused_in_order("convex", keyword, semantic, cosines, asked=asked)
    # Of each cosine above chance, (cosine - .1) / .9, .32 counts 1.
    near, far = 0.8 / 0.9 / 0.32, 0.4 / 0.9 / 0.32
    assert fused.rows.tolist() == [7, 3, 8]
    assert fused.scores.tolist() == pytest.approx([0.85, 0.85 * 0.5 + 0.15 * near, 0.15 * far])
    more = fused_in_order("convex", keyword, semantic, cosines, asked=asked, weight=0.5)
    assert more.rows.tolist() == [3, 8, 7]
    assert more.scores.tolist() == pytest.approx([0.5 * 0.5 + 0.5 * near, 0.5 * far, 0.5])
    assert more.explain(0).fusion.weight == 0.5
    lifted = fused_in_order(
        "convex",
        keyword,
        semantic,
        cosines,
        asked=asked,
        bonus=np.array([0.02, 0.0, 0.01]),
    )
    assert lifted.scores.tolist() == pytest.approx(
        [0.85 * 0.5 + 0.15 * near + 0.02, 0.85, 0.15 * far + 0.01]
    )
    explained = fused.explain(0)
    assert explained.keyword.rank == 1
    assert explained.keyword.score == 10.0
    assert explained.semantic.rank is None
    assert explained.semantic.score == pytest.approx(0.1)
    assert explained.fusion.method == "convex"
    assert explained.fusion.weight == 0.15


def test_weight_of_meaning_is_higher_if_fewer_words_match():
    # 0.15 + 0.35 x (1 - best/full)
    assert adaptive_weight(10.0, 10.0) == pytest.approx(0.15)
    assert adaptive_weight(4.0, 10.0) == pytest.approx(0.15 + 0.35 * 0.6)
    assert adaptive_weight(0.0, 10.0) == pytest.approx(0.5)
    assert adaptive_weight(20.0, 10.0) == adaptive_weight(20.0, 0.0) == pytest.approx(0.15)
    assert adaptive_weight(0.0, 0.0) == pytest.approx(0.5)


def test_reciprocal_fusion_of_two_rankings():
    keyword = words([(7, 10.0), (3, 5.0)])
    semantic = ranking([(3, 0.9), (8, 0.5)])
    cosines = np.zeros(3, np.float32)
    fused = fused_in_order("rrf", keyword, semantic, cosines, asked=ASKED)
    assert fused.rows.tolist() == [3, 7, 8]  # 1/62 + 1/61, 1/61, 1/62
    assert fused.explain(0).fusion.weight == 0.5
    # 3: (1-w)/62 + w/61, 7: (1-w)/61, 8: w/62, all over 1/61
    few = fused_in_order("rrf", keyword, semantic, cosines, asked=ASKED, weight=0.1)
    assert few.scores.tolist() == pytest.approx([0.9 * 61 / 62 + 0.1, 0.9, 0.1 * 61 / 62])


def test_ties_are_in_order_of_rows():
    keyword = words([(9, 2.0), (4, 2.0), (1, 2.0)])
    cosines = np.zeros(3, np.float32)
    fused = fused_in_order("convex", keyword, ranking([]), cosines, asked=ASKED)
    assert fused.rows.tolist() == [1, 4, 9]


def test_row_without_known_cosine_counts_as_unrelated():
    keyword, semantic = words([(1, 2.0), (2, 1.0)]), ranking([(3, 0.9), (1, 0.5)])
    fused = [
        fused_in_order(
            "convex",
            keyword,
            semantic,
            np.array([0.5, cosine, 0.9], np.float32),
            asked=Asked(2.0, unrelated=0.25),
            weight=0.4,
        )
        for cosine in (np.nan, 0.25)
    ]
    assert fused[0].rows.tolist() == fused[1].rows.tolist()
    assert fused[0].scores.tolist() == fused[1].scores.tolist()
    assert fused[0].evidence == fused[1].evidence
    assert fused[0].explain(fused[0].rows.tolist().index(2)).semantic == PlaceInRanking(None, None)


def test_candidates_of_one_ranking_have_explanation():
    keyword = keyword_candidates(words([(5, 4.0), (2, 1.0)]), ASKED)
    assert keyword.rows.tolist() == [2, 5]
    assert keyword.scores.tolist() == [0.25, 1.0]
    assert keyword.explain(0).keyword.rank == 2
    assert keyword.explain(0).semantic is None
    meaning = vector_candidates(ranking([(5, 0.8), (2, -0.1)]), ASKED)
    assert meaning.scores.tolist() == pytest.approx([0.8, -0.1])
    assert meaning.explain(0).keyword is None


SCORES = st.floats(0, 100, width=32)
PAIRS = st.dictionaries(st.integers(0, 50), SCORES, max_size=20)


def by_score(scores):
    return ranking(sorted(scores.items(), key=lambda pair: (-pair[1], pair[0])))


@given(PAIRS, PAIRS, st.sampled_from(["convex", "rrf"]))
def test_any_fusion_is_ordered_bounded_and_complete(keyword_scores, cosines, method):
    keyword = words(keyword_scores.items())
    semantic = by_score({row: score / 100 for row, score in cosines.items()})
    rows = sorted(keyword_scores | cosines)
    all_cosines = np.array([cosines.get(row, 0) / 100 for row in rows], np.float32)
    fused = fused_in_order(method, keyword, semantic, all_cosines, asked=ASKED)
    assert sorted(fused.rows) == rows
    assert ((fused.scores >= 0) & (fused.scores <= 1 / CLOSE_MEANING)).all()
    pairs = list(zip(-fused.scores, fused.rows, strict=True))
    assert pairs == sorted(pairs)


@given(PAIRS.filter(bool), PAIRS.filter(bool))
def test_better_in_both_rankings_is_never_worse_in_fusion(keyword_scores, cosines):
    keyword = words(keyword_scores.items())
    semantic = by_score({row: score / 100 for row, score in cosines.items()})
    rows = sorted(keyword_scores | cosines)
    all_cosines = np.array([cosines.get(row, 0) / 100 for row in rows], np.float32)
    fused = fused_in_order("convex", keyword, semantic, all_cosines, asked=ASKED)
    place = {int(row): at for at, row in enumerate(fused.rows)}
    for one in place:
        for other in place:
            better_words = keyword_scores.get(one, 0) > keyword_scores.get(other, 0)
            better_meaning = cosines.get(one, 0) > cosines.get(other, 0)
            if better_words and better_meaning:
                assert place[one] <= place[other] or np.isclose(
                    fused.scores[place[one]], fused.scores[place[other]]
                )


@given(arrays.arrays(np.float32, st.integers(0, 20), elements=st.floats(0, 100, width=32)))
def test_normalize_keeps_order_and_bounds(scores):
    scaled = normalize(scores, 50.0)
    assert ((scaled >= 0) & (scaled <= 1)).all()
    assert (np.diff(scaled[np.argsort(scores)]) >= 0).all()
