"""The HTTP API, called over a socket."""

import html
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from urllib.parse import quote

import pytest
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from nutgraf.api.http.app import create_app
from nutgraf.api.http.middleware import MAX_BODY_BYTES
from nutgraf.api.http.problems import PROBLEM
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.reader.protocol import Statistics
from nutgraf.search import ArticleView, Completions, Filters, Response, Searcher


def problem(response, status):
    assert response.status_code == status
    assert response.headers["content-type"] == PROBLEM
    body = response.json()
    assert body["status"] == status
    assert body["title"]
    return body


def as_documented(kind, answer):
    """Assert that JSON has the fields of a dataclass in order, and is valid for it."""
    left_out = {"digest", "explain", "text"}  # The last 2 are present only on request.
    parsed = TypeAdapter(kind).dump_python(
        TypeAdapter(kind).validate_python(
            {"digest": b"", **answer} if kind is ArticleView else answer
        ),
        mode="json",
    )

    def check(documented, found):
        if isinstance(documented, dict):
            assert [name for name in documented if name in found] == list(found)
            assert set(documented) - set(found) <= left_out
            for name, value in found.items():
                check(documented[name], value)
        elif isinstance(documented, list):
            assert len(documented) == len(found)
            for each, other in zip(documented, found, strict=True):
                check(each, other)
        else:
            assert documented == found

    check(parsed, answer)


def test_python_and_json_have_the_same_shape(client, seeds_index):
    for group in ("paragraph", "article"):
        asked = {"q": "creamery debts", "group": group, "limit": 3}
        plain = client.get("/v1/search", params=asked).json()["hits"]
        whole = client.post("/v1/search", json={**asked, "text": True}).json()["hits"]
        with Searcher(seeds_index) as searcher:
            response = searcher.search(asked.pop("q"), **asked)
        assert len(response) == len(plain) == 3
        for hit, short, long in zip(response, plain, whole, strict=True):
            assert hit.id == short["id"] == short["version_ids"][0] == hit.version_ids[0]
            assert hit.versions == short["versions"] == len(hit.version_ids)
            for one, without, having in [
                (hit, short, long), *zip(hit.more, short["more"], long["more"], strict=True)
            ]:  # fmt: skip
                assert having["paragraph"] == asdict(one.paragraph)
                assert without["paragraph"] == {
                    name: value for name, value in having["paragraph"].items() if name != "text"
                }
            expected = hit.paragraph.id if group == "paragraph" else hit.article.id
            assert hit.id == expected


def test_get_and_post_answer_like_the_library(client, seeds_index):
    got = client.get("/v1/search", params={"q": "creamery debts", "limit": 3, "explain": True})
    posted = client.post("/v1/search", json={"q": "creamery debts", "limit": 3, "explain": True})
    with Searcher(seeds_index) as searcher:
        expected = searcher.search("creamery debts", limit=3, explain=True).to_dict()
    answers = [got.json(), posted.json(), expected]
    for answer in answers:
        assert answer.pop("took_ms") > 0
    assert answers[0] == answers[1] == answers[2]
    assert got.headers["content-type"] == "application/json"


def test_responses_match_their_documentation(client):
    answer = client.get("/v1/search", params={"q": "creamery", "explain": True}).json()
    as_documented(Response, answer)
    with_text = client.get("/v1/search", params={"q": "creamery", "text": True}).json()
    as_documented(Response, with_text)
    as_documented(ArticleView, client.get("/v1/articles/business-creamery-collapse").json())
    as_documented(Statistics, client.get("/v1/stats").json())
    assert "explain" not in client.get("/v1/search", params={"q": "creamery"}).json()["hits"][0]


def test_filters_as_parameters_and_as_json(client):
    got = client.get(
        "/v1/search",
        params={
            "q": "people",
            "source": ["Ferrum Daily", "Tidewater Post"],
            "published_from": "2022-01-01",
            "published_to": "2022-12-31",
            "limit": 50,
        },
    ).json()
    filters = {
        "source": ["Ferrum Daily", "Tidewater Post"],
        "published_from": "2022-01-01",
        "published_to": "2022-12-31",
    }
    posted = client.post("/v1/search", json={"q": "people", "filters": filters, "limit": 50}).json()
    assert got["hits"] == posted["hits"]
    assert got["hits"]
    assert {hit["article"]["source"] for hit in got["hits"]} <= {"Ferrum Daily", "Tidewater Post"}
    assert {hit["article"]["published"][:4] for hit in got["hits"]} == {"2022"}
    one = client.post("/v1/search", json={"q": "people", "filters": {"language": "de"}}).json()
    assert {hit["article"]["language"] for hit in one["hits"]} == {"de"}


def test_highlights_use_marks_of_the_request(client):
    body = {"q": "creamery", "highlight": {"pre": "[[", "post": "]]"}, "limit": 1}
    posted = client.post("/v1/search", json=body).json()
    assert "[[Creamery]]" in posted["hits"][0]["snippet"]["html"]
    got = client.get(
        "/v1/search",
        params={"q": "creamery", "highlight_pre": "[[", "highlight_post": "]]", "limit": 1},
    ).json()
    assert got["hits"] == posted["hits"]


def test_semantic_matches_have_their_own_marks(client):
    body = {"q": "people who got away by power boats", "mode": "semantic", "limit": 20}
    marks = {"pre": "[", "post": "]", "semantic_pre": "{", "semantic_post": "}"}
    posted = client.post("/v1/search", json={**body, "highlight": marks}).json()
    got = client.get(
        "/v1/search", params=body | {f"highlight_{name}": mark for name, mark in marks.items()}
    ).json()
    assert got["hits"] == posted["hits"]
    kinds = set()
    for snippet in (hit["snippet"] for hit in got["hits"]):
        bare = html.unescape(snippet["html"])
        for one in reversed(snippet["highlights"]):
            pre, post = "[]" if one["kind"] == "keyword" else "{}"
            word = snippet["text"][one["start"] : one["end"]]
            assert f"{pre}{word}{post}" in bare
            kinds.add(one["kind"])
    assert kinds == {"keyword", "semantic"}


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"q": "x", "cursor": "broken"}, "cursor"),
        ({"q": "x", "sort": "date"}, "sort"),
        ({"q": "x", "sort": "newest first"}, "sort"),
        ({"q": "x" * 10_000}, "q"),
        ({"q": "a\x00b"}, "q"),
        ({"q": "x", "limit": 0}, "limit"),
        ({"q": "x", "limit": "many"}, "limit"),
        ({"q": "x", "offset": 10_001}, "offset"),
        ({"q": "x", "mode": "magic"}, "mode"),
        ({"q": "x", "fusion": "magic"}, "fusion"),
        ({"q": "x", "published_from": "soon"}, "published_from"),
        ({"q": "x", "sources": "typo"}, "sources"),
        ({"q": "x", "explain": "perhaps"}, "explain"),
        ({"q": "x", "strict": "1"}, "strict"),
    ],
)
def test_problem_names_invalid_parameter(client, parameters, field):
    body = problem(client.get("/v1/search", params=parameters), 422)
    assert [error["field"] for error in body["errors"]] == [field]
    assert body["errors"][0]["reason"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"mode": "hybrid", "sort": 5}, "sort"),
        ({"q": 3}, "q"),
        ({"q": "x", "filters": {"published_from": "soon"}}, "published_from"),
        ({"q": "x", "filters": {"published": {"from": "2020"}}}, "filters.published"),
        ({"q": "x", "filters": {"source": 3}}, "filters.source"),
        ({"q": "x", "filters": {"paper": "x"}}, "filters.paper"),
        ({"q": "x", "filters": {"source": ["x"] * 101}}, "source"),
        ({"q": "x", "highlight": {"pre": "x" * 101}}, "highlight.pre"),
        ({"q": "x", "highlight": {"semantic_post": "x" * 101}}, "highlight.semantic_post"),
        ([], "body"),
        ({"q": "x", "strength": 1}, "strength"),
        ({"q": "x", "filters": {"list[x": 1}}, "filters.list[x"),
    ],
)
def test_problem_names_invalid_field_of_body(client, body, field):
    errors = problem(client.post("/v1/search", json=body), 422)["errors"]
    assert field in [error["field"] for error in errors]


def test_body_that_is_not_json_or_not_text_is_refused(client):
    problem(
        client.post("/v1/search", content=b"{", headers={"content-type": "application/json"}), 422
    )
    for content in (b'{"q": "\xff"}', b'{"q": "\\ud800"}', b"[" * 50_000):
        sent = client.post(
            "/v1/search", content=content, headers={"content-type": "application/json"}
        )
        assert 400 <= sent.status_code < 500
        problem(sent, sent.status_code)


def test_body_over_limit_is_refused(client):
    def endless():
        for _ in range(40):
            yield b" " * 16_384

    problem(client.post("/v1/search", content=b" " * (MAX_BODY_BYTES + 1)), 413)
    problem(client.post("/v1/search", content=endless()), 413)


@pytest.mark.parametrize("mode", ["hybrid", "keyword", "semantic"])
@pytest.mark.parametrize(
    "q",
    [
        "a?b?c?d?e?f?g?h?i?j?k",
        "source:" + "\ufdfa" * 10 + "*",
        "text:ab*c?d?e?f?g?h?i?j?k?l",
        "\ufdfa" * 10 + "*",
        "ab" + "\ufdfa" * 10 + "~2",
        "title:" + "x" * 300 + "*",
    ],
)
def test_patterns_over_limits_of_index_are_searched_as_words(client, q, mode):
    response = client.get("/v1/search", params={"q": q, "mode": mode})
    assert response.status_code == 200, response.text


def test_response_hides_path_of_broken_index():
    class Broken:
        def search(self, _request):
            raise BrokenIndexError("/srv/secret/place is damaged")

    with TestClient(create_app(Broken())) as broken:
        body = problem(broken.get("/v1/search", params={"q": "x"}), 500)
    assert "secret" not in json.dumps(body)


@pytest.mark.parametrize("q", ["((((", '"unclosed', "title:", "🚀", "-", "a AND", "סירה", "*", "~"])
def test_malformed_questions_never_fail(client, q):
    response = client.get("/v1/search", params={"q": q})
    assert response.status_code == 200
    answer = response.json()
    assert answer["hits"] or answer["warnings"] or answer["total"]["value"] == 0


def test_article_is_shown_by_id(client):
    shown = client.get("/v1/articles/business-creamery-collapse").json()
    assert shown["paragraphs"][0]["id"] == "business-creamery-collapse#0"
    problem(client.get("/v1/articles/no/such article"), 404)


def test_health_and_statistics(client):
    health = client.get("/healthz").json()
    assert (health["status"], health["workers"], health["waiting"]) == ("ok", 1, 0)
    assert client.head("/healthz").status_code == 200
    stats = client.get("/v1/stats").json()
    assert stats["articles"] == 72
    assert stats["keyword_engine"] == "tantivy"
    assert stats["encoder"] == "sentence-transformers/all-MiniLM-L6-v2"


def test_unknown_path_and_method_are_problems(client):
    problem(client.get("/nothing"), 404)
    problem(client.delete("/v1/search"), 405)


def test_documentation_describes_every_route(client):
    described = client.get("/openapi.json").json()
    assert set(described["paths"]) == {
        "/v1/search", "/v1/articles", "/v1/articles/{article}", "/v1/articles/{article}/similar",
        "/v1/suggest",
        "/v1/stats", "/healthz",
    }  # fmt: skip
    assert client.get("/docs").status_code == 200


def test_concurrent_clients_get_their_own_answers(client):
    questions = ["creamery debts", "flood homes", "court verdict", "ferry strike"] * 8

    def ask(question):
        answer = client.get("/v1/search", params={"q": question, "limit": 3}).json()
        return answer["query"], [hit["paragraph"]["id"] for hit in answer["hits"]]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, questions))
    assert [query for query, _ in answers] == questions
    assert len({tuple(hits) for _, hits in answers}) == 4


def test_html_in_articles_and_questions_stays_text(client):
    answer = client.get("/v1/search", params={"q": "<script>alert(1)</script> creamery"}).json()
    assert answer["query"] == "<script>alert(1)</script> creamery"
    assert all("<script" not in hit["snippet"]["html"] for hit in answer["hits"])


def test_recency_is_the_same_by_query_and_by_body(client):
    asked = {"q": "flood homes", "limit": 5, "explain": True}
    by_query = client.get(
        "/v1/search", params={**asked, "recency_half_life": "1y", "recency_weight": 0.5}
    ).json()
    body = {**asked, "recency": {"half_life": "1y", "weight": 0.5}}
    by_body = client.post("/v1/search", json=body).json()
    assert by_query["hits"] == by_body["hits"]
    assert all(0.5 <= hit["explain"]["recency"] <= 1 for hit in by_body["hits"])
    plain = client.post("/v1/search", json=asked).json()
    assert {hit["explain"]["recency"] for hit in plain["hits"]} == {None}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"recency": {"half_life": "abc"}}, "recency.half_life"),
        ({"recency": {"half_life": "30d", "weight": -1}}, "recency.weight"),
        ({"recency": {"weight": 0.2}}, "recency.half_life"),
        ({"recency": {"half_life": "30d", "since": 1}}, "recency.since"),
        ({"weight": -1}, "weight"),
        ({"weight": "much"}, "weight"),
        ({"fusion": "sum"}, "fusion"),
    ],
)
def test_problem_names_invalid_weights(client, body, field):
    answer = client.post("/v1/search", json={"q": "flood", **body})
    assert [each["field"] for each in problem(answer, 422)["errors"]] == [field]


def test_grouping_is_the_same_by_query_and_by_body(client):
    asked = {"q": "creamery", "group": "article", "per_article": 2, "versions": "first",
             "diversity": 0.1, "limit": 5}  # fmt: skip
    by_query = client.get("/v1/search", params=asked).json()
    by_body = client.post("/v1/search", json=asked).json()
    assert by_query["hits"] == by_body["hits"]
    assert by_body["group"] == "article"
    as_documented(Response, by_body)
    (best, *_) = by_body["hits"]
    assert best["article"]["id"] == "business-creamery-collapse"
    assert best["version_ids"] == ["business-creamery-collapse", "business-creamery-collapse-wire"]
    assert best["versions"] == 2
    (more,) = best["more"]
    assert more["paragraph"]["id"].startswith("business-creamery-collapse#")
    assert more["paragraph"] != best["paragraph"]
    assert 0 <= more["score"] <= best["score"]
    assert more["snippet"]["html"]


def test_every_paragraph_is_a_hit_by_default(client):
    answer = client.get("/v1/search", params={"q": "creamery debts", "limit": 2}).json()
    assert answer["group"] == "paragraph"
    assert [hit["versions"] for hit in answer["hits"]] == [1, 1]
    assert [hit["version_ids"] for hit in answer["hits"]] == [
        [hit["paragraph"]["id"]] for hit in answer["hits"]
    ]
    assert [hit["more"] for hit in answer["hits"]] == [[], []]
    folded = client.get("/v1/search", params={"q": "creamery debts", "versions": "newest"}).json()
    assert folded["hits"][0]["versions"] == 2


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("per_article", 0, "must be between 1 and 20, got 0"),
        ("per_article", "many", "whole number"),
        ("group", "story", "'paragraph' or 'article'"),
        ("versions", "oldest", "'newest', 'first' or 'all'"),
        ("diversity", 1.5, "must be between 0 and 1, got 1.5"),
    ],
)
def test_problem_names_invalid_grouping(client, field, value, allowed):
    asked = {"q": "flood", field: value}
    answers = client.get("/v1/search", params=asked), client.post("/v1/search", json=asked)
    for answer in answers:
        (error,) = problem(answer, 422)["errors"]
        assert error["field"] == field
        assert allowed in error["reason"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/search?q=flood",
        "/v1/articles/business-creamery-collapse",
        "/v1/articles/business-creamery-collapse/similar",
        "/v1/stats",
    ],
)
def test_head_is_get_without_a_body(client, path):
    got, head = client.get(path), client.head(path)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == got.headers["content-type"]
    assert head.headers.get("etag") == got.headers.get("etag")


def test_facets_are_the_same_by_query_and_by_body(client, seeds_index):
    asked = {"q": "flood homes", "limit": 3, "facets": ["source", "published:month"]}
    by_query = client.get("/v1/search", params=asked).json()
    by_body = client.post("/v1/search", json=asked).json()
    assert by_query["facets"] == by_body["facets"]
    assert list(by_body["facets"]) == asked["facets"]
    with Searcher(seeds_index) as searcher:
        assert by_body["facets"] == searcher.search(asked.pop("q"), **asked).to_dict()["facets"]
    as_documented(Response, by_body)
    assert client.get("/v1/search", params={"q": "flood"}).json()["facets"] == {}


def test_facets_may_be_separated_by_commas(client):
    repeated = client.get("/v1/search", params={"q": "flood", "facets": ["source", "section"]})
    listed = client.get("/v1/search", params={"q": "flood", "facets": "source, section"})
    assert listed.json()["facets"] == repeated.json()["facets"]
    assert list(listed.json()["facets"]) == ["source", "section"]
    wrong = client.get("/v1/search", params={"q": "flood", "facets": "source,paper"})
    (error,) = problem(wrong, 422)["errors"]
    assert error["reason"].startswith("has 'paper', which is not a field; choose one of source")


@pytest.mark.parametrize("facets", [["paper"], ["published"], ["source", "source"], [3]])
def test_problem_names_unknown_facets(client, facets):
    answer = client.post("/v1/search", json={"q": "flood", "facets": facets})
    (error,) = problem(answer, 422)["errors"]
    assert error["field"] == "facets"
    if facets == ["published"]:
        assert "write published:month" in error["reason"]


def test_similar_articles_and_paragraphs(client, seeds_index):
    name = "business-creamery-collapse"
    with Searcher(seeds_index) as searcher:
        for asked in (name, f"{name}#2"):
            path = f"/v1/articles/{quote(asked, safe='')}/similar"
            answer = client.get(path, params={"limit": 4, "section": ["business", "courts"]}).json()
            filters = Filters(section=("business", "courts"))
            expected = searcher.similar(asked, limit=4, filters=filters).to_dict()
            as_documented(Response, answer)
            for each in (answer, expected):
                each.pop("took_ms")
            assert answer == json.loads(json.dumps(expected))
            assert len(answer["hits"]) == 4


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("no/such/similar", 404, None),
        ("business-creamery-collapse%2399/similar", 404, None),
        ("business-creamery-collapse/similar?limit=0", 422, "limit"),
        ("business-creamery-collapse/similar?limit=many", 422, "limit"),
        ("business-creamery-collapse/similar?published_to=soon", 422, "published_to"),
        ("business-creamery-collapse/similar?q=flood", 422, "q"),
    ],
)
def test_invalid_request_for_similar_is_a_problem(client, path, status, field):
    body = problem(client.get(f"/v1/articles/{path}"), status)
    assert [error["field"] for error in body.get("errors", [])] == ([field] if field else [])


def test_article_whose_id_ends_in_similar_is_shown_by_encoded_id(writer):
    for name in ("a", "a/similar", "similar"):
        body = {"title": name, "text": f"The text of {name}."}
        assert writer.put(f"/v1/articles/{name}", json=body).status_code == 201

    def titles(path):
        return [hit["article"]["title"] for hit in writer.get(path).json()["hits"]]

    assert set(titles("/v1/articles/a/similar")) == {"a/similar", "similar"}
    shown = writer.get("/v1/articles/a%2Fsimilar")
    assert shown.json()["title"] == "a/similar"
    again = writer.get("/v1/articles/a%2fsimilar", headers={"If-None-Match": shown.headers["etag"]})
    assert again.status_code == 304
    assert set(titles("/v1/articles/a%2Fsimilar/similar")) == {"a", "similar"}
    assert writer.get("/v1/articles/similar").json()["title"] == "similar"
    assert writer.delete("/v1/articles/a/similar").status_code == 200
    assert writer.get("/v1/articles/a%2Fsimilar").status_code == 404


def test_suggestions_match_library_and_documentation(client, seeds_index):
    got = client.get("/v1/suggest", params={"q": "who pays the dunmarrow cr", "limit": 3})
    assert got.status_code == 200
    answer = got.json()
    with Searcher(seeds_index) as searcher:
        expected = searcher.suggest("who pays the dunmarrow cr", limit=3).to_dict()
    assert answer.pop("took_ms") >= 0
    assert {**expected, "took_ms": None} == {**answer, "took_ms": None}
    assert answer["suggestions"][0] == {
        "text": "who pays the Dunmarrow Creamery", "kind": "phrase", "article": None, "count": 2,
    }  # fmt: skip
    whole = client.get("/v1/suggest", params={"q": "DUNMARROW creamery falls"}).json()
    as_documented(Completions, whole)
    (title,) = [one for one in whole["suggestions"] if one["kind"] == "title"]
    assert title["article"] == "business-creamery-collapse"
    assert len(client.get("/v1/suggest", params={"q": "c"}).json()["suggestions"]) == 8
    assert client.get("/v1/suggest", params={"q": ""}).json()["suggestions"] == []


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({}, "q"),
        ({"q": "x" * 2_001}, "q"),
        ({"q": "a\x00b"}, "q"),
        ({"q": "x", "limit": 0}, "limit"),
        ({"q": "x", "limit": 21}, "limit"),
        ({"q": "x", "limit": "many"}, "limit"),
        ({"q": "x", "mode": "keyword"}, "mode"),
    ],
)
def test_problem_names_invalid_parameter_of_suggest(client, parameters, field):
    body = problem(client.get("/v1/suggest", params=parameters), 422)
    assert [error["field"] for error in body["errors"]] == [field]


def test_misspelled_question_that_brings_nothing_is_answered_as_its_correction(client):
    asked = {"q": '+creemery "debts"'}
    for own, answer in (
        (
            client.get("/v1/search", params={**asked, "correct": "false"}).json(),
            client.get("/v1/search", params=asked).json(),
        ),
        (
            client.post("/v1/search", json={**asked, "correct": False}).json(),
            client.post("/v1/search", json=asked).json(),
        ),
    ):
        assert answer["query"] == own["query"] == asked["q"]
        assert answer["corrected"] == own["suggestion"] == '+Creamery "debts"'
        assert answer["suggestion"] is own["corrected"] is None
        assert answer["unknown"] == own["unknown"] == ["creemery"]
        assert answer["hits"]
    assert client.get("/v1/search", params={"q": "creamery debts"}).json()["suggestion"] is None


def test_index_without_suggestions_fails_to_suggest_but_answers_searches(tmp_path, seeds_index):
    index = shutil.copytree(seeds_index, tmp_path / "copy.index")
    (index / "suggestions.sqlite").unlink()
    with Searcher(index) as searcher, TestClient(create_app(searcher)) as asked:
        body = problem(asked.get("/v1/suggest", params={"q": "crea"}), 500)
        assert str(index) not in json.dumps(body)
        answer = asked.get("/v1/search", params={"q": "creemery"})
        assert answer.status_code == 200
        assert answer.json()["suggestion"] is None


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        (b'{"q":', "body", "is not JSON: Expecting value; send one JSON object"),
        (b"[1]", "body", "must be a JSON object, sent with content-type: application/json"),
        (b'{"recency": {}}', "recency.half_life", "is missing; give a value"),
        (b'{"q": 1}', "q", "must be text, got 1"),
        (
            b'{"q": "a", "filters": {"source": 3}}',
            "filters.source",
            "must be text or a list, got 3",
        ),
        (b'{"q": "a", "rerank": {"depth": "deep"}}', "rerank.depth", "must be a whole number"),
        (b'{"q": "a", "rerank": 7}', "rerank", "must be true or false or an object, got 7"),
        (b'{"q": "a", "mode": "fuzzy"}', "mode", "is 'fuzzy'; choose one of 'hybrid', 'keyword'"),
        (b'{"q": "a", "qq": 1}', "qq", "is not a field of this request; check its spelling"),
    ],
)
def test_each_invalid_field_has_one_reason_with_the_cure(client, body, field, reason):
    answer = client.post("/v1/search", content=body, headers={"content-type": "application/json"})
    (error,) = problem(answer, 422)["errors"]
    assert error["field"] == field
    assert error["reason"].startswith(reason)


def test_body_of_another_type_is_refused_with_the_type_to_send(client):
    answer = client.post("/v1/search", content=b'{"q": "a"}')
    assert "content-type: application/json" in problem(answer, 422)["detail"]
