"""Diversity: the arithmetic of the method, and its effect on responses."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from nutgraf.search import Searcher
from nutgraf.search.grouping.diversity import marginal_relevance


def unit(*rows):
    values = np.array(rows, np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def test_each_next_hit_has_highest_marginal_relevance():
    embeddings = unit([1, 0], [1, 0], [0, 1], [3, 4])
    scores = np.array([0.9, 0.8, 0.5, 0.3])
    # Cosines to the first: 1, 0, 3/5. Marginal relevance: .4 - .5, .25 - 0, .15 - .3. Then the
    # highest cosines to the first 2: 1, 4/5. Marginal relevance: .4 - .5, .15 - .4.
    assert marginal_relevance(scores, embeddings, 0.5).tolist() == [0, 2, 1, 3]
    assert marginal_relevance(scores, embeddings, 0.05).tolist() == [0, 1, 2, 3]
    assert marginal_relevance(scores, embeddings, 1.0).tolist() == [0, 2, 3, 1]


@given(
    st.lists(st.floats(0, 1), max_size=30).map(lambda some: sorted(some, reverse=True)),
    st.floats(0, 1),
    st.integers(0, 5),
)
def test_all_hits_are_kept_and_zero_diversity_keeps_their_order(scores, diversity, seed):
    values = np.random.default_rng(seed).standard_normal((len(scores), 8))
    embeddings = unit(*values) if scores else np.empty((0, 8), np.float32)
    order = marginal_relevance(np.array(scores), embeddings, diversity).tolist()
    assert sorted(order) == list(range(len(scores)))
    assert order[:1] == [0][: len(scores)]
    still = marginal_relevance(np.array(scores), embeddings, 0.0)
    assert still.tolist() == list(range(len(scores)))


@pytest.fixture(scope="module")
def searcher(seeds_index):
    with Searcher(seeds_index) as opened:
        yield opened


def keys(response):
    return [(hit.article.id, hit.paragraph.position, hit.score) for hit in response.hits]


def test_copies_move_apart_and_keep_their_scores(searcher):
    plain = searcher.search("creamery debts", limit=100)
    diverse = searcher.search("creamery debts", limit=100, diversity=0.7)
    assert keys(diverse)[0] == keys(plain)[0]
    places = [key[:2] for key in keys(plain)]
    assert places[:2] == [("business-creamery-collapse", 0), ("business-creamery-collapse-wire", 0)]
    assert places[1] not in [key[:2] for key in keys(diverse)[:5]]
    assert [hit.rank for hit in diverse.hits] == list(range(1, 101))
    assert diverse.total == plain.total
    scores = {key[:2]: key[2] for key in keys(plain)}
    assert all(scores.get(key[:2], key[2]) == key[2] for key in keys(diverse))


@pytest.mark.parametrize("mode", ["keyword", "semantic", "hybrid"])
@pytest.mark.parametrize("group", ["paragraph", "article"])
def test_pages_agree_and_contain_all_hits(searcher, mode, group):
    asked = {"mode": mode, "group": group, "diversity": 0.7}
    plain = searcher.search("flood", mode=mode, group=group, limit=100)
    pages = [searcher.search("flood", limit=9, offset=at, **asked) for at in range(0, 99, 9)]
    found = [hit.version_ids[0] for page in pages for hit in page.hits]
    assert len(set(found)) == len(found)
    assert {page.total for page in pages} == {plain.total}
    if plain.total.value <= 99:
        assert set(found) == {hit.version_ids[0] for hit in plain.hits}


def test_empty_result_stays_empty(searcher):
    assert searcher.search('"no such words here"', diversity=1, group="article").hits == ()
