"""Similar articles and paragraphs, without an encoder."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index
from nutgraf.search import Filters, RequestError, Searcher

CREAMERY = "business-creamery-collapse"


@pytest.fixture(scope="module")
def searcher(seeds_index):
    with Searcher(seeds_index, trust=True) as opened:
        yield opened


def names(response):
    return [hit.article.id for hit in response.hits]


def test_similar_articles_are_about_same_subject(searcher):
    found = searcher.similar(CREAMERY)
    assert names(found)[0] == f"{CREAMERY}-wire"
    assert found.query == CREAMERY
    assert found.mode == "semantic"
    assert found.snapshot == 1
    assert CREAMERY not in names(found)
    assert len(set(names(found))) == len(found.hits) == 10
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert [hit.rank for hit in found.hits] == list(range(1, 11))


def directions(snapshot, rows):
    """Return the embeddings of rows, scaled to length 1."""
    embeddings = snapshot.vectors.embeddings(rows)
    return embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-9)


def test_scores_are_cosines_to_mean_embedding_of_article(searcher, seeds_index):
    found = searcher.similar(CREAMERY, limit=3)
    with IndexSnapshot.open(seeds_index, trust=True) as snapshot:
        own = snapshot.article(CREAMERY)
        mean = snapshot.vectors.embeddings(np.array(own.rows)).mean(axis=0)
        mean /= np.linalg.norm(mean)
        for hit in found.hits:
            record = snapshot.article(hit.article.id)
            cosines = directions(snapshot, np.array(record.rows)) @ mean
            assert hit.paragraph.position == int(cosines.argmax())
            assert hit.score == pytest.approx(float(cosines.max()), abs=1e-3)


def test_similar_paragraphs_are_from_other_articles(searcher, seeds_index):
    found = searcher.similar(f"{CREAMERY}#2", limit=20)
    assert found.query == f"{CREAMERY}#2"
    assert CREAMERY not in names(found)
    with IndexSnapshot.open(seeds_index, trust=True) as snapshot:
        own = snapshot.article(CREAMERY).rows
        (embedding,) = directions(snapshot, np.array(own[2:3]))
        cosines = directions(snapshot, np.arange(snapshot.commit.rows)) @ embedding
        cosines[own.start : own.stop] = -1
        rows = [
            snapshot.article(hit.article.id).first_row + hit.paragraph.position
            for hit in found.hits
        ]
        assert cosines[rows].tolist() == pytest.approx(
            np.sort(cosines)[::-1][:20].tolist(), abs=1e-3
        )


def test_snippets_start_with_paragraph_and_have_no_highlights(searcher):
    for hit in searcher.similar(CREAMERY).hits:
        assert hit.snippet.highlights == ()
        assert hit.paragraph.text.startswith(hit.snippet.text.removesuffix("…"))


def test_filters_apply_and_leave_full_pages(searcher):
    found = searcher.similar(CREAMERY, limit=100, filters=Filters(language=("de",)))
    assert found.hits
    assert {hit.article.language for hit in found.hits} == {"de"}
    assert found.total.value == len(found.hits)
    assert found.total.relation == "eq"
    none = searcher.similar(CREAMERY, filters=Filters(article=(CREAMERY,)))
    assert none.hits == ()
    assert none.total.value == 0


def test_all_other_articles_can_be_returned(searcher):
    # 200 rows contain only some of the articles, so the ranking is read deeper.
    found = searcher.similar(CREAMERY, limit=100)
    assert len(found.hits) == searcher.statistics().articles - 1
    assert found.total.relation == "eq"


@pytest.mark.parametrize(
    "name", ["no-such-article", f"{CREAMERY}#999", f"{CREAMERY}#-1", f"{CREAMERY}#", "#0", "", "\0"]
)
def test_unknown_name_returns_none(searcher, name):
    assert searcher.similar(name) is None


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "3"}, "limit"),
        ({"limit": True}, "limit"),
        ({"filters": {"source": "X"}}, "filters"),
    ],
)
@pytest.mark.parametrize("name", [CREAMERY, "no-such-article"])
def test_invalid_arguments_are_reported_with_their_field(searcher, name, options, field):
    with pytest.raises(RequestError) as raised:
        searcher.similar(name, **options)
    assert raised.value.field == field


@pytest.fixture
def index(tmp_path, tiny_encoder):
    path = tmp_path / "news.index"
    create_index(path, model=str(tiny_encoder))
    with IndexWriter(path) as writer:
        writer.put(Article("sea/a#1", "Ferries", ("The ferry left.", "It came back.")))
        writer.put(Article("sea/a", "Ferries", ("The mast fell.", "The ferry left.")))
        writer.put(Article("copy", "Ferries", ("The ferry left.", "The mast fell.")))
        writer.put(Article("gone", "Ferries", ("The ferry left.",)))
    return path


def test_article_id_may_have_form_of_paragraph_id(index):
    with Searcher(index) as searcher:
        assert "sea/a#1" not in names(searcher.similar("sea/a#1"))  # the article of that id
        assert "sea/a" not in names(searcher.similar("sea/a#0"))  # a paragraph
        same = searcher.similar("copy#1").hits[0]
        assert (same.article.id, same.paragraph.position) == ("sea/a", 0)
        assert same.score == pytest.approx(1, abs=1e-3)


def test_deleted_and_replaced_articles_are_not_returned(index):
    with IndexWriter(index) as writer:
        writer.delete("gone")
        article = Article("copy", "Ferries", ("Nobody was hurt.",))
        writer.put(article)
    with Searcher(index) as searcher:
        assert searcher.similar("gone") is None
        found = searcher.similar("sea/a")
        assert sorted(names(found)) == ["copy", "sea/a#1"]
        assert {hit.paragraph.text for hit in found.hits if hit.article.id == "copy"} == {
            "Nobody was hurt."
        }
        with IndexWriter(index) as writer:
            writer.put(replace(article, paragraphs=("Nobody was hurt.", "The mast fell.")))
        searcher.refresh()
        assert searcher.similar("copy#1").hits[0].score == pytest.approx(1, abs=1e-3)


def test_long_article_does_not_fill_all_hits(tmp_path, tiny_encoder):
    index = tmp_path / "news.index"
    create_index(index, model=str(tiny_encoder))
    with IndexWriter(index) as writer:
        writer.put(Article("asked", "Asked", ("The ferry left.",)))
        writer.put(Article("long", "Long", ("The ferry left.",) * 900))
        for number in range(5):
            writer.put(Article(f"other{number}", "Other", (f"Quite another thing: {number}.",)))
    with Searcher(index) as searcher:
        found = searcher.similar("asked", limit=6)
        assert names(found)[0] == "long"
        assert len(found.hits) == 6


ALONE = """
import json, sys
from nutgraf.search import Searcher
with Searcher(sys.argv[1]) as searcher:
    hits = searcher.similar(sys.argv[2]).hits
print(json.dumps([len(hits), *(name for name in sys.modules if name in ("onnxruntime", "torch"))]))
"""


def test_no_encoder_is_opened(seeds_index):
    done = subprocess.run(
        [sys.executable, "-c", ALONE, seeds_index, CREAMERY], capture_output=True, check=True
    )
    assert json.loads(done.stdout) == [10]
