"""Recency: factors computed by hand, and their effect on hits."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, strategies as st

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.ranking import NO_DATE
from nutgraf.search import Recency, RequestError, Searcher, SearchRequest
from nutgraf.search.ranking.recency import recency_factors
from nutgraf.search.request.declaration import from_flat

DAY = 86_400


def test_half_of_the_advantage_is_left_after_a_half_life():
    now = 1_700_000_000
    published = np.array([now, now - 30 * DAY, now - 60 * DAY, now + DAY, NO_DATE])
    factors = recency_factors(published, now, Recency("30d", 0.2))
    expected = [1, 0.8 + 0.2 / 2, 0.8 + 0.2 / 4, 1, 0.8]
    assert factors.tolist() == pytest.approx(expected)


@given(
    st.lists(st.integers(-(10**10), 10**10), max_size=20),
    st.integers(1, 999_999).map("{}h".format),
    st.floats(0, 1),
)
def test_factors_are_bounded_and_fall_with_age(published, half_life, weight):
    dates = np.array(sorted(published), np.int64)
    factors = recency_factors(dates, 10**9, Recency(half_life, weight))
    assert ((factors >= 1 - weight - 1e-9) & (factors <= 1 + 1e-9)).all()
    assert (np.diff(factors) >= -1e-12).all()


@pytest.mark.parametrize(
    ("half_life", "seconds"),
    [("12h", 43_200), ("30d", 30 * DAY), ("2w", 14 * DAY), ("1.5y", 1.5 * 365.25 * DAY)],
)
def test_half_lives(half_life, seconds):
    assert Recency(half_life).seconds == seconds


@pytest.mark.parametrize(
    "half_life", ["abc", "", "30", "d", "0d", "0.0h", "-1d", "1e9d", "30 d", 5]
)
def test_invalid_half_life_is_reported(half_life):
    with pytest.raises(RequestError, match=r"recency\.half_life: is .*write it as 12h, 30d"):
        Recency(half_life)


@pytest.mark.parametrize("weight", [-0.1, 1.1, float("nan"), "0.2", True])
def test_invalid_recency_weight_is_reported(weight):
    with pytest.raises(RequestError, match=r"recency\.weight"):
        Recency("30d", weight)


def test_weight_without_half_life_is_refused():
    with pytest.raises(RequestError, match="is missing; recency_weight requires it") as raised:
        from_flat(SearchRequest, {"q": "why", "recency_weight": 0.3})
    assert raised.value.field == "recency_half_life"
    assert from_flat(SearchRequest, {"q": "why"}).recency is None
    request = from_flat(SearchRequest, {"q": "why", "recency_half_life": "30d"})
    assert request.recency == Recency("30d")


@pytest.fixture
def index(tmp_path, tiny_encoder):
    path = tmp_path / "news.index"
    create_index(path, model=str(tiny_encoder))
    with IndexWriter(path) as writer:
        for name, published in (("old", "2001-05-01"), ("new", "2026-10-01"), ("undated", None)):
            text = (
                "The ferry strike began late." if name == "undated" else "The ferry strike began."
            )
            writer.put(Article(name, "Ferries", (text,), published=published))
    return path


@pytest.mark.parametrize("mode", ["keyword", "semantic", "hybrid"])
def test_newer_article_ranks_higher_with_explanation(index, mode):
    with Searcher(index) as searcher:
        ask = SearchRequest("The ferry strike began.", mode=mode, explain=True)
        plain = searcher.search(ask)
        assert plain.hits[0].article.id == "old"
        assert plain.hits[0].explain.recency is None
        aged = searcher.search(ask, recency=Recency("90d", 0.9))
        assert aged.hits[0].article.id == "new"
        assert {hit.article.id for hit in aged.hits} == {hit.article.id for hit in plain.hits}
        assert aged.total == plain.total
        factors = {hit.article.id: hit.explain.recency for hit in aged.hits}
        assert factors["undated"] == pytest.approx(0.1)
        assert factors["old"] == pytest.approx(0.1, abs=1e-3)
        assert 0.1 < factors["new"] <= 1
        before = {hit.article.id: hit.score for hit in plain.hits}
        for hit in aged.hits:
            name = hit.article.id
            assert hit.score == pytest.approx(before[name] * factors[name], rel=1e-3)


def test_age_takes_at_most_its_weight_from_an_old_archive(index):
    with Searcher(index) as searcher:
        (plain,) = searcher.search("The ferry strike began.", limit=1).hits
        assert plain.article.id == "old"
        hits = searcher.search("The ferry strike began.", recency=Recency("30d")).hits
        (aged,) = (hit.score for hit in hits if hit.article.id == "old")
        assert plain.score * 0.8 == pytest.approx(aged, rel=1e-6)


def test_age_is_counted_from_now_or_from_the_given_date():
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    assert Recency("30d").counted_from(now) == int(now.timestamp())
    until = datetime(2020, 1, 1, tzinfo=UTC).timestamp() - 1
    for date in ("2019", "2019-12", "2019-12-31"):
        assert Recency("30d", date=date).counted_from(now) == until
    with pytest.raises(RequestError, match=r"recency\.date: is 'soon', which is not a date"):
        Recency("30d", date="soon")


def test_factor_depends_on_the_given_date(index):
    with Searcher(index) as searcher:
        dated = Recency("90d", 0.9, date="2001-05-01")
        found = searcher.search("The ferry strike began.", recency=dated, explain=True)
        factors = {hit.article.id: hit.explain.recency for hit in found.hits}
        assert factors["new"] == 1, "a later date counts as new"
        assert factors["old"] == pytest.approx(1, abs=0.01)


def test_pages_agree(index):
    with Searcher(index) as searcher:
        recency = Recency("30d", 0.5)
        whole = searcher.search("ferry strike", recency=recency, limit=3).hits
        pages = [
            searcher.search("ferry strike", recency=recency, limit=1, offset=at).hits[0]
            for at in range(3)
        ]
        assert [hit.article.id for hit in pages] == [hit.article.id for hit in whole]
        assert [hit.score for hit in pages] == [hit.score for hit in whole]


def test_empty_result_stays_empty(tmp_path, tiny_encoder):
    create_index(tmp_path / "empty.index", model=str(tiny_encoder))
    with Searcher(tmp_path / "empty.index") as searcher:
        assert searcher.search("ferry", recency=Recency("30d")).hits == ()
