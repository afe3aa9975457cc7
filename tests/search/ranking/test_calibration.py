"""Calibration: probabilities, and questions for which nothing is relevant."""

import json
import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, strategies as st

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.encoder import EncoderConfig
from nutgraf.search import Filters, RequestError, Searcher
from nutgraf.search.ranking.calibration import (
    CURVES,
    Evidence,
    answerable,
    cosine_above_chance,
    near_best,
    probabilities,
)

FOREIGN = [
    "what is the boiling point of tungsten hexafluoride",
    "how do I reset the password of my router",
    "cheapest flights from Lisbon to Tokyo",
]
KNOWN = [
    "why did the creamery go under",
    "flood in Haverdyke",
    "legionnaires in the cooling towers",
]


@pytest.fixture(scope="module")
def searcher(seeds_index):
    with Searcher(seeds_index, trust=True) as opened:
        yield opened


@given(st.lists(st.floats(0, 1), max_size=20), st.sampled_from(sorted(CURVES)))
def test_probabilities_rise_with_scores_and_stay_in_bounds(scores, kind):
    scores = np.array(sorted(scores))
    likely = probabilities(scores, kind, Evidence(0.5, 0.5))
    assert ((likely > 0) & (likely < 1)).all()
    assert (np.diff(likely) >= 0).all()


def logistic(value):
    return 1 / (1 + math.exp(-value))


def test_first_hit_has_the_product_of_two_probabilities():
    factors = CURVES["convex"]
    found = Evidence(meaning=0.6, words=0.5, both=0.7, near_meaning=3, near_words=2, terms=4)
    answers = logistic(
        factors.bias + factors.meaning * 0.6 + factors.complete * 0.5**8 + factors.both * 0.7
    )
    right = logistic(
        factors.first
        + factors.near_meaning * math.log(3)
        + factors.near_words * math.log(2) * (1 - 1 / 4)
    )
    first, second = probabilities(np.array([0.7, 0.6]), "convex", found)
    assert answerable("convex", found) == pytest.approx(answers)
    assert first == pytest.approx(answers * right)
    odds = math.log(first / (1 - first)) - factors.slope * 0.1
    assert second == pytest.approx(logistic(odds))


def test_equal_scores_have_equal_probabilities():
    likely = probabilities(np.array([0.7, 0.7, 0.2]), "convex", Evidence(0.5, 0.5, 0.5))
    assert likely[0] == likely[1] > likely[2]


@pytest.mark.parametrize("kind", sorted(CURVES))
def test_more_evidence_is_more_probable_and_an_unknown_name_less(kind):
    poor, good = Evidence(0.3, 0.4, 0.4, terms=4), Evidence(0.5, 0.9, 0.9, terms=4)
    assert answerable(kind, poor) < answerable(kind, good)
    unknown = replace(good, has_unknown_name=True)
    assert answerable(kind, unknown) < answerable(kind, good) / 1.02
    rivals = replace(good, near_meaning=9, near_words=9)
    one = np.array([0.5])
    assert probabilities(one, kind, rivals) < probabilities(one, kind, good)


def test_rivals_are_the_values_near_the_best():
    assert near_best(np.array([8.0, 6.1, 6.0, 1.0])) == 2
    assert near_best(np.array([-0.1, -0.2])) == 1
    assert near_best(np.empty(0)) == 1


def test_cosine_of_unrelated_texts_counts_as_zero():
    cosines = np.array([0.9, 0.5, 0.4], np.float32)
    # (0.9 - 0.5) / (1 - 0.5), 0, (0.4 - 0.5) / (1 - 0.5)
    assert cosine_above_chance(cosines, 0.5).tolist() == pytest.approx([0.8, 0.0, -0.2])
    assert cosine_above_chance(cosines, None).tolist() == pytest.approx([0.9, 0.5, 0.4])


def test_export_measures_cosine_of_unrelated_texts(encoder_folder):
    # The default model has .07 on the samples; its cosines are rarely below 0.
    assert 0.0 < EncoderConfig.read(encoder_folder).unrelated < 0.15


@pytest.mark.parametrize("question", FOREIGN)
def test_question_without_answer_in_index_has_no_hits(searcher, question):
    response = searcher.search(question)
    assert response.hits == ()
    assert response.total.value == 0
    assert "nothing relevant" in response.warnings[0]
    shown = searcher.search(question, min_score=0)
    assert len(shown.hits) == 10
    assert shown.warnings == ()
    assert shown.hits[0].score < 0.2


@pytest.mark.parametrize("question", KNOWN)
def test_answerable_question_scores_more_than_unanswerable(searcher, question):
    best = searcher.search(question).hits[0].score
    others = [searcher.search(foreign, min_score=0).hits[0].score for foreign in FOREIGN]
    assert best > max(others), (best, others)


def test_rows_that_meet_conditions_are_relevant(searcher):
    assert searcher.search("section:health").total.value > 0
    assert searcher.search('tungsten hexafluoride "cooling towers"').hits


@pytest.mark.parametrize("mode", ["hybrid", "keyword", "semantic"])
@pytest.mark.parametrize("least", [0.01, 0.2, 1.0])
def test_hits_below_min_score_are_omitted_on_every_page(searcher, mode, least):
    whole = searcher.search("flood defences", mode=mode, limit=100, min_score=0)
    kept = [hit.score for hit in whole.hits if hit.score >= least]
    found = searcher.search("flood defences", mode=mode, limit=100, min_score=least)
    assert [hit.score for hit in found.hits] == kept
    page = searcher.search("flood defences", mode=mode, limit=2, offset=1, min_score=least)
    assert [hit.score for hit in page.hits] == kept[1:3]
    assert page.total == found.total
    if len(kept) < 100:
        assert (found.total.value, found.total.relation) == (len(kept), "eq")
        assert (
            found.hits
            or found.warnings[-1] == "all hits score less than min_score; set a lower min_score"
        )


def test_encoder_without_measured_cosine_always_gives_hits(tmp_path, tiny_encoder):
    create_index(tmp_path / "x", model=str(tiny_encoder))
    with IndexWriter(tmp_path / "x") as writer:
        writer.put(Article("a", "Otters", ("They were seen.",)))
    manifest = Manifest.read(tmp_path / "x")
    replace(manifest, encoder=replace(manifest.encoder, unrelated=None)).write(tmp_path / "x")
    config = tmp_path / "x" / "encoder" / "config.json"
    fields = json.loads(config.read_text())
    config.write_text(json.dumps({**fields, "unrelated": None}))
    with Searcher(tmp_path / "x") as searcher:
        assert searcher.search("tungsten").hits


def test_rows_below_cosine_of_unrelated_texts_keep_their_order(searcher):
    narrow = Filters(source=("Northgate Courier",))
    hits = searcher.search(
        "quantum chromodynamics lattice", mode="semantic", filters=narrow, limit=100, explain=True
    ).hits
    assert hits[-1].explain.semantic.score < 0.05, "or this looks at nothing"
    assert [hit.explain.semantic.rank for hit in hits] == list(range(1, len(hits) + 1))


def test_facets_of_no_hits_are_empty(searcher):
    response = searcher.search(FOREIGN[0], facets=("section",))
    assert response.facets == {"section": ()}
    assert response.total.relation == "eq"


def test_newest_version_is_shown_even_if_older_scores_more(engine, tmp_path, encoder_folder):
    old = "The council voted on Tuesday to close the swimming pool at Overton, which has leaked since it was built, and to sell the land to the hospital next door for a car park."  # noqa: E501
    create_index(tmp_path / "x", model=str(encoder_folder), keyword_engine=engine)
    with IndexWriter(tmp_path / "x", trust=True) as writer:
        writer.put(Article("old", "Overton pool to close", (old,), published="2023-01-01"))
        new = old.replace("swimming pool", "baths")
        writer.put(Article("new", "Overton pool to close", (new,), published="2023-01-02"))
    with Searcher(tmp_path / "x", trust=True) as searcher:
        ask = partial(searcher.search, old.replace(",", ""))
        scores = [hit.score for hit in ask(min_score=0).hits]
        assert scores[0] > scores[1] > scores[0] / 2
        for group in ("article", "paragraph"):
            (hit,) = ask(
                group=group, versions="newest", min_score=sum(scores) / 2, explain=True
            ).hits
            assert hit.article.id == "new"
            assert (hit.score, len(hit.version_ids)) == (scores[0], 2)
            assert hit.explain.keyword.rank == 1, "it explains the score that is shown"


@pytest.mark.parametrize("least", [-0.1, 1.5, float("nan"), "much", True])
def test_invalid_min_score_is_refused(searcher, least):
    with pytest.raises(RequestError, match="min_score"):
        searcher.search("flood", min_score=least)


def test_score_does_not_depend_on_the_size_of_the_index(tmp_path, encoder_folder):
    okapi = Article("okapi", "Okapi born at the zoo", ("An okapi calf was born on Monday.",))
    others = [
        Article(f"o{at}", f"Council meets in {town}", (f"The council of {town} met about roads.",))
        for at, town in enumerate(("Overton", "Skarne", "Corve", "Tidewater", "Northgate") * 4)
    ]
    scores = []
    for name, articles in (("one", [okapi]), ("many", [okapi, *others])):
        create_index(tmp_path / name, model=str(encoder_folder))
        with IndexWriter(tmp_path / name) as writer:
            for article in articles:
                writer.put(article)
        with Searcher(tmp_path / name) as searcher:
            asked = ("okapi", "when was the okapi calf born")
            scores.append([searcher.search(question).hits[0].score for question in asked])
    assert min(scores[0]) > 0.7
    assert scores[0] == pytest.approx(scores[1], abs=0.1)


def test_unknown_name_takes_most_of_the_score(searcher):
    known = searcher.search("a novel by the bus driver Maureen Tansley", min_score=0).hits[0].score
    unknown = searcher.search("a novel by the bus driver Keanu Reeves", min_score=0).hits[0].score
    assert known > 0.7
    assert unknown < known / 2
