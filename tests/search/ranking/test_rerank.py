"""Reranking: depth, time budget, order, and options."""

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index, set_reranker
from nutgraf.index.ranking import Ranking
from nutgraf.search import Recency, RequestError, Rerank, Searcher, SearchRequest
from nutgraf.search.evaluation import read_judged
from nutgraf.search.query.builder import parse_question
from nutgraf.search.ranking.cache import RankingCache
from nutgraf.search.ranking.calibration import Evidence, answerable
from nutgraf.search.ranking.candidates import Candidates
from nutgraf.search.ranking.rerank import combined, probability, rerank, worth_reading
from nutgraf.search.request.declaration import from_flat
from nutgraf.search.retrieval.queries import match_queries
from nutgraf.search.retrieval.rankings import retrieve

JUDGED = Path(__file__).parents[3] / "seeds" / "judged.jsonl"
PATIENT = Rerank(budget_ms=10_000)


class ByLength:
    """A reranker that gives long texts higher scores."""

    def logits(self, question, texts):
        for text in texts:
            yield float(len(text))

    def fit(self, logit):
        return logit / 10


SURE = Evidence(words=1.0)
"""The evidence for a question whose words are all in one paragraph."""


def candidates(scores, recency_factors=None):
    scores = np.sort(np.array(scores, np.float64))[::-1]
    rows = np.arange(len(scores), dtype=np.int64) * 3
    ranking = Ranking(rows, scores.astype(np.float32), complete=True)
    found = Candidates(rows, scores, scores, keyword=ranking, curve="keyword", evidence=SURE)
    return found.with_probabilities(None if recency_factors is None else np.array(recency_factors))


def reranked(found, texts, asked=PATIENT, clock=lambda: 0.0):
    done = rerank(found, ByLength(), "why", lambda rows: [texts[row] for row in rows], asked, clock)
    return done.take(done.best(len(done.rows)))


def test_first_candidates_are_read_and_ordered_by_reranker():
    found = reranked(candidates([0.9, 0.8, 0.7]), {0: "x", 3: "x" * 9, 6: "x" * 5})
    assert found.rows.tolist() == [3, 6, 0]
    assert found.logits.tolist() == [9, 5, 1]
    assert (found.reranked.depth, found.reranked.scored, found.reranked.complete) == (3, 3, True)
    both = 0.6 * np.array([0.9, 0.5, 0.1]) + 0.4 * np.array([0.8, 0.7, 0.9])
    first = answerable("keyword", SURE) / (1 + np.exp(-(1.41 + 1.79 * both[0])))
    odds = np.log(first / (1 - first)) - 12.05 * (both[0] - both)
    assert found.scores == pytest.approx(1 / (1 + np.exp(-odds)))


def test_candidates_without_a_fair_chance_are_not_read():
    found = reranked(candidates([0.9, 0.8, 0.1, 0.05]), {0: "x" * 10, 3: "xxx", 6: "x", 9: "x"})
    assert found.rows.tolist() == [0, 3, 6, 9]
    assert np.isnan(found.logits).tolist() == [False, False, True, True]
    assert (found.reranked.depth, found.reranked.scored, found.reranked.complete) == (4, 2, True)
    assert worth_reading(np.array([0.8, 0.09, 0.085, 0.07, 0.5])) == 3
    assert worth_reading(np.array([0.3, 0.9, 0.08])) == 2
    assert worth_reading(np.empty(0)) == 0


def test_first_of_an_unlikely_answer_stays_unlikely():
    both = np.array([1.0, 0.9])
    assert (probability(both, 0.05) < 0.05).all()
    assert (probability(both, 0.9, names_year=True) < probability(both, 0.9)).all()


def test_spent_budget_stops_reranking_and_others_keep_order():
    ticks = iter(np.arange(0.0, 10.0, 0.1))  # 0.1 s for each reading of the clock.
    texts = {row: "x" * (9 - row // 3) for row in range(0, 18, 3)}
    found = reranked(
        candidates([0.9, 0.89, 0.88, 0.87, 0.86, 0.85]), texts, Rerank(20, 200), lambda: next(ticks)
    )
    assert (found.reranked.depth, found.reranked.scored, found.reranked.complete) == (6, 2, False)
    assert found.rows.tolist() == [0, 3, 6, 9, 12, 15]
    assert (np.diff(found.scores) < 0).all()


def test_conditions_alone_and_empty_results_are_not_reranked():
    for found in (candidates([]), candidates([0.9, 0.8])):
        done = rerank(found, ByLength(), "", lambda rows: ["x" for _ in rows], PATIENT)
        assert done.rows.tolist() == found.rows.tolist()
        assert done.reranked.depth == 0
        assert done.reranked.complete


def test_recency_applies_to_reranked_scores():
    # The texts are the same, and one is old: it is read, but ranks lower.
    texts = dict.fromkeys((0, 3), "xxxxxxxxx")
    found = reranked(candidates([0.9, 0.8], recency_factors=[0.7, 1.0]), texts)
    assert found.rows.tolist() == [3, 0]
    both = combined(np.array([0.9, 0.9]), np.array([0.8, 0.9]))
    sure = answerable("keyword", SURE)
    assert found.scores == pytest.approx(probability(both, sure) * [1.0, 0.7])
    nothing = reranked(candidates([0.9, 0.8], recency_factors=[0.0, 0.0]), texts)
    assert nothing.scores.tolist() == [0, 0]


@given(
    st.lists(st.floats(0, 1), max_size=30),
    st.integers(1, 40),
    st.integers(1, 40),
    st.lists(st.integers(0, 20), min_size=30, max_size=30),
)
def test_any_reranking_is_a_ranking_of_the_same_rows(scores, depth, budget, lengths):
    found = candidates(scores)
    ticks = iter(np.arange(0.0, 100.0, 0.001))
    texts = {row: "x" * lengths[row // 3] for row in found.rows.tolist()}
    done = reranked(found, texts, Rerank(depth, budget), lambda: next(ticks))
    assert sorted(done.rows.tolist()) == found.rows.tolist()
    assert ((done.scores >= 0) & (done.scores <= 1)).all()
    assert (np.diff(done.scores) <= 0).all()
    unread = done.rows[np.isnan(done.logits)].tolist()
    assert unread == sorted(unread)  # The order is kept: rows ascend in the order of the scores.
    assert np.isnan(done.logits[done.reranked.scored :]).all()
    assert done.reranked.scored <= done.reranked.depth == min(depth, len(scores))
    assert done.reranked.scored <= budget


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"depth": 0}, "rerank.depth"),
        ({"depth": 101}, "rerank.depth"),
        ({"depth": True}, "rerank.depth"),
        ({"depth": 2.5}, "rerank.depth"),
        ({"budget_ms": 0}, "rerank.budget_ms"),
        ({"budget_ms": 10_001}, "rerank.budget_ms"),
        ({"budget_ms": "fast"}, "rerank.budget_ms"),
    ],
)
def test_invalid_limits_of_reranking_are_refused(options, field):
    with pytest.raises(RequestError) as refused:
        Rerank(**options)
    assert refused.value.field == field


def test_flat_options_of_reranking():
    def reranking(**options):
        return from_flat(SearchRequest, {"q": "why", **options}).reranking

    assert reranking() is None
    assert reranking(rerank=False) is None
    assert reranking(rerank=True) == Rerank()
    assert reranking(rerank_depth=7) == Rerank(depth=7)
    assert reranking(rerank=True, rerank_budget_ms=9) == Rerank(budget_ms=9)
    with pytest.raises(RequestError, match="is false, but rerank_depth is given"):
        reranking(rerank=False, rerank_depth=7)
    with pytest.raises(RequestError, match="must be of type bool or Rerank, got str"):
        SearchRequest("why", rerank="yes")


@pytest.fixture(scope="module")
def index(seeds_index, tiny_reranker, tmp_path_factory):
    copy = tmp_path_factory.mktemp("reranked") / "seeds.index"
    shutil.copytree(seeds_index, copy)
    set_reranker(copy, str(tiny_reranker))
    return copy


@pytest.fixture(scope="module")
def searcher(index):
    with Searcher(index, trust=True) as opened:
        opened.warm()
        yield opened


def ids(response):
    return [(hit.article.id, hit.paragraph.position) for hit in response.hits]


QUESTION = "who pays for flood defences along the river"


def test_question_is_reranked_only_on_request(searcher):
    plain = searcher.search(QUESTION, explain=True)
    assert plain.reranked is None
    assert plain.to_dict()["reranked"] is None
    assert plain.hits[0].explain.rerank is None
    found = searcher.search(QUESTION, rerank=PATIENT, explain=True, limit=50)
    assert found.reranked.complete
    assert 1 < found.reranked.scored <= found.reranked.depth == 20
    assert found.to_dict()["reranked"] == {"depth": 20,
                                           "scored": found.reranked.scored,
                                           "complete": True}  # fmt: skip
    assert found.warnings == ()
    read = [hit.explain.rerank for hit in found.hits[: found.reranked.scored]]
    assert sorted(place.rank for place in read)[0] == 1
    assert all(-5 <= place.score <= 5 for place in read)
    later = found.hits[found.reranked.scored].explain.rerank
    assert (later.rank, later.score) == (None, None)
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)
    assert ids(found) != ids(searcher.search(QUESTION, limit=50))


def test_depth_limits_number_of_reranked_candidates(searcher):
    for depth in (1, 3):
        asked = Rerank(depth, 10_000)
        assert searcher.search(QUESTION, rerank=asked).reranked.scored == depth


def test_spent_budget_is_reported(searcher):
    found = searcher.search("the harbour wall and the tide", rerank=Rerank(budget_ms=1))
    if not found.reranked.complete:
        (warning,) = found.warnings
        assert "budget_ms" in warning
        assert str(found.reranked.depth) in warning


def test_reranking_works_with_every_mode_fusion_and_filter(searcher):
    for options in ({"mode": "keyword"}, {"mode": "semantic"}, {"fusion": "rrf"}):
        found = searcher.search(QUESTION, rerank=PATIENT, **options)
        assert found.reranked.scored > 0
    quoted = searcher.search('"flood defences" -river', rerank=PATIENT)
    assert all(
        "flood defences" in re.sub(r"\s+", " ", hit.paragraph.text.lower()) for hit in quoted.hits
    )
    conditions = searcher.search("+section:weather", rerank=True)
    assert conditions.hits
    assert conditions.reranked is None
    assert searcher.search("zzxqy", mode="keyword", rerank=True).hits == ()


def test_recency_counts_after_reranking(searcher):
    newest = Recency("1d", 1.0)
    found = searcher.search(QUESTION, rerank=PATIENT, recency=newest, limit=30, explain=True)
    plain = searcher.search(QUESTION, rerank=PATIENT, limit=30)
    assert ids(found) != ids(plain)
    assert all(hit.explain.recency is not None for hit in found.hits)


def test_pages_agree_after_spent_budget(index):
    texts = [question.text for question in read_judged(JUDGED)]
    with Searcher(index, trust=True) as searcher:
        searcher.warm()
        for text in texts[:6]:
            asked = Rerank(budget_ms=1)
            first = searcher.search(text, rerank=asked, limit=4)
            again = searcher.search(text, rerank=asked, limit=12, explain=True)
            pages = [searcher.search(text, rerank=asked, limit=4, offset=at) for at in (0, 4, 8)]
            assert {page.reranked for page in (first, again, *pages)} == {first.reranked}
            assert [each for page in pages for each in ids(page)] == ids(again)
            assert ids(first) == ids(again)[:4]


def test_concurrent_pages_agree(index):
    """All concurrent pages use the ranking that is ready first."""
    with IndexSnapshot.open(index, trust=True) as snapshot:
        snapshot.warm()
        kept = RankingCache(kept=2)
        request = SearchRequest(QUESTION, rerank=Rerank(budget_ms=1))
        question = parse_question(QUESTION, snapshot.multilingual_analyzer)
        queries = match_queries(
            snapshot, request, question, snapshot.encode(QUESTION), datetime.now(UTC)
        )
        found = retrieve(snapshot, question, queries)
        rank = partial(
            kept.rank, snapshot, question=question, retrieval=found, now=datetime.now(UTC)
        )
        requests = [replace(request, offset=at) for at in range(8)]
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(rank, requests))
        assert len({id(one) for one in found}) == 1
        # A page without facets, or with other details, has the same order.
        shown = replace(request, facets=("source",), per_article=5, text=True, explain=True)
        assert rank(shown) is found[0]
        # A different budget is a different request; the oldest ranking leaves the cache.
        for budget in (2, 3):
            other = replace(request, rerank=Rerank(budget_ms=budget))
            assert rank(other) is not found[0]
        assert rank(request) is not found[0]
        plain = replace(request, rerank=False)
        assert rank(plain).reranked is None


def test_missing_reranker_is_reported_with_command_to_add_one(seeds_index):
    with (
        Searcher(seeds_index, trust=True) as searcher,
        pytest.raises(RequestError, match="nutgraf reranker NAME") as refused,
    ):
        searcher.search(QUESTION, rerank=True)
    assert refused.value.field == "rerank"


def test_order_does_not_depend_on_concurrent_questions(index):
    with Searcher(index, trust=True) as searcher, ThreadPoolExecutor(4) as pool:
        searcher.warm()
        questions = [QUESTION, "ferry strike", "price of bread", "ferry strike", QUESTION] * 3
        found = list(pool.map(lambda one: ids(searcher.search(one, rerank=PATIENT)), questions))
    with Searcher(index, trust=True) as alone:
        expected = {one: ids(alone.search(one, rerank=PATIENT)) for one in set(questions)}
    assert found == [expected[one] for one in questions]


def test_real_reranker_prefers_answer_to_matching_words(tmp_path, encoder_folder, real_reranker):
    index = tmp_path / "facts.index"
    create_index(index, model=str(encoder_folder), reranker=str(real_reranker))
    texts = {
        "answer": "Twelve people died in the accident of the ship, the coastguard said on Monday.",
        "words": "The ferry sank slowly, and people came to the harbour to see.",
        "other": "Traffic first crossed the bridge on 4 May 1931.",
    }
    with IndexWriter(index) as writer:
        for name, text in texts.items():
            writer.put(Article(name, "News", (text,)))
    question = "how many people died when the ferry sank"
    with Searcher(index) as searcher:
        assert searcher.search(question).hits[0].article.id == "words"
        assert searcher.search(question, rerank=PATIENT).hits[0].article.id == "answer"
