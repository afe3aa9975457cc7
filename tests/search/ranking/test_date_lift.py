"""Hits published at a date in plain words rank a little higher."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from hypothesis import given, strategies as st

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.ranking import NO_DATE
from nutgraf.search import Searcher
from nutgraf.search.ranking.date_lift import LIFT, lift
from nutgraf.search.response import Understood

OCTOBER = Understood("", 0, 0, {"published_from": "2019-10-01", "published_to": "2019-10-31"})
DAYS = [int(datetime(2019, 10, day, 12, tzinfo=UTC).timestamp()) for day in range(1, 32)]


def test_rows_of_the_date_are_lifted() -> None:
    published = np.array([NO_DATE, DAYS[0] - 86_400, DAYS[0], DAYS[30]])
    lifted = lift(np.array([0.8, 0.5, 0.5, 0.1]), published, (OCTOBER,))
    size = LIFT * 0.8 / 2
    assert np.allclose(lifted, [0.8, 0.5, 0.5 + size, 0.1 + size])


def test_names_and_other_dates_lift_nothing() -> None:
    scores = np.array([0.8, 0.5])
    name = Understood("", 0, 0, {"source": "BBC"})
    assert lift(scores, np.array([DAYS[0], NO_DATE]), (name,)) is scores
    assert lift(scores, np.array([0, NO_DATE]), (OCTOBER,)) is scores
    assert lift(scores[:0], np.array([], np.int64), (OCTOBER,)) is not None


@given(st.lists(st.tuples(st.floats(-1, 1), st.booleans()), max_size=20))
def test_lift_is_small_and_never_lowers(rows: list[tuple[float, bool]]) -> None:
    scores = np.array([score for score, _ in rows], np.float64)
    published = np.array([DAYS[3] if dated else 0 for _, dated in rows], np.int64)
    lifted = lift(scores, published, (OCTOBER,))
    assert np.all(lifted >= scores)
    assert np.all(lifted <= scores + LIFT)


def test_question_with_a_date_finds_the_story_of_that_date_first(
    tmp_path: Path, tiny_encoder: Path
) -> None:
    create_index(tmp_path / "news.index", model=str(tiny_encoder))
    with IndexWriter(tmp_path / "news.index") as writer:
        for month in ("2019-08", "2019-09", "2019-10", "2019-11"):
            text = "The crew of the ferry began a strike on Monday."
            writer.put(Article(month, "Ferry strike", (text,), published=f"{month}-04"))
    with Searcher(tmp_path / "news.index") as searcher:
        for mode in ("hybrid", "keyword", "semantic"):
            response = searcher.search("ferry strike in october 2019", mode=mode, min_score=0)
            assert response.hits[0].article.id == "2019-10"
            assert len(response.hits) == 4
