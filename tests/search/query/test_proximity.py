"""Proximity: pairs of neighbours in a question that are close in a paragraph."""

from collections import defaultdict

import pytest
from whoosh import query as wq

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.analysis.analyzer import Analyzer
from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.search import Searcher
from nutgraf.search.query.builder import parse_question
from nutgraf.search.query.proximity import MAX_PAIRS, close_pairs

ANALYZER = MultilingualAnalyzer([Analyzer("en")])


ALIKE = defaultdict(lambda: 1.0)
"""Weights of terms, all equal."""


def pairs_of(text, weights=ALIKE):
    query = close_pairs(parse_question(text, ANALYZER), weights)
    return set() if query is None else {tuple(one.subqueries[0].words) for one in query.subqueries}


def test_stop_words_between_neighbours_are_ignored():
    assert pairs_of("the cost of the bridge") == {("cost", "bridg")}
    assert pairs_of("bridge") == set()
    assert pairs_of("") == set()


def test_words_of_a_phrase_make_no_pair():
    assert pairs_of('"bridge cost"') == set()
    assert pairs_of('mayor "bridge cost"') == {("mayor", "bridg")}


def test_only_pairs_of_rarest_words_are_searched():
    rare = {"a1": 1.0, "b2": 5.0, "c3": 9.0, "d4": 2.0, "e5": 7.0, "f6": 8.0}
    found = pairs_of("a1 b2 c3 d4 e5 f6", weights=rare)
    assert found == {("b2", "c3"), ("c3", "d4"), ("e5", "f6")}
    assert len(found) == MAX_PAIRS


def test_pairs_are_searched_in_each_text_field():
    query = close_pairs(parse_question("bridge cost", ANALYZER), ALIKE)
    assert isinstance(query, wq.Or)
    assert [phrase.fieldname for phrase in query.subqueries[0].subqueries] == [
        *("text", "title", "summary")
    ]


@pytest.mark.both_engines
def test_paragraph_with_close_words_ranks_first(engine, tmp_path, tiny_encoder):
    apart = "The bridge is old. Nobody knows who built it, or when, or at what a cost."
    close = "The old bridge, at what a cost. Nobody knows who built it, or is to, or when."
    create_index(tmp_path / "x", model=str(tiny_encoder), keyword_engine=engine)
    with IndexWriter(tmp_path / "x", trust=True) as writer:
        writer.put(Article("a", "On rivers", (apart, close, "Nothing.")))
    with Searcher(tmp_path / "x", trust=True) as searcher:
        hits = searcher.search("cost bridge", mode="keyword").hits
        assert [hit.paragraph.position for hit in hits] == [0, 1], (
            "in this order they are close in neither"
        )
        hits = searcher.search("bridge cost", mode="keyword").hits
        assert [hit.paragraph.position for hit in hits] == [1, 0]
        assert hits[0].score > hits[1].score
