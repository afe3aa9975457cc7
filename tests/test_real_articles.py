"""Real articles, where they are at hand: not part of the project, and not needed by the suite."""

import json
from pathlib import Path

import pytest

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.sources import read_sources
from nutgraf.search import Searcher

DATA = Path(__file__).parents[2] / "shared" / "data"
ONE = DATA / "seed-article.txt"
MANY = DATA / "wikinews" / "articles.jsonl"

pytestmark = pytest.mark.skipif(
    not (ONE.exists() and MANY.exists()), reason="the real articles are not at hand"
)


@pytest.fixture(scope="module")
def searcher(tmp_path_factory, encoder_folder):
    index = tmp_path_factory.mktemp("real") / "news.index"
    create_index(index, model=str(encoder_folder))
    with IndexWriter(index) as writer:
        for item in read_sources([str(ONE), str(MANY)]):
            assert isinstance(item, Article), item
            writer.put(item)
    with Searcher(index) as opened:
        yield opened


def test_all_are_taken(searcher):
    lines = MANY.read_text(encoding="utf-8").splitlines()
    assert searcher.statistics().articles == len(lines) + 1
    paragraphs = sum(len(json.loads(line)["paragraphs"]) for line in lines)
    assert searcher.statistics().paragraphs >= paragraphs


def test_a_question_in_other_words_finds_the_strike(searcher):
    question = "how many soldiers died when the rockets hit the building"
    hits = searcher.search(question, limit=5).hits
    # Its article is called "UK pledge to help Kyiv"; another is about a building that was hit.
    assert any("building housing Russian troops" in hit.text for hit in hits[:3])
    assert any("Makiivka" in hit.text for hit in hits)


def test_a_phrase_without_a_word(searcher):
    response = searcher.search('"anti-air missiles" -bakhmut', limit=100)
    assert response.hits
    for hit in response.hits:
        assert "anti-air missiles" in hit.text.lower()
        assert "bakhmut" not in hit.text.lower()
