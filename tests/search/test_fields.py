"""Fields with several values, summaries and `extra`, from writing to hits."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index, verify_index
from nutgraf.index.maintenance.backup import back_up_index
from nutgraf.index.maintenance.rebuild import compact_index, reindex
from nutgraf.search import Filters, Searcher

QUAY = Article(
    "quay",
    "Quay closes",
    ("The quay closes.", "Ships wait."),
    summary="No harbour until May.",
    image="https://example.org/quay.jpg",
    sections=("News", "Sea"),
    tags=("trade", "Big ships"),
    byline=("Ann Lee", "Bo Poe"),
    author="By Ann Lee and Bo Poe",
    extra={"topic": "economy", "words": 300, "deep": {"a": [1, None]}},
)
MAST = Article("mast", "Mast falls", ("The mast fell.",), sections="Sea", tags="trade")
RAIN = Article("rain", "Rain falls", ("It rained.",), section="News", author="Ann Lee")
OLD = Article("old", "Old news", ("Nothing.", "Nobody."), tags=("gone", "trade"))


@pytest.fixture(scope="module")
def made(engine, tmp_path_factory, tiny_encoder):
    """An index of 2 commits, with a replaced and a deleted article."""
    index = tmp_path_factory.mktemp("fields") / "news.index"
    create_index(index, model=str(tiny_encoder), keyword_engine=engine)
    with IndexWriter(index, trust=True) as writer:
        for one in (OLD, replace(QUAY, tags=("first",)), MAST):
            writer.put(one)
    with IndexWriter(index, trust=True) as writer:
        writer.delete("old")
        assert writer.put(MAST) == "unchanged"
        assert writer.put(QUAY) == "updated"
        writer.put(RAIN)
    return index


@pytest.fixture(scope="module")
def searcher(made):
    with Searcher(made, trust=True) as opened:
        yield opened


def ids(searcher, *asked, **options):
    return {hit.article.id for hit in searcher.search(*asked, limit=50, **options).hits}


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("tag:trade", {"quay", "mast"}),
        ("tag:ships", {"quay"}),
        ('tag:"big ships"', {"quay"}),
        ("+tag:trade +tag:ships", {"quay"}),
        ("tag:gone OR tag:first", set()),
        ("section:sea", {"quay", "mast"}),
        ("section:news -section:sea", {"rain"}),
        ('author:"ann lee"', {"quay", "rain"}),
        ("author:poe", {"quay"}),
        ("summary:harbour", {"quay"}),
        ('summary:"until may"', {"quay"}),
        ("harbour", {"quay"}),
    ],
)
def test_each_value_is_found(searcher, question, found):
    assert ids(searcher, question, mode="keyword") == found


@pytest.mark.both_engines
@pytest.mark.parametrize("mode", ["keyword", "semantic", "hybrid"])
def test_filters_and_facets_use_each_value(searcher, mode):
    def asked(**filters):
        return ids(searcher, "the", mode=mode, min_score=0, filters=Filters(**filters))

    assert asked(tag="Big ships") <= {"quay"}
    if mode != "keyword":
        assert asked(tag="trade") == {"quay", "mast"}
        assert asked(section="News", tag=["trade", "none"]) == {"quay"}
        assert asked(author="Ann Lee") == {"quay", "rain"}
        assert asked(author="By Ann Lee and Bo Poe") == set()
    facets = ("tag", "section", "author")
    for group, counts in (("paragraph", (2, 1)), ("article", (1, 1))):
        found = searcher.search(
            "tag:trade OR section:news", mode=mode, facets=facets, group=group, min_score=0
        )
        several, single = counts
        tags = {one.value: one.count for one in found.facets["tag"]}
        assert tags == {"Big ships": several, "trade": several + 1}
        sections = {one.value: one.count for one in found.facets["section"]}
        assert sections == {"News": several + single, "Sea": several + single}
        authors = {one.value: one.count for one in found.facets["author"]}
        assert authors == {"Ann Lee": several + single, "Bo Poe": several}


def test_fields_are_shown(searcher):
    hit = searcher.search("tag:trade quay", mode="keyword").hits[0]
    view = searcher.article("quay")
    for shown in (hit.article, view):
        assert (shown.sections, shown.tags) == (QUAY.sections, QUAY.tags)
        assert (shown.byline, shown.author) == (QUAY.byline, QUAY.author)
        assert (shown.summary, shown.image, shown.extra) == (QUAY.summary, QUAY.image, QUAY.extra)
    for fields in (hit.to_dict()["article"], view.to_dict()):
        assert fields["sections"] == ["News", "Sea"]
        assert fields["tags"] == ["trade", "Big ships"]
        assert json.loads(json.dumps(fields)) == fields
        assert list(fields["extra"]) == ["topic", "words", "deep"]
    rain = searcher.article("rain").to_dict()
    assert (rain["sections"], rain["byline"], rain["tags"]) == (["News"], ["Ann Lee"], [])
    assert (rain["summary"], rain["extra"]) == (None, None)


@pytest.mark.both_engines
def test_fields_survive_compaction_backup_and_a_change_of_model(made, tmp_path, encoder_folder):
    copy = tmp_path / "copy.index"
    back_up_index(made, copy)
    assert compact_index(copy).dropped_rows == 0
    reindex(copy, str(encoder_folder))
    for index in (made, copy):
        found = verify_index(index, trust=True)
        assert found.clean, found.findings
        with IndexWriter(index, trust=True) as writer:
            for one in (QUAY, MAST, RAIN):
                assert writer.put(one) == "unchanged"
        with Searcher(index, trust=True) as searcher:
            assert searcher.article("quay").extra == QUAY.extra
            assert ids(searcher, "tag:ships", mode="keyword") == {"quay"}
    with IndexSnapshot.open(copy, trust=True) as snapshot:
        rows = np.arange(snapshot.commit.rows)
        assert len(snapshot.columns.codes("tag").pairs(rows)[0]) == 2 * 2 + 1
