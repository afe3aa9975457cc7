"""What the keyword index is given of a paragraph, besides its words."""

import pytest

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.search import Searcher

SHORT = "Otters were seen."
LONG = "Otters were seen again by the lake, among " + ", ".join(f"thing {n}" for n in range(60))


@pytest.fixture(scope="module", params=["tantivy", "whoosh"])
def searcher(request, tmp_path_factory, tiny_encoder):
    index = tmp_path_factory.mktemp("entries") / "x.index"
    create_index(index, model=str(tiny_encoder), keyword_engine=request.param)
    with IndexWriter(index, trust=True) as writer:
        writer.put(Article("a", "On the river", (SHORT, LONG, "Nothing of the sort.")))
    with Searcher(index, trust=True) as opened:
        yield opened


def test_a_long_paragraph_is_not_far_behind_a_short_one(searcher):
    short, long = searcher.search("otters", mode="keyword", explain=True).hits
    assert (short.text, long.text) == (SHORT, LONG)
    # By BM25 with a b of .75 and 3, 128 and 4 words it would be 0.35 of it.
    assert long.explain.keyword.score > 0.5 * short.explain.keyword.score


@pytest.mark.parametrize("pattern", ["????????", "?????????", "*\ue000*x", "zz*"])
def test_what_fills_up_is_no_word(searcher, pattern):
    assert searcher.search(pattern, mode="keyword").total.value == 0
