"""Search over real articles.

The articles are not part of the project; without them, the tests are skipped.
"""

import json
import re
from itertools import count
from pathlib import Path

import pytest

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index
from nutgraf.index.sources import read_sources
from nutgraf.search import Filters, Searcher

DATA = Path(__file__).parents[2] / "shared" / "data"
ONE = DATA / "seed-article.txt"
MANY = DATA / "wikinews" / "articles.jsonl"

pytestmark = pytest.mark.skipif(
    not (ONE.exists() and MANY.exists()), reason="the real articles are missing"
)


CREDITS = {
    f"Fur_fans_flock_to_Toronto%27s_Furnal_Equinox_2019#{position}"
    for position in (*range(7, 11), *range(12, 20), *range(21, 29), 30, 31, 33, 34, *range(36, 41))
}
"""Paragraphs of MANY that contain only photo credits.

All excluded paragraphs of MANY were read by hand.
"""

NOTES = {
    "Living_with_HIV_during_COVID-19:_Wikinews_talks_to_HIV-positive_sex_workers_about_how_"
    "pandemic_has_effected_their_lives#0",
    "Wikinews_discusses_DRM_and_DMCA_with_Richard_Stallman_after_GitHub_re-enables_public_access_"
    "to_youtube-dl#0",
}
"""Notes from editor to editor, which are boilerplate too."""


@pytest.fixture(scope="module")
def index(tmp_path_factory, tiny_encoder):
    """An index of all articles. Its embeddings have no meaning."""
    return indexed(tmp_path_factory.mktemp("real") / "news.index", tiny_encoder, lambda _: True)


def indexed(index, encoder, wanted):
    """Index the articles for which `wanted` is true; return the folder."""
    create_index(index, model=str(encoder))
    with IndexWriter(index) as writer:
        for item in read_sources([str(ONE), str(MANY)]):
            assert isinstance(item, Article), item
            if wanted(item):
                writer.put(item)
    return index


@pytest.fixture(scope="module")
def searcher(index):
    with Searcher(index) as opened:
        yield opened


def test_few_ordinary_paragraphs_are_excluded(index):
    with IndexSnapshot.open(index) as snapshot:
        rows = snapshot.catalog.boilerplate_rows(snapshot.sequence)
        left_out = set(snapshot.names(rows).values())
        paragraphs = snapshot.commit.paragraphs
    of_one = {name for name in left_out if name.startswith(f"{ONE.stem}#")}
    assert len(of_one) == 2, "one invites to sign up, one names a source"
    boilerplate = CREDITS | NOTES
    assert 500 * len(left_out - of_one - boilerplate) <= paragraphs
    assert len(left_out & boilerplate) > 0.9 * len(boilerplate)


def test_all_articles_are_indexed(searcher):
    lines = MANY.read_text(encoding="utf-8").splitlines()
    assert searcher.statistics().articles == len(lines) + 1
    paragraphs = sum(len(json.loads(line)["paragraphs"]) for line in lines)
    assert searcher.statistics().paragraphs >= paragraphs


def test_paraphrased_question_finds_the_strike(tmp_path, encoder_folder):
    # Encoding all articles takes 30 s. These are those with a word of the question, and others.
    others = count()
    rivals = re.compile(r"soldiers|rockets|Makiivka")

    def wanted(article):
        return rivals.search(" ".join(article.paragraphs)) or next(others) % 20 == 0

    question = "how many soldiers died when the rockets hit the building"
    with Searcher(indexed(tmp_path / "some.index", encoder_folder, wanted)) as searcher:
        assert searcher.statistics().articles > 20
        hits = searcher.search(question, limit=10).hits
    # The title of its article is "UK pledge to help Kyiv"; another article is about a hit building.
    assert any("building housing Russian troops" in hit.paragraph.text for hit in hits[:3])
    assert any("Makiivka" in hit.paragraph.text for hit in hits)


def test_phrase_with_an_excluded_word(searcher):
    response = searcher.search('"anti-air missiles" -bakhmut', limit=100)
    assert response.hits
    for hit in response.hits:
        assert "anti-air missiles" in hit.paragraph.text.lower()
        assert "bakhmut" not in hit.paragraph.text.lower()


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("published:2020", {}),
        ("published:2020", {"sort": "oldest"}),
        ("", {"filters": Filters(where="published:2020")}),
        ("*", {"filters": Filters(published_from="2020", published_to="2020")}),
    ],
)
def test_walk_reaches_every_article_of_a_year(searcher, question, options):
    read = read_sources([str(MANY)])
    known = {item.id for item in read if (item.published or "").startswith("2020")}
    assert len(known) == 122
    first = searcher.search(question, group="article", facets=("published:year",), **options)
    walked = [hit.id for hit in searcher.walk(question, group="article", **options)]
    assert len(walked) == len(set(walked)) == first.total.value == 122
    assert set(walked) == known
    assert {one.value: one.count for one in first.facets["published:year"]}["2020"] == 122
