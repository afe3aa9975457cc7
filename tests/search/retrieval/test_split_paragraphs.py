"""Conditions apply to the complete paragraph, though its parts are ranked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index
from nutgraf.search import Searcher, SearchRequest
from nutgraf.search.query.builder import read_question
from nutgraf.search.retrieval.queries import match_queries
from nutgraf.search.retrieval.rankings import retrieve

MODES = ("keyword", "semantic", "hybrid")
FILLING = tuple(f"The ferry called at pier {n} and took on salt." for n in range(60))
LONG = " ".join(
    (
        "The walrus came aboard.",
        *FILLING[:30],
        "Nets hung over the rail.",
        *FILLING[30:],
        "So did an ice-bound zebra.",
    )
)
SHORT = "A ferry carried one walrus to the pier."
OTHER = "Of zebras the ferry knew nothing."


@pytest.fixture(scope="module")
def index(engine, tmp_path_factory, tiny_encoder):
    index = tmp_path_factory.mktemp("wholes") / "x.index"
    create_index(index, model=str(tiny_encoder), keyword_engine=engine)
    with IndexWriter(index, trust=True) as writer:
        writer.put(Article("long", "On the river", (LONG,), source="Tide"))
        writer.put(Article("short", "On the river", (SHORT, OTHER), source="Ebb"))
    return index


@pytest.fixture(scope="module")
def searcher(index):
    with Searcher(index, trust=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def across(index):
    """The words on both sides of a cut."""
    with IndexSnapshot.open(index, trust=True) as snapshot:
        rows = snapshot.catalog.rows(range(snapshot.commit.rows))
    parts = [row.text for row in rows.values() if row.part]
    assert len(parts) > 2
    return parts[0].split()[-1].strip("."), parts[1].split()[0].strip(".")


def found(searcher, asked, mode="keyword"):
    answer = searcher.search(asked, mode=mode, group="paragraph", min_score=0, facets=("source",))
    ids = [hit.paragraph.id for hit in answer.hits]
    assert len(set(ids)) == len(ids)
    sources = {"Tide": sum(one.startswith("long") for one in ids)}
    sources["Ebb"] = len(ids) - sources["Tide"]
    counted = {one.value: one.count for one in answer.facets["source"]}
    assert counted == {source: count for source, count in sources.items() if count}
    return set(ids)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("ferry -zebra", {"short#0"}),
        ("ferry -walrus", {"short#1"}),
        ("ferry -zeb*", {"short#0"}),
        ("ferry NOT (walrus OR zebra)", set()),
        ("+walrus +zebra", {"long#0"}),
        ("walrus AND zebra", {"long#0"}),
        ("walr* AND z?bra", {"long#0"}),
        ("wolrus~ AND zebra", {"long#0"}),
        ("text:walrus text:zebra", {"long#0"}),
        ("walrus AND NOT zebra", {"short#0"}),
        ('"walrus came" "bound zebra"', {"long#0"}),
        ('ferry -"one walrus" +walrus', {"long#0"}),
        ("+walrus source:Tide", {"long#0"}),
        ("+river", {"long#0", "short#0", "short#1"}),
        ("+river -zebra", {"short#0"}),
        ("text:river", set()),
    ],
)
def test_conditions_apply_to_complete_paragraph(searcher, mode, asked, expected):
    assert found(searcher, asked, mode) == expected


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("form", ['"{} {}"', '"{} {}"~3', "{}-{}*"])
def test_a_phrase_is_found_across_a_cut(searcher, across, mode, form):
    assert found(searcher, form.format(*across), mode) >= {"long#0"}
    assert found(searcher, f'ferry -"{across[0]} {across[1]}"', mode) == {"short#0", "short#1"}


def test_parts_with_the_phrase_keep_their_scores(index):
    asked = '"nets hung" rail'
    with IndexSnapshot.open(index, trust=True) as snapshot:
        request = SearchRequest(asked, mode="keyword")
        question = read_question(snapshot, request)
        queries = match_queries(snapshot, request, question, None, datetime.now(UTC))
        ranking = retrieve(snapshot, question, queries).keyword
        alone = snapshot.keywords.rank(question.keywords, 100)
    kept = dict(zip(ranking.rows.tolist(), ranking.scores.tolist(), strict=True))
    assert [kept[row] for row in alone.rows.tolist()] == pytest.approx(alone.scores.tolist())
