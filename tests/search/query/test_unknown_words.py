"""Unknown words: the words of a question that no text and no title contains."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index
from nutgraf.search import Searcher
from nutgraf.search.query.unknown_words import has_unknown_name


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Iterator[Searcher]:
    index = tmp_path_factory.mktemp("unknown") / "words.index"
    create_index(index, model=str(tiny_encoder))
    with IndexWriter(index) as writer:
        writer.put(Article("a", "Floods in Port Aldane", ("The river rose.",), source="Ledger"))
        writer.put(Article("b", "Die Brücke", ("Die Häuser am Fluss.",), language="de"))
        writer.put(Article("c", "大阪", ("東京の天気",), language="ja"))
    with Searcher(index) as opened:
        yield opened


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("Keanu Reeves", ("Keanu", "Reeves")),
        ("what did Keanu see at the river", ("Keanu", "see")),
        ("flooding rivers", ()),  # other forms
        ("ALDANE", ()),  # in a title
        ("Haus Keanu", ("Keanu",)),  # in any language
        ("keanu Keanu river", ("keanu",)),
        ('"Keanu Reeves" river', ("Keanu", "Reeves")),
        ("+keanu river", ("keanu",)),
        ("title:keanu", ("keanu",)),
        ("river -keanu", ()),
        ("keanu* river", ()),
        ("keanu~ river", ()),
        ("river source:keanu", ()),
        ("river 5667", ("5667",)),
        ("river published:1931", ()),
        ("river in 1931", ()),  # understood as a date
        ("river ledger", ()),  # understood as a source
        ("who is the", ()),  # only stop words
        ("東京の海", ()),  # pairs of characters are no words
        ("", ()),
        ("source:keanu", ()),
        ("?!", ()),
    ],
)
def test_words_that_no_article_contains_are_unknown(
    searcher: Searcher, q: str, expected: tuple[str, ...]
) -> None:
    assert searcher.search(q, correct=False).unknown == expected


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Iterator[IndexSnapshot]:
    path = tmp_path_factory.mktemp("names") / "news.index"
    create_index(path, model=str(tiny_encoder))
    with IndexWriter(path) as writer:
        writer.put(Article("a", "Zelensky and Lukashenko in Kyiv", ("A Naval plane landed.",)))
    with IndexSnapshot.open(path) as snapshot:
        yield snapshot


@pytest.mark.parametrize(
    ("question", "unknown", "expected"),
    [
        ("Keanu Reeves", ["Keanu", "Reeves"], True),
        ("a film with Keanu", ["film", "Keanu"], True),
        ("iPhone sales", ["iPhone", "sales"], True),
        ("the otters of the weir", ["otters", "weir"], False),
        ("Zelenskyy speaks", ["Zelenskyy"], False),
        ("Lukashenka", ["Lukashenka"], False),
        ("Nadal", ["Nadal"], True),  # Not a spelling of Naval.
        ("Kyev", ["Kyev"], True),  # Too short to be taken for a spelling of Kyiv.
        ("Otters Seen Near The Weir", ["Otters", "Weir"], False),
        ("OTTERS SEEN NEAR THE WEIR", ["OTTERS"], False),
        ("Keanu Reeves", [], False),
    ],
)
def test_names_are_words_with_a_capital(
    index: IndexSnapshot, question: str, unknown: list[str], *, expected: bool
) -> None:
    assert has_unknown_name(index, question, unknown) is expected


def test_without_suggestions_each_spelling_is_unknown(tmp_path: Path, tiny_encoder: Path) -> None:
    path = tmp_path / "news.index"
    create_index(path, model=str(tiny_encoder))
    with IndexWriter(path) as writer:
        writer.put(Article("a", "Zelensky and Lukashenko in Kyiv", ("A Naval plane landed.",)))
    (path / "suggestions.sqlite").unlink()
    with IndexSnapshot.open(path) as snapshot:
        assert has_unknown_name(snapshot, "Zelenskyy speaks", ["Zelenskyy"])
