"""Lead: the bonus for the first paragraphs of an article."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index
from nutgraf.index.errors import UserError
from nutgraf.search import RequestError, Searcher
from nutgraf.search.ranking.lead import lead_bonus
from nutgraf.search.response import Response

SAME = "The ferry strike began."


def make(path: Path, encoder: Path, **options: float) -> Path:
    create_index(path, model=str(encoder), **options)
    with IndexWriter(path) as writer:
        writer.put(Article("a", "Harbour", ("It rained.", SAME, "Nobody came.", SAME)))
        writer.put(Article("b", "Harbour", (SAME, "It rained.")))
    return path


def places(response: Response) -> list[tuple[str, int]]:
    return [(hit.article.id, hit.paragraph.position) for hit in response][:3]


def test_bonus_halves_with_each_row() -> None:
    assert lead_bonus(np.array([0, 1, 3]), 0.08).tolist() == [0.08, 0.04, 0.01]


def test_rows_know_their_place_in_the_article(tmp_path: Path, tiny_encoder: Path) -> None:
    with IndexSnapshot.open(make(tmp_path / "i", tiny_encoder)) as snapshot:
        assert snapshot.places(np.arange(6)).tolist() == [0, 1, 2, 3, 0, 1]
        assert snapshot.places(np.array([5, 3])).tolist() == [1, 3]


def test_first_paragraph_ranks_before_equal_ones(tmp_path: Path, tiny_encoder: Path) -> None:
    with Searcher(make(tmp_path / "i", tiny_encoder)) as searcher:
        assert places(searcher.search(SAME)) == [("b", 0), ("a", 1), ("a", 3)]
        assert places(searcher.search(SAME, lead=0)) == [("a", 1), ("a", 3), ("b", 0)]
        # A year asks for a fact, which can be anywhere.
        assert places(searcher.search(f"{SAME} 1987", min_score=0)) == [
            ("a", 1),
            ("a", 3),
            ("b", 0),
        ]
        with pytest.raises(RequestError, match="lead"):
            searcher.search(SAME, lead=1.5)


def test_lead_is_a_property_of_the_index(tmp_path: Path, tiny_encoder: Path) -> None:
    with Searcher(make(tmp_path / "none", tiny_encoder, lead=0)) as searcher:
        assert places(searcher.search(SAME)) == [("a", 1), ("a", 3), ("b", 0)]
        assert places(searcher.search(SAME, lead=0.03)) == [("b", 0), ("a", 1), ("a", 3)]
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(UserError, match="give a number from 0 to 1"):
            create_index(tmp_path / "wrong", model=str(tiny_encoder), lead=wrong)
