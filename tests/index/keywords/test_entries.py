"""The entries of paragraphs: fillers, and the words of a paragraph in parts."""

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.analysis.analyzer import Analyzers
from nutgraf.index.catalog.records import Record
from nutgraf.index.catalog.rows import Row
from nutgraf.index.keywords.entries import entries_of
from nutgraf.search import Searcher

SHORT = "Otters were seen."
LONG = "Otters were seen again by the lake, among " + ", ".join(f"thing {n}" for n in range(60))


@pytest.fixture(scope="module")
def searcher(engine, tmp_path_factory, tiny_encoder):
    index = tmp_path_factory.mktemp("entries") / "x.index"
    create_index(index, model=str(tiny_encoder), keyword_engine=engine)
    with IndexWriter(index, trust=True) as writer:
        writer.put(Article("a", "On the river", (SHORT, LONG, "Nothing of the sort.")))
    with Searcher(index, trust=True) as opened:
        yield opened


def test_long_paragraph_scores_at_least_half_of_a_short_one(searcher):
    short, long = searcher.search("otters", mode="keyword", explain=True).hits
    assert (short.paragraph.text, long.paragraph.text) == (SHORT, LONG)
    # BM25 with a b of 0.75 and texts of 3, 128 and 4 words would score it 0.35 of the short one.
    assert long.explain.keyword.score > 0.5 * short.explain.keyword.score


@pytest.mark.parametrize("pattern", ["????????", "?????????", "*\ue000*x", "zz*"])
def test_pattern_does_not_match_fillers(searcher, pattern):
    assert searcher.search(pattern, mode="keyword").total.value == 0


PIECES = [" ", " ", "\n", "a", "U.S.", "3.5", "don't", "'", "C++", "\xe9", "e\u0301", "\u0301"]
PIECES += ["猫", "東", "。", "\ufdfa"]


@given(text=st.lists(st.sampled_from(PIECES), max_size=30).map("".join), data=st.data())
def test_each_part_has_all_words_of_its_paragraph(text, data):
    places = data.draw(st.lists(st.integers(0, len(text)), max_size=3).map(sorted))
    parts = [text[start:end] for start, end in pairwise([0, *places, len(text)])]
    rows = {0: Row(0, 0, 0, text)} | {at: Row(1, at, 0, part) for at, part in enumerate(parts, 1)}
    analyzers = Analyzers("en")
    whole, *others = entries_of(RECORD, rows, analyzers)
    assert not whole.whole
    words = analyzers.default.terms(text) if len(parts) > 1 else []
    assert all(one.terms("whole") == words for one in others)


RECORD = Record(id="a", title="On", number=1, digest=b"", first_row=0, row_count=1, paragraphs=1)


def test_field_with_fillers_only_holds_nothing():
    (entry,) = entries_of(RECORD, {0: Row(0, 0, 0, "It rained.")}, Analyzers("en"))
    assert entry.summary
    held = [name for name in ("text", "title", "summary", "article") if entry.holds(name)]
    assert held == ["text", "title", "article"]
