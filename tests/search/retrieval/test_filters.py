"""Filters: damage on disk must not hide hits."""

import sqlite3
from contextlib import closing

import pytest

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.errors import BrokenIndexError
from nutgraf.search import Filters, Searcher


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE codes SET value = 'Z' WHERE value = 'X'",
        "UPDATE codes SET code = 2 WHERE field = 'source'",
    ],
)
def test_damaged_code_of_value_hides_no_hits(tmp_path, tiny_encoder, change):
    index = tmp_path / "news.index"
    create_index(index, model=str(tiny_encoder))
    with IndexWriter(index) as writer:
        writer.put(Article("a", "On ferries", ("The ferry left.",), source="X"))
    with Searcher(index) as searcher:
        assert searcher.search("ferry", mode="semantic", filters=Filters(source=("X",))).hits
        assert not searcher.search("ferry", mode="semantic", filters=Filters(source=("Y",))).hits
    with closing(sqlite3.connect(index / "catalog.sqlite")) as catalog:
        catalog.execute(change)
        catalog.commit()
    with Searcher(index) as searcher, pytest.raises(BrokenIndexError, match="code of source 'X'"):
        searcher.search("ferry", mode="semantic", filters=Filters(source=("X",)))
