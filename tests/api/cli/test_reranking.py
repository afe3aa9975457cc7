"""Reranking over HTTP and on the command line."""

import json
import shutil
from pathlib import Path

import pytest

from nutgraf.api.http.app import create_app
from nutgraf.index import set_reranker
from nutgraf.search import Searcher
from tests.api.cli.outputs import output_of
from tests.api.conftest import serving

JUDGED = Path(__file__).parents[3] / "seeds" / "judged.jsonl"
QUESTION = "who pays for flood defences along the river"


@pytest.fixture(scope="module")
def index(seeds_index, tiny_reranker, tmp_path_factory):
    copy = tmp_path_factory.mktemp("reranked") / "nutgraf.index"
    shutil.copytree(seeds_index, copy)
    set_reranker(copy, str(tiny_reranker))
    return copy


@pytest.fixture(scope="module")
def client(index):
    with Searcher(index) as searcher, serving(create_app(searcher)) as opened:
        yield opened


def test_rerank_is_the_same_by_query_and_by_body(client):
    for parameters, body in (
        ({"rerank": True}, True),
        ({"rerank": True, "rerank_depth": 7, "rerank_budget_ms": 9_000},
         {"depth": 7, "budget_ms": 9_000}),
        ({"rerank_depth": 7}, {"depth": 7}),
        ({"rerank": False}, False),
    ):  # fmt: skip
        asked = client.get("/v1/search", params={"q": QUESTION, "explain": True, **parameters})
        posted = client.post("/v1/search", json={"q": QUESTION, "explain": True, "rerank": body})
        assert asked.status_code == posted.status_code == 200, asked.text
        assert asked.json()["hits"] == posted.json()["hits"]
        assert asked.json()["reranked"] == posted.json()["reranked"]
        assert (asked.json()["reranked"] is None) == (body is False)
        if isinstance(body, dict):
            assert asked.json()["reranked"]["depth"] == 7
    assert client.get("/v1/search", params={"q": QUESTION}).json()["reranked"] is None


@pytest.mark.parametrize(
    ("parameters", "body", "field"),
    [
        ({"rerank_depth": 0}, {"rerank": {"depth": 0}}, "depth"),
        ({"rerank_depth": 101}, {"rerank": {"depth": 101}}, "depth"),
        ({"rerank_budget_ms": 10_001}, {"rerank": {"budget_ms": 10_001}}, "budget_ms"),
        ({"rerank": "false", "rerank_depth": 3}, {"rerank": "much"}, "rerank"),
        ({"rerank_depth": "deep"}, {"rerank": {"depth": "deep"}}, "depth"),
        ({"rerank": "much"}, {"rerank": {"width": 3}}, "rerank"),
    ],
)
def test_problem_names_invalid_rerank_field(client, parameters, body, field):
    for answer, spelling in (
        (client.get("/v1/search", params={"q": QUESTION, **parameters}), "rerank_"),
        (client.post("/v1/search", json={"q": QUESTION, **body}), "rerank."),
    ):
        assert answer.status_code == 422
        assert ("rerank_" if spelling == "rerank." else "rerank.") not in answer.text
        assert any(field in error["field"] for error in answer.json()["errors"]), answer.text


def test_rerank_without_reranker_is_a_user_error(seeds_index):
    with Searcher(seeds_index) as searcher, serving(create_app(searcher)) as client:
        answer = client.get("/v1/search", params={"q": QUESTION, "rerank": True})
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert error["field"] == "rerank"
        assert "nutgraf reranker NAME" in error["reason"]
        assert client.get("/v1/stats").json()["reranker"] is None


def test_command_line_reranks_if_index_has_a_reranker(run, index, seeds_index, tiny_reranker):
    def asked(*options, place=index):
        return json.loads(output_of(run("search", QUESTION, "-i", place, "--json", *options)))

    assert asked()["reranked"]["scored"] > 1
    assert asked("--rerank-depth", "3", "--rerank-budget-ms", "9000")["reranked"]["depth"] == 3
    assert asked("--no-rerank")["reranked"] is None
    assert asked(place=seeds_index)["reranked"] is None
    explained = output_of(run("search", QUESTION, "-i", index, "--explain"))
    assert "rerank rank 1 (logit " in explained
    whole = ("-n", "100", "--min-score", "0")
    assert "not reranked" in output_of(run("search", QUESTION, "-i", index, "--explain", *whole))
    assert "not reranked" not in output_of(run("search", QUESTION, "-i", seeds_index, "--explain"))
    refused = run("search", QUESTION, "-i", seeds_index, "--rerank")
    assert refused.returncode == 2
    assert b"nutgraf reranker NAME" in refused.stderr
    assert (
        run("search", QUESTION, "-i", index, "--no-rerank", "--rerank-depth", "3").returncode == 2
    )
    # A wrong index is still reported.
    assert b"there is no index" in run("search", QUESTION, "-i", "no.index").stderr


def test_reranker_is_set_and_removed(run, tmp_path, tiny_encoder, tiny_reranker):
    (tmp_path / "news.txt").write_text("A title\n\nThe harvest was good.\n", encoding="utf-8")
    output_of(run("index", "news.txt", "--model", tiny_encoder, "--reranker", tiny_reranker))
    assert json.loads(output_of(run("stats", "--json")))["reranker"] == tiny_reranker.name
    assert "A reranker would" not in output_of(run("stats"))
    assert output_of(run("reranker", "--remove")) == "nutgraf.index: now has no reranker\n"
    assert json.loads(output_of(run("stats", "--json")))["reranker"] is None
    found = json.loads(output_of(run("reranker", tiny_reranker, "--json")))
    assert found["reranker"]["max_tokens"] == 128
    again = run("index", "news.txt", "--reranker", tiny_reranker)
    assert again.returncode == 2
    assert b"'nutgraf reranker " in again.stderr
    for wrong in ((), ("--remove", tiny_reranker), ("no/such/model",)):
        assert run("reranker", *wrong).returncode == 2
    assert run("reranker", tiny_reranker, "-i", "no.index").returncode == 2


def test_evaluation_includes_reranking(run, index, tmp_path):
    some = tmp_path / "some.jsonl"
    lines = JUDGED.read_text(encoding="utf-8").splitlines()[::8]
    some.write_text("\n".join(lines), encoding="utf-8")
    found = json.loads(output_of(run("evaluate", some, "-i", index, "--json")))
    names = [system["name"] for system in found["systems"]]
    assert names == ["keyword", "semantic", "hybrid", "reranked"]
    both = ("rerank=true", "rerank=false")
    found = json.loads(output_of(run("evaluate", some, "-i", index, "--json", "--compare", *both)))
    first, second = (system["questions"] for system in found["systems"])
    assert [one["ranks"] for one in first] != [one["ranks"] for one in second]
