"""Spelling: unknown words are corrected, but not names that the index lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index
from nutgraf.search import RequestError, Searcher, SearchRequest
from nutgraf.search.cursor import read_cursor
from nutgraf.search.query.builder import parse_question
from nutgraf.search.suggest import spelling
from nutgraf.search.suggest.misspelling import typing_cost
from tests.work import work_of

SENTENCES = (
    "Kamala Harris spoke about the school in Fort Hollow, and about gay rights.",
    "The Queen visited the school; the children made a starter of the prize cow.",
    "An earthquake of magnitude 7 hit the harbour, and schools were closed.",
    "The harbour board receives money for each boat that the earthquake sank.",
    "What do they mean? They make a market of it, said Volodymyr Zelensky.",
    "Zelensky met the Queen in the harbour of Fort Hollow, where gay clubs are many.",
    "Gary Marrow and Maria Street mean to make peace, said Kamala Harris.",
    "The prime minister left the notebook in a lighthouse. Baby seals were near.",
    "The prime minister met Kamala Harris at the lighthouse of Fort Hollow.",
)
"""Each sentence is in 2 articles, so each word is."""


@pytest.fixture(scope="module")
def news(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Iterator[Searcher]:
    texts = [f"{text} {other}" for text in SENTENCES for other in ("Again.", "Once more.")]
    with Searcher(index_of(tmp_path_factory.mktemp("spelling"), tiny_encoder, *texts)) as opened:
        yield opened


@pytest.fixture(scope="module")
def searcher(seeds_index: Path) -> Iterator[Searcher]:
    with Searcher(seeds_index, trust=True) as opened:
        yield opened


def index_of(folder: Path, encoder: Path, *texts: str) -> Path:
    index = folder / "words.index"
    create_index(index, model=str(encoder))
    with IndexWriter(index) as writer:
        for at, text in enumerate(texts):
            writer.put(Article(f"a{at}", "Untitled", (text,)))
    return index


def correct_spelling(searcher: Searcher, q: str) -> str | None:
    return searcher.search(q, mode="keyword", limit=1, correct=False).suggestion


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("teh quenn", "the Queen"),
        ("earthquaek magnitued", "earthquake magnitude"),
        ("Kamala Haris", "Kamala Harris"),
        ("kamala haris", "kamala Harris"),
        ("Zelenskyy", "Zelensky"),
        ("ligthhouse", "lighthouse"),
        ("note book in the lighthouse", "notebook in the lighthouse"),
        ("the harbour of forthollow", "the harbour of Fort Hollow"),
    ],
)
def test_misspelled_words_are_corrected(news: Searcher, q: str, expected: str) -> None:
    assert correct_spelling(news, q) == expected
    assert correct_spelling(news, expected) is None


def test_word_with_a_space_is_found_among_longer_words(tmp_path: Path, tiny_encoder: Path) -> None:
    longer = "Electrons electronic electronics electronically electronica electronvolt"
    often = [f"{longer} electronvolts electronegative {at}" for at in range(8)]
    rare = [f"The mass of the electron {at}" for at in range(2)]
    with Searcher(index_of(tmp_path, tiny_encoder, *often, *rare)) as searcher:
        assert correct_spelling(searcher, "mass of the electr on") == "mass of the electron"


NAMES = (
    "Gaby Zamperoni", "Meghan Markle", "Keir Starmer", "Olaf Scholz", "Keanu Reeves", "Nadal",
    "Gaby", "Meghan", "Markle", "Starmer", "Scholz", "Reeves", "Scholz in the school",
    "Mario", "Streep", "Meryl Streep meets Kamala Harris",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_that_the_index_lacks_are_not_corrected(news: Searcher, name: str) -> None:
    for q in (name, name.lower()):
        found = news.search(q, limit=1)
        assert (found.suggestion, found.corrected) == (None, None)
        assert found.unknown


def test_word_with_capital_is_corrected_to_name_only(news: Searcher) -> None:
    assert correct_spelling(news, "the harbuor of Fort Hollow") == "the harbour of Fort Hollow"
    assert correct_spelling(news, "the Harbuor of Fort Hollow") is None
    assert correct_spelling(news, "the fort of Zelnesky") == "the fort of Zelensky"


def test_question_that_brings_nothing_is_answered_as_its_correction(news: Searcher) -> None:
    found = news.search("earthquaek magnitued", limit=1)
    assert (found.query, found.corrected) == ("earthquaek magnitued", "earthquake magnitude")
    assert (found.suggestion, found.unknown) == (None, ("earthquaek", "magnitued"))
    right = news.search("earthquake magnitude", limit=1)
    assert (found.hits, found.total) == (right.hits, right.total)
    own = news.search("earthquaek magnitued", limit=1, correct=False)
    assert (own.corrected, own.suggestion) == (None, "earthquake magnitude")


def test_cursor_continues_the_corrected_answer(news: Searcher) -> None:
    options = {"mode": "keyword", "limit": 1}
    right = [hit.id for hit in news.walk("kamala harris", **options)]
    assert len(right) > 2
    assert [hit.id for hit in news.walk("kamaal haris", **options)] == right
    first = news.search("kamaal haris", **options)
    second = news.search("kamaal haris", cursor=first.next, **options)
    assert (second.corrected, second.unknown) == (first.corrected, first.unknown)
    with pytest.raises(RequestError, match="another request"):
        news.search("Kamala Harris", cursor=first.next, **options)


def test_cursor_with_a_question_that_no_request_accepts_is_damaged(
    tmp_path: Path, tiny_encoder: Path
) -> None:
    request = SearchRequest("planet", mode="keyword")
    with IndexSnapshot.open(index_of(tmp_path, tiny_encoder, "A planet.")) as index:
        cursor = read_cursor(index, request, datetime.now(UTC))
        for wrong in ("x" * 2_001, "a\0b", ""):
            crafted = replace(cursor, corrected=wrong).encode(index, request)
            with pytest.raises(RequestError, match="is damaged"):
                read_cursor(index, replace(request, cursor=crafted), datetime.now(UTC))


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("why did the creemery go under", "why did the Creamery go under"),
        ("creamery detbs", "creamery debts"),
        ("CREEMERY DEBTS", "Creamery DEBTS"),
        ("adminstration of the creamrey", "administration of the Creamery"),
        ('"cooling towrs" -estate', '"cooling towers" -estate'),
        ("+beavver AND dam", "+beaver AND dam"),
        ("title:creamerry", "title:Creamery"),
        ("ferrry, and who pays?", "ferry, and who pays?"),
    ],
)
def test_signs_are_kept(searcher: Searcher, q: str, expected: str) -> None:
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
        "creamerry astronaut helium",  # other words are not known
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
    found = searcher.search("creemery debts", mode=mode, limit=1, correct=False).suggestion
    assert found == "Creamery debts"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40) | st.text("creamy dbts+-\"':~*", max_size=40))
def test_suggestion_differs_from_question(searcher: Searcher, q: str) -> None:
    if not q.strip() or "\0" in q:
        return
    assert correct_spelling(searcher, q) != q


def test_usual_errors_cost_less_than_others() -> None:
    for typed, meant in (
        ("zelenskyy", "zelensky"),  # twice
        ("haris", "harris"),  # once
        ("earthquaek", "earthquake"),  # wrong order
        ("quenn", "queen"),  # the wrong letter twice
        ("creemery", "creamery"),  # sound
        ("hospitsl", "hospital"),  # next key
        ("hospial", "hospital"),  # too few
    ):
        assert 0 < typing_cost(typed, meant) < 1.5
    for typed, meant in (("starmer", "starter"), ("scholz", "school"), ("nuclear", "unclear")):
        assert typing_cost(typed, meant) > 1.5
    assert typing_cost("same", "same") == 0


def test_word_of_deleted_articles_is_not_suggested(tmp_path: Path, tiny_encoder: Path) -> None:
    index = index_of(tmp_path, tiny_encoder, "The verhaeghe planet.", "Another planet.")
    with Searcher(index) as searcher:
        assert correct_spelling(searcher, "verhaegghe planet") == "verhaeghe planet"
        with IndexWriter(index) as writer:
            writer.delete("a0")
        searcher.refresh()
        assert correct_spelling(searcher, "verhaegghe planet") is None
        assert correct_spelling(searcher, "verhaegghe") is None


def test_work_for_spelling_grows_with_length_of_question(
    tmp_path: Path, tiny_encoder: Path
) -> None:
    with IndexSnapshot.open(index_of(tmp_path, tiny_encoder, "creamery debts")) as snapshot:
        question = parse_question("creamery debts", snapshot.multilingual_analyzer)
        short, long = ("creamery debts " * many for many in (100, 2_000))

        def correct(q: str) -> str | None:
            return spelling.correct_spelling(snapshot, q, question, ("cramery",))

        for q in (short, long):
            assert correct(q) is None
        works = [work_of(lambda: correct(q)) for q in (short, long)]  # noqa: B023
    assert works[1] < 25 * works[0]
