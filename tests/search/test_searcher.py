"""Searcher: questions to the sample articles, with real engines and encoder."""

import html
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.analysis.analyzer import Analyzer
from nutgraf.search import Filters, Highlight, RequestError, Searcher, SearchRequest

JUDGED = Path(__file__).parents[2] / "seeds" / "judged.jsonl"
QUESTIONS = [json.loads(line) for line in JUDGED.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def searcher(either_index):
    with Searcher(either_index, trust=True) as opened:
        yield opened


def ids(response):
    return [hit.paragraph.id for hit in response.hits]


def found_share(searcher, kind, mode, within):
    """Return the share of judged questions with a relevant paragraph among first hits."""
    asked = [question for question in QUESTIONS if question["kind"] == kind]
    found = 0
    for question in asked:
        hits = searcher.search(question["question"], mode=mode, limit=within)
        found += bool(set(ids(hits)) & set(question["relevant"]))
    return found / len(asked)


def test_hybrid_finds_words_and_names_and_meaning(searcher):
    # Limits below the measured shares, so that a fault fails and a tie does not.
    assert found_share(searcher, "words", "hybrid", 3) >= 0.85
    assert found_share(searcher, "facts", "hybrid", 3) >= 0.85
    assert found_share(searcher, "paraphrase", "hybrid", 10) >= 0.5


def test_semantic_mode_finds_paraphrases_that_keywords_miss(searcher):
    meaning = found_share(searcher, "paraphrase", "semantic", 10)
    assert meaning >= 0.6
    assert meaning > found_share(searcher, "paraphrase", "keyword", 10) + 0.2


def test_response_has_ranks_scores_and_limits(searcher):
    response = searcher.search("flood defences", limit=25)
    scores = [hit.score for hit in response.hits]
    assert [hit.rank for hit in response.hits] == list(range(1, 26))
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert len(set(ids(response))) == 25
    assert response.total.value >= 25
    assert response.snapshot == 1


@pytest.mark.parametrize("mode", ["hybrid", "keyword", "semantic"])
@pytest.mark.parametrize("fusion", ["convex", "rrf"])
def test_pages_agree(searcher, mode, fusion):
    asked = {"mode": mode, "fusion": fusion}
    whole = searcher.search("hospital inquiry", limit=100, **asked)
    pages = [
        searcher.search("hospital inquiry", limit=7, offset=at, **asked) for at in range(0, 98, 7)
    ]
    assert [one for page in pages for one in ids(page)] == ids(whole)[:98]
    assert {page.total for page in pages} == {whole.total}
    assert [hit.score for page in pages for hit in page.hits] == [
        hit.score for hit in whole.hits[:98]
    ]


def test_page_after_last_hit_is_empty(searcher):
    response = searcher.search('"blue-waxed truckles"', offset=50)
    assert response.hits == ()
    assert response.total.value == 2
    assert response.total.relation == "eq"


def test_phrase_and_exclusion_apply_to_semantic_hits(searcher):
    for mode in ("hybrid", "semantic", "keyword"):
        hits = searcher.search('"milk" -cheddar creamery', mode=mode, limit=50).hits
        assert hits
        for hit in hits:
            words = Analyzer("en").terms(hit.paragraph.text)
            assert "milk" in words
            assert "cheddar" not in words


def test_required_words_and_fields_apply_to_every_hit(searcher):
    hits = searcher.search("+flood source:northgate* homes", limit=50).hits
    assert hits
    assert {hit.article.source for hit in hits} == {"Northgate Courier"}
    for hit in hits:
        assert "flood" in Analyzer("en").terms(f"{hit.article.title} {hit.paragraph.text}")


@pytest.mark.parametrize("mode", ["hybrid", "semantic", "keyword"])
def test_filters_apply_and_leave_full_pages(searcher, mode):
    def passing(**filters):
        return searcher.search("people", mode=mode, filters=Filters(**filters), limit=100)

    german = passing(language=("de",))
    if mode != "keyword":
        assert {hit.article.language for hit in german.hits} == {"de"}
        assert german.total.value == len(german.hits) > 10
        assert german.total.relation == "eq"
    papers = passing(source=("Tidewater Post", "Ferrum Daily"), section=("business",))
    assert papers.hits
    assert {hit.article.source for hit in papers.hits} <= {"Tidewater Post", "Ferrum Daily"}
    assert {hit.article.section for hit in papers.hits} == {"business"}
    year = passing(published_from="2023-01-01", published_to="2023-12-31")
    assert year.hits
    assert {hit.article.published[:4] for hit in year.hits} == {"2023"}
    one = passing(article=("business-creamery-collapse",))
    assert {hit.article.id for hit in one.hits} <= {"business-creamery-collapse"}
    assert passing(source=("Nobody's Paper",)).total.value == 0
    folded = passing(source=("tidewater post",))
    assert folded.hits == passing(source=("Tidewater Post",)).hits
    assert folded.hits


def test_question_of_conditions_lists_rows_that_meet_them(searcher):
    response = searcher.search("source:ferrum* -the", limit=5)
    assert response.hits
    assert {hit.article.source for hit in response.hits} == {"Ferrum Daily"}
    assert {hit.score for hit in response.hits} == {None}


def test_walk_yields_all_hits_of_all_pages(searcher):
    for asked in (
        {"q": "river", "group": "article"},
        {"sort": "newest"},
        {"q": "river", "offset": 3},
    ):
        request = SearchRequest(**asked, mode="keyword")
        hits = list(searcher.walk(request, limit=7))
        assert len(hits) == searcher.search(request).total.value - request.offset
        assert len({hit.id for hit in hits}) == len(hits) > 7
    assert len(list(searcher.walk("river", limit=50))) > 50


def test_conditions_that_no_row_meets_are_reported_as_reason(searcher):
    response = searcher.search('"creamery falls upwards" milk')
    assert response.hits == ()
    assert "no paragraph meets all conditions" in response.warnings[0]
    assert searcher.search('"blue-waxed truckles"').warnings == ()


def test_closed_searcher_raises(seeds_index):
    with Searcher(seeds_index) as closed:
        pass
    with pytest.raises(ValueError, match="is closed: open it again"):
        closed.search("creamery", mode="keyword")


def test_conditions_alone_are_answered_in_every_mode(searcher):
    for question in ("-river", "article:weather-haverdyke-flood"):
        answers = [
            searcher.search(question, mode=mode) for mode in ("hybrid", "semantic", "keyword")
        ]
        assert len({tuple(ids(answer)) for answer in answers}) == 1
        assert answers[0].hits


def test_options_change_given_request(searcher):
    request = SearchRequest("creamery", limit=5)
    assert len(searcher.search(request, limit=2).hits) == 2
    with pytest.raises(RequestError, match="q: must be of type str, got NoneType"):
        searcher.search(None)


def test_value_in_form_of_exact_term_is_not_read_as_one(tmp_path, encoder_folder):
    index = tmp_path / "x.index"
    create_index(index, model=str(encoder_folder))
    with IndexWriter(index) as writer:
        for number, source in enumerate(("bbc", "=bbc", " bbc", "BBC", "bbc news")):
            writer.put(Article(f"a{number}", "Flood", (f"Flood {number}.",), source=source))
    with Searcher(index) as opened:
        for mode in ("keyword", "semantic", "hybrid"):
            hits = opened.search("flood", mode=mode, filters=Filters(source="bbc")).hits
            assert [hit.article.source for hit in hits] == ["bbc"]


def test_explanations_contain_ranks_and_scores(searcher):
    hybrid = searcher.search("creamery milk", explain=True, limit=100)
    first = hybrid.hits[0].explain
    assert first.keyword.rank in (1, 2)
    assert first.semantic.rank >= 1
    assert first.fusion.method == "convex"
    assert 0.15 <= first.fusion.weight < 0.35, "both words are found"
    other = searcher.search("cheesemaker insolvency bankrupt", explain=True).hits[0].explain
    assert other.fusion.weight > first.fusion.weight, "few of the words are found together"
    assert all(hit.explain.semantic.score is not None for hit in hybrid.hits)
    keyword = searcher.search("creamery milk", explain=True, mode="keyword").hits
    assert [hit.explain.keyword.rank for hit in keyword] == [hit.rank for hit in keyword]
    assert keyword[0].explain.semantic is None
    assert searcher.search("creamery milk").hits[0].explain is None


def test_filter_value_of_no_article_gives_warning(searcher):
    response = searcher.search("flood", filters=Filters(section="Wether", source="Nobody"))
    assert response.hits == ()
    assert "no article has the section 'Wether'; the nearest is 'weather'" in response.warnings
    assert "no article has the source 'Nobody'" in " ".join(response.warnings)
    with pytest.raises(RequestError, match="section: is empty"):
        Filters(section="")


def test_unsearchable_words_give_warning(searcher):
    for question in ("((((", "🚀🚀", "?!", "-", '""'):
        for mode in ("hybrid", "semantic", "keyword"):
            response = searcher.search(question, mode=mode)
            assert response.hits == ()
            assert response.total.value == 0
            assert response.warnings


def test_malformed_question_is_searched_with_warning(searcher):
    for question in ('"creamery', "title: creamery", "creamery AND", "((creamery"):
        response = searcher.search(question)
        assert "creamery" in response.hits[0].paragraph.text.lower()
        assert response.warnings


def test_words_of_other_languages_and_scripts_are_found(searcher):
    assert searcher.search("Brücke").hits
    assert searcher.search("سفينة غرقت", min_score=0).warnings == ()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(question=st.text(max_size=60), mode=st.sampled_from(["hybrid", "keyword", "semantic"]))
def test_any_valid_text_is_answered(searcher, question, mode):
    try:
        request = SearchRequest(question, mode=mode, limit=3, explain=True)
    except RequestError:
        return
    assert json.loads(json.dumps(searcher.search(request).to_dict()))


OPERATORS = [
    *("creamery", "milk", "the", "9", '"', "(", ")", "+", "-", ":", "*", "?", "~", "~2"),
    *("AND", "OR", "NOT", "title:", "source:", "published:", "mil*", "cr?am"),
    *("[2022 TO 2023]", "{a TO", "]", "?b", "*c", "\ufdfa"),
]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(parts=st.lists(st.sampled_from(OPERATORS), max_size=14), glue=st.sampled_from(["", " "]))
def test_any_operators_are_answered(searcher, parts, glue):
    question = glue.join(parts)
    if question.strip():
        searcher.search(question, limit=3, mode="keyword")


def test_many_threads_get_the_same_answer(searcher):
    asked = ["creamery milk", "flood homes", '"milk"', "source:ferrum* court"] * 6
    alone = {question: ids(searcher.search(question)) for question in set(asked)}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda question: ids(searcher.search(question)), asked))
    assert answers == [alone[question] for question in asked]


def test_article_is_returned_with_all_paragraphs(searcher):
    view = searcher.article("business-creamery-collapse")
    assert [paragraph.position for paragraph in view.paragraphs] == list(
        range(len(view.paragraphs))
    )
    assert view.paragraphs[3].id == "business-creamery-collapse#3"
    assert view.to_dict()["source"] == "Northgate Courier"
    assert searcher.article("nothing") is None


def test_hits_found_only_by_keywords_have_exact_cosines(searcher):
    question = "the creamery milk flood court"
    hits = searcher.search(question, explain=True, limit=100).hits
    semantic = {
        hit.paragraph.id: hit.explain.semantic.score
        for hit in searcher.search(question, mode="semantic", explain=True, limit=100).hits
    }
    checked = 0
    for hit in hits:
        exact = semantic.get(hit.paragraph.id)
        if exact is not None:
            assert hit.explain.semantic.score == pytest.approx(exact, abs=2e-3)
            checked += 1
    assert checked > 20


def test_empty_index_has_no_hits(tmp_path, encoder_folder):
    create_index(tmp_path / "empty.index", model=str(encoder_folder))
    with Searcher(tmp_path / "empty.index") as empty:
        for mode in ("hybrid", "keyword", "semantic"):
            for question in ("creamery", '"a phrase" -not', "source:bbc", "-flood"):
                response = empty.search(question, mode=mode, filters=Filters(source=("x",)))
                assert response.hits == ()
                assert response.total.value == 0


def test_names_of_wrong_type_are_refused(searcher):
    for ask in (searcher.article, searcher.similar):
        with pytest.raises(RequestError, match="must be of type str, got int"):
            ask(1)
    with pytest.raises(RequestError, match="index: must be the path of an index, got NoneType"):
        Searcher(None)


def test_titles_of_hits_are_highlighted(searcher):
    hits = searcher.search("creamery debts", group="article", limit=3).hits
    first = hits[0]
    assert "<mark>" in first.article.title_html
    for hit in hits:
        plain = re.sub("</?mark>", "", hit.article.title_html)
        assert html.unescape(plain) == hit.article.title
    highlight = Highlight(pre="[", post="]")
    found = searcher.search("creamery debts", group="article", limit=1, highlight=highlight)
    assert "[" in found.hits[0].article.title_html
    near = searcher.similar(first.article.id, limit=1)
    assert near.hits[0].article.title_html == html.escape(near.hits[0].article.title)
    assert near.to_dict()["hits"][0]["article"]["title_html"] == near.hits[0].article.title_html


def test_value_that_differs_in_case_is_used_only_if_none_is_equal(tmp_path, tiny_encoder):
    create_index(tmp_path / "news.index", model=str(tiny_encoder))
    with IndexWriter(tmp_path / "news.index") as writer:
        for name, source in (("a", "BBC"), ("b", "bbc"), ("c", "Bbc"), ("d", "CNN")):
            writer.put(Article(name, "Ferries", (f"The ferry {name} left.",), source=source))
    with Searcher(tmp_path / "news.index") as searcher:

        def found(*values):
            asked = searcher.search("ferry", filters=Filters(source=values), min_score=0)
            return {hit.article.id for hit in asked.hits}, asked.warnings

        assert found("bbc") == ({"b"}, ())
        assert found("bBC") == ({"a", "b", "c"}, ())
        assert found("cnn", "bbc") == ({"b", "d"}, ())
        assert found("cmn") == (set(), ("no article has the source 'cmn'; the nearest is 'CNN'",))
        near = searcher.similar("a", filters=Filters(source="cnn"))
        assert [hit.id for hit in near.hits] == ["d"]
        with IndexWriter(tmp_path / "news.index") as writer:
            writer.delete("d")
        searcher.refresh()
        unknown = ("no article has the source 'cnn'; the facet 'source' lists all",)
        assert found("cnn") == (set(), unknown)
        assert searcher.similar("a", filters=Filters(source="cnn")).warnings == unknown
        assert searcher.search("ferry source:cmn").warnings == (unknown[0].replace("cnn", "cmn"),)


def test_relative_dates_filter(tmp_path, tiny_encoder):
    today = datetime.now(UTC).date()
    create_index(tmp_path / "news.index", model=str(tiny_encoder))
    with IndexWriter(tmp_path / "news.index") as writer:
        for age in (0, 1, 3, 400):
            published = (today - timedelta(days=age)).isoformat()
            writer.put(Article(f"a{age}", "Ferries", ("The ferry left.",), published=published))
    with Searcher(tmp_path / "news.index") as searcher:

        def found(**filters):
            asked = searcher.search("ferry", filters=Filters(**filters), min_score=0)
            return {hit.article.id for hit in asked.hits}

        assert found(published_from="-2d") == {"a0", "a1"}
        assert found(published_to="3 days ago") == {"a3", "a400"}
        assert found(published_from="past 4 days", published_to="yesterday") == {"a1", "a3"}
