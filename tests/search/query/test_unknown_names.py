"""Names in a question that the index does not contain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index
from nutgraf.search.query.unknown_names import has_unknown_name


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
