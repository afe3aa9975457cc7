"""The caches of a Searcher: answers from them are those that would be made anew."""

from collections import OrderedDict
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings, strategies as st

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index
from nutgraf.search import Filters, Recency, RequestError, SearchCache, Searcher, SearchRequest
from nutgraf.search.bounded_cache import BoundedCache, CacheCounts
from nutgraf.search.pipeline import answer


@given(
    st.integers(0, 4),
    st.integers(0, 12),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 6) | st.none())),
)
def test_cache_is_bounded_and_drops_the_oldest(entries, size, steps):
    cache, model = BoundedCache[int](entries, size, abs), OrderedDict()
    for key, value in steps:
        if value is None:
            assert cache.get(key) == model.get(key)
            if key in model:
                model.move_to_end(key)
            continue
        cache.put(key, value)
        model.pop(key, None)
        model[key] = value
        while len(model) > entries or sum(model.values()) > size:
            model.popitem(last=False)
    looked_up = sum(value is None for _, value in steps)
    assert cache.counts.hits + cache.counts.misses == looked_up


def test_the_first_value_of_a_key_stays():
    cache = BoundedCache[int](2, 10, abs)
    assert cache.put_first("a", 3) == 3
    assert cache.put_first("a", 4) == 3
    cache.put_first("b", 3)
    cache.put_first("a", 5)
    cache.put_first("c", 3)
    assert [cache.get(key) for key in "abc"] == [3, None, 3]
    assert cache.put_first("d", 11) == 11
    assert cache.get("d") is None


@pytest.fixture
def index(tmp_path, tiny_encoder):
    create_index(tmp_path / "tiny.index", model=str(tiny_encoder))
    return tmp_path / "tiny.index"


REQUESTS = [
    SearchRequest("ferry"),
    SearchRequest("ferry", group="article", facets="source", limit=2),
    SearchRequest("ferry", text=True, explain=True, recency=Recency("2d")),
    SearchRequest("harbour -strike", mode="keyword"),
    SearchRequest(""),
]
WORDS = st.lists(st.sampled_from(["ferry", "harbour", "strike", "storm"]), min_size=1, max_size=4)
CHANGES = st.lists(st.tuples(st.sampled_from("abc"), WORDS | st.none()), max_size=3)


def without_time(response):
    return replace(response, took_ms=0.0)


@settings(max_examples=5)
@given(st.lists(CHANGES, min_size=1, max_size=4))
def test_cached_answers_are_fresh_after_commits(tmp_path_factory, tiny_encoder, commits):
    index = tmp_path_factory.mktemp("cache") / "tiny.index"
    create_index(index, model=str(tiny_encoder))
    with Searcher(index, cache=SearchCache()) as cached, Searcher(index) as fresh:
        for changes in commits:
            with IndexWriter(index) as writer:
                for article, words in changes:
                    if words is None:
                        writer.delete(article)
                    else:
                        writer.put(Article(article, "News", (" ".join(words),)))
            cached.refresh()
            fresh.refresh()
            for request in REQUESTS:
                for _ in range(2):
                    assert without_time(cached.search(request)) == without_time(
                        fresh.search(request)
                    )
        assert cached.cache.answers.counts.hits >= len(REQUESTS)
        assert fresh.cache.answers.counts.hits == 0


def test_pages_of_a_cursor_are_cached_and_hold_their_snapshot(index):
    with IndexWriter(index) as writer:
        for number in range(9):
            writer.put(Article(f"a{number}", "Ferry", (f"Ferry {number}.",)))
    with Searcher(index, cache=SearchCache()) as searcher:
        pages = [list(searcher.walk("ferry", mode="keyword", limit=4)) for _ in range(2)]
        assert pages[0] == pages[1]
        assert searcher.cache.answers.counts == CacheCounts(hits=3, misses=3)
        first = searcher.search("ferry", mode="keyword", limit=4)
        with IndexWriter(index) as writer:
            writer.put(Article("late", "Ferry", ("Ferry.",)))
        searcher.refresh()
        second = searcher.search("ferry", mode="keyword", limit=4, cursor=first.next)
        assert second.snapshot == first.snapshot


def test_age_is_counted_anew_each_minute_and_dates_each_day(index):
    now = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
    with IndexWriter(index) as writer:
        writer.put(Article("a", "Ferry", ("The ferry sails.",), published="2026-02-28"))
    cache = SearchCache()
    with closing(IndexSnapshot.open(index)) as snapshot:

        def asked(request, later):
            before = cache.answers.counts.hits
            made = answer(snapshot, request, cache, now + later)
            plain = SearchCache(answers=0, embeddings=0)
            fresh = answer(snapshot, request, plain, now + later)
            assert without_time(made) == without_time(fresh)
            return cache.answers.counts.hits > before

        aged = SearchRequest("ferry", recency=Recency("1h"))
        dated = SearchRequest("ferry", filters=Filters(where="published:yesterday"))
        zero, seconds, minute = timedelta(), timedelta(seconds=20), timedelta(minutes=1)
        assert [asked(aged, each) for each in (zero, seconds, minute)] == [False, True, False]
        day = timedelta(days=1)
        assert [asked(dated, each) for each in (zero, minute, day)] == [False, True, False]


def test_errors_are_not_cached_and_embeddings_are(index):
    with IndexWriter(index) as writer:
        writer.put(Article("a", "Ferry", ("The ferry sails.",)))
    with Searcher(index, cache=SearchCache()) as searcher:
        for _ in range(2):
            with pytest.raises(RequestError):
                searcher.search("ferry", sort="shoes")
        assert searcher.cache.answers.counts.hits == 0
    with Searcher(index, cache=SearchCache()) as searcher:
        for limit in (1, 2, 3):
            searcher.search("the ferry", limit=limit)
        assert searcher.cache.embeddings.counts == CacheCounts(hits=2, misses=1)
