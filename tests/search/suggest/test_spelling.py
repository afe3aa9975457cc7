"""Spelling: the nearest known words replace unknown words, and signs are kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index
from nutgraf.search import Searcher
from nutgraf.search.query.builder import parse_question
from nutgraf.search.suggest import spelling
from tests.work import work_of


@pytest.fixture(scope="module")
def searcher(seeds_index: Path) -> Iterator[Searcher]:
    with Searcher(seeds_index, trust=True) as opened:
        yield opened


def correct_spelling(searcher: Searcher, q: str) -> str | None:
    return searcher.search(q, mode="keyword", limit=1).suggestion


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("why did the creemery go under", "why did the Creamery go under"),
        ("creamery detbs", "creamery debts"),
        ("CREEMERY DEBTS", "Creamery DEBTS"),
        ("adminstration of the creamrey", "administration of the Creamery"),
        ('"cooling towrs" -estate', '"cooling towers" -estate'),
        ("+beavver AND dam", "+beaver AND dam"),
        ("title:creemery", "title:Creamery"),
        ("ferrry, and who pays?", "ferry, and who pays?"),
    ],
)
def test_unknown_words_are_replaced_and_signs_are_kept(
    searcher: Searcher, q: str, expected: str
) -> None:
    found = correct_spelling(searcher, q)
    assert found is not None
    assert found.lower() == expected.lower()
    assert correct_spelling(searcher, found) is None


@pytest.mark.parametrize(
    "q",
    [
        "creamery debts",  # all known
        "flooded flooding floods",  # known in another form
        "creemery~",  # already a fuzzy word
        "creeme*",
        "beaver -creemery",  # excluded
        "source:creemery water",
        "author:'elis pargeter' water",
        "qqxxzzyy jjkkwwvv",  # near to nothing
        "creemery astronaut helium",  # its nearest word is in no paragraph with the others
        "23o4 c3eamery",  # digits
        "fie teh",  # too short
        "le fromage bleu coute tres cher aujourdhui madame",  # another language
        "?!",
    ],
)
def test_other_questions_are_not_corrected(searcher: Searcher, q: str) -> None:
    assert correct_spelling(searcher, q) is None


@pytest.mark.parametrize("mode", ["keyword", "hybrid", "semantic"])
def test_spelling_is_corrected_in_every_mode(searcher: Searcher, mode: str) -> None:
    found = searcher.search("creemery debts", mode=mode, limit=1).suggestion
    assert found == "Creamery debts"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40) | st.text("creamy dbts+-\"':~*", max_size=40))
def test_suggestion_differs_from_question(searcher: Searcher, q: str) -> None:
    if not q.strip() or "\0" in q:
        return
    assert correct_spelling(searcher, q) != q


def index_of(folder: Path, encoder: Path, *texts: str) -> Path:
    index = folder / "words.index"
    create_index(index, model=str(encoder))
    with IndexWriter(index) as writer:
        for at, text in enumerate(texts):
            writer.put(Article(f"a{at}", "Untitled", (text,)))
    return index


def test_nearest_then_most_frequent_word_is_suggested(tmp_path: Path, tiny_encoder: Path) -> None:
    texts = ["harbour", "harbour", "harbours", "barbour", "winters", "winner", "winner", "planet"]
    with Searcher(index_of(tmp_path, tiny_encoder, *texts)) as searcher:
        assert correct_spelling(searcher, "harbur") == "harbour"
        assert correct_spelling(searcher, "wimner") == "winner"
        assert correct_spelling(searcher, "wintners") == "winters"
        assert (
            correct_spelling(searcher, "wintner") == "winner"
        )  # 1 letter differs; for "winters", 2.


def test_word_with_another_first_letter_differs_in_one_letter(
    tmp_path: Path, tiny_encoder: Path
) -> None:
    with Searcher(index_of(tmp_path, tiny_encoder, "creamery", "planet")) as searcher:
        assert correct_spelling(searcher, "kreamery") == "creamery"
        assert correct_spelling(searcher, "kreamary") is None
        assert correct_spelling(searcher, "crimery") == "creamery"
        assert correct_spelling(searcher, "plnt") is None  # 2 of 5 letters differ.


def test_word_of_deleted_articles_is_not_suggested(tmp_path: Path, tiny_encoder: Path) -> None:
    index = index_of(tmp_path, tiny_encoder, "The verhaeghe planet.", "Another planet.")
    with Searcher(index) as searcher:
        assert correct_spelling(searcher, "verhaege planet") == "verhaeghe planet"
        with IndexWriter(index) as writer:
            writer.delete("a0")
        searcher.refresh()
        assert correct_spelling(searcher, "verhaege planet") is None
        assert correct_spelling(searcher, "verhaeghe planett") == "verhaeghe planet"


def test_work_for_spelling_grows_with_length_of_question(
    tmp_path: Path, tiny_encoder: Path
) -> None:
    with IndexSnapshot.open(index_of(tmp_path, tiny_encoder, "creamery debts")) as snapshot:
        question = parse_question("creamery debts", snapshot.multilingual_analyzer)
        short, long = ("creamery debts " * many for many in (100, 2_000))
        for q in (short, long):
            assert spelling.correct_spelling(snapshot, q, question) is None
        works = [
            work_of(lambda: spelling.correct_spelling(snapshot, q, question))  # noqa: B023
            for q in (short, long)
        ]
    assert works[1] < 25 * works[0]
