"""Drawn articles: the same each time, with means as embeddings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from corpus import LONGEST, PARAGRAPHS, SENTENCES, Material, draw_articles, split_articles
from corpus_embeddings import DrawnEmbeddings, KnownEmbeddings, real_embeddings

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index
from nutgraf.index.models.encoder import OnnxEncoder
from nutgraf.index.models.encoder.titled import TITLE_SHARE, TitledText

TOPICS = ("ferry", "creamery", "tower", "harvest", "strike")

REAL = [
    Article(
        topic,
        f"News of the {topic}",
        tuple(
            f"The {topic} had its trouble number {place}. Nobody saw the {topic} on day {place}."
            for place in range(4)
        ),
    )
    for topic in TOPICS
]


@pytest.fixture(scope="module")
def material() -> Material:
    return split_articles(REAL)


def test_sentences_and_titles_are_real(material: Material) -> None:
    assert material.titles == tuple(article.title for article in REAL)
    assert len(material.sentences) == 8 * len(TOPICS)
    assert all(
        material.sentences[number] in " ".join(article.paragraphs)
        for article, (_, numbers) in zip(REAL, material.articles, strict=True)
        for number in numbers
    )


def test_an_article_with_too_few_sentences_is_not_used() -> None:
    few = Article("few", "Few", ("One sentence that is long enough. And another one like it.",))
    assert split_articles([few]).articles == ()


def test_draws_are_the_same_each_time(material: Material) -> None:
    assert list(draw_articles(material, 100)) == list(draw_articles(material, 100))
    assert list(draw_articles(material, 100)) != list(draw_articles(material, 100, seed=7))


def test_a_small_corpus_begins_a_large_one(material: Material) -> None:
    small, large = (list(draw_articles(material, size)) for size in (60, 200))
    assert small[:-1] == large[: len(small) - 1]


@pytest.mark.parametrize("size", [1, 37, 500])
def test_drawn_articles_have_the_wanted_shape(material: Material, size: int) -> None:
    drawn = list(draw_articles(material, size))
    assert sum(len(each.article.paragraphs) for each in drawn) == size
    assert len({each.article.id for each in drawn}) == len(drawn)
    for each in drawn:
        assert len(each.article.paragraphs) == len(each.sentences) <= PARAGRAPHS[1]
        for text, numbers in zip(each.article.paragraphs, each.sentences, strict=True):
            assert SENTENCES[0] <= len(numbers) <= SENTENCES[1]
            assert text == " ".join(material.sentences[number] for number in numbers)
            assert len(text) <= LONGEST + SENTENCES[1]
    sources = [each.article.source for each in draw_articles(material, 5_000)]
    assert sources.count("Paper 0") > 3 * sources.count("Paper 20")


def test_an_embedding_is_the_mean_of_its_sentences_and_titles(material: Material) -> None:
    random = np.random.default_rng(1)

    def unit(rows: int) -> np.ndarray:
        found = random.normal(size=(rows, 8)).astype(np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    known = DrawnEmbeddings(unit(len(material.titles)), unit(len(material.sentences)))
    for drawn in draw_articles(material, 50):
        first, second = (known.titles[number] for number in drawn.titles)
        title = (first + second) / np.linalg.norm(first + second)
        found = known.of(drawn)
        assert found.shape == (len(drawn.sentences), 8)
        assert found.dtype == np.float32
        for row, numbers in zip(found, drawn.sentences, strict=True):
            text = sum(known.sentences[number] for number in numbers)
            text = text / np.linalg.norm(text)
            expected = (text + TITLE_SHARE * title) / (1 + TITLE_SHARE)
            np.testing.assert_allclose(row, expected, atol=1e-6)


def test_real_embeddings_are_those_of_an_index(tiny_encoder: Path, tmp_path: Path) -> None:
    short = Article("short", "A short one", ("Under the bridge", REAL[0].paragraphs[0], "He ran."))
    articles = [*REAL[:2], short]
    encoder = OnnxEncoder.open(tiny_encoder)
    expected = np.concatenate(list(real_embeddings(encoder, articles, tmp_path / "cache")))
    create_index(tmp_path / "news.index", model=str(tiny_encoder))
    with IndexWriter(tmp_path / "news.index") as writer:
        for article in articles:
            writer.put(article)
    with IndexSnapshot.open(tmp_path / "news.index") as snapshot:
        stored = snapshot.embeddings(np.arange(snapshot.row_count))
    np.testing.assert_allclose(stored, expected, atol=0.01)

    fields = [{"title": each.title, "paragraphs": each.paragraphs} for each in articles]
    known = KnownEmbeddings(fields, expected, encoder)
    third = TitledText(REAL[0].title, REAL[0].paragraphs[2])
    found = known.encode([third, TitledText(REAL[0].title, "A text that is nowhere else.")])
    np.testing.assert_array_equal(found[0], expected[2])
    assert known.encoded == 1
