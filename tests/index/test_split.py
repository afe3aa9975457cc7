"""Rows: parts of long paragraphs, and short paragraphs with a neighbour."""

import re
import unicodedata

import pytest
from hypothesis import given, strategies as st

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index
from nutgraf.index.catalog.rows import Row, whole_texts
from nutgraf.index.models.encoder import EncoderConfig
from nutgraf.index.models.encoder.token_counts import TokenCounter
from nutgraf.index.split import contexts_of, rows_of
from nutgraf.search import Searcher

SENTENCE = "The ferry left the harbour at dawn and nobody was on it. "


class Words:
    """A tokenizer with one token per word and a limit of 6 tokens."""

    limit = 6

    def fits(self, text):
        return len(text) <= self.limit

    def starts(self, text):
        return [match.start() for match in re.finditer(r"\S+", text)]


class Signs(Words):
    """A tokenizer with one token per character, including white space."""

    def starts(self, text):
        return list(range(len(text)))


def texts(paragraph, tokens=None, language="en"):
    return [row.text for row in rows_of([paragraph], tokens or Words(), language)]


def test_paragraph_that_fits_is_one_row():
    assert rows_of(["One two.", "A b c d e f."], Words(), "en") == (
        Row(0, 0, 0, "One two."),
        Row(1, 0, 0, "A b c d e f."),
    )


def test_long_paragraph_is_cut_between_sentences():
    found = rows_of(["Short.", "One two three. Four five six seven. Eight nine."], Words(), "en")
    assert found[1:] == (
        Row(1, 1, 0, "One two three. "),
        Row(1, 2, 15, "Four five six seven. Eight nine."),
    )


def test_long_sentence_is_cut_between_words_into_equal_parts():
    assert texts("a b c d e f g h") == ["a b c d ", "e f g h"]
    assert texts("a b c d e f g h i j k l m") == ["a b c d e ", "f g h i ", "j k l m"]


def test_long_word_is_cut():
    assert texts("x" * 14, Signs()) == ["xxxxx", "xxxxx", "xxxx"]


def test_sentence_ends_depend_on_the_language():
    assert texts("港口关闭了。渡轮停运。", Signs(), "zh") == ["港口关闭了。", "渡轮停运。"]


@given(
    st.lists(st.text(st.sampled_from("ab. \n\t!é港。A\u00a0"), max_size=60), max_size=4),
    st.sampled_from([Words(), Signs()]),
)
def test_parts_fit_and_join_to_the_paragraph(paragraphs, tokens):
    rows = rows_of(paragraphs, tokens, "en")
    assert whole_texts(rows) == tuple(paragraphs)
    for row in rows:
        assert paragraphs[row.position][row.start :].startswith(row.text)
        assert len(tokens.starts(row.text)) <= tokens.limit
    for position in range(len(paragraphs)):
        parts = [row.part for row in rows if row.position == position]
        assert parts in ([0], list(range(1, len(parts) + 1)))


def read(*paragraphs):
    rows = [Row(at, 0, 0, text) for at, text in enumerate(paragraphs)]
    return [context.text for context in contexts_of("Title", rows)]


def test_short_row_is_encoded_with_a_neighbour():
    said = "“We were never asked about it,” a deckhand said on Monday."
    assert read("Ferries", said, "She left.", "Ann Reed, deckhand") == [
        f"Ferries {said}",
        said,
        f"{said} She left.",
        "She left. Ann Reed, deckhand",
    ]
    assert read("Ferries") == ["Ferries"]


def test_encoded_text_is_nfc_with_single_spaces():
    decomposed = unicodedata.normalize("NFD", "Une  île\u00a0près\nde la côte, où rien ne pousse.")
    assert read(decomposed) == ["Une île près de la côte, où rien ne pousse."]
    (context,) = contexts_of("L’e\u0301te\u0301", [Row(0, 0, 0, decomposed)])
    assert context.title == "L’été"


@pytest.fixture(scope="module")
def tokens(tiny_encoder):
    return TokenCounter(tiny_encoder, EncoderConfig.read(tiny_encoder))


def test_token_counter_matches_the_encoder(tokens):
    assert tokens.limit == 254  # 256 less 2 special tokens.
    assert tokens.starts("The mill, zq.") == [0, 4, 8, 10, 11, 12]
    assert tokens.fits(SENTENCE)
    assert not tokens.fits(SENTENCE * 40)


@given(st.text(max_size=300))
def test_fits_is_true_only_within_the_limit(tokens, text):
    if tokens.fits(text):
        assert len(tokens.starts(text)) <= tokens.limit


@given(st.lists(st.sampled_from(["a", "zq", "mill", "é", "don't", "x9-y"]), max_size=260))
def test_fits_agrees_with_counting_single_words(tokens, words):
    counted = sum(len(tokens.starts(f" {word}")) for word in words)
    assert tokens.fits(" ".join(words)) == (counted <= tokens.limit)


@pytest.fixture(scope="module")
def searcher(tmp_path_factory, tiny_encoder):
    """Two articles. One has a paragraph in parts, with one of WORDS in each."""
    index = tmp_path_factory.mktemp("rows") / "news.index"
    create_index(index, model=str(tiny_encoder))
    long = "".join(f"{SENTENCE * 3}Then came the {name}. " for name in WORDS)
    with IndexWriter(index) as writer:
        writer.put(Article("a", "Ferry", ("The mill burned.", long + "\n  The end.", "It rained.")))
        writer.put(Article("b", "Bread", ("Bread was dear.", "The alder fell.")))
    with IndexSnapshot.open(index) as snapshot:
        parts = [row.part for row in snapshot.catalog.rows(range(snapshot.commit.rows)).values()]
    assert max(parts) > 1
    with Searcher(index) as opened:
        yield opened


WORDS = ("alder", "birch", "cedar", "damson", "elder", "fir", "gorse", "hazel")


def test_parts_of_a_paragraph_are_one_hit(searcher):
    found = searcher.search("ferry", mode="keyword", min_score=0, facets=("language",))
    assert [hit.article.id for hit in found.hits if hit.paragraph.position == 1] == ["a"]
    assert found.total.value == 3  # The title has the word, so all 3 paragraphs match.
    assert sum(one.count for one in found.facets["language"]) == 3
    by_article = searcher.search("ferry alder", mode="keyword", group="article", min_score=0)
    (first,) = [hit for hit in by_article.hits if hit.article.id == "a"]
    assert sorted(one.paragraph.position for one in first.more) == [0, 2]


@pytest.mark.parametrize("word", WORDS)
def test_snippet_offsets_refer_to_the_complete_paragraph(searcher, word):
    (hit,) = [
        hit
        for hit in searcher.search(f"+{word}", mode="keyword", min_score=0).hits
        if hit.article.id == "a"
    ]
    (_, text, _) = (paragraph.text for paragraph in searcher.article("a").paragraphs)
    assert hit.paragraph.text == text
    assert hit.paragraph.part
    snippet = hit.snippet
    assert snippet.text.strip("…") == text[snippet.start : snippet.end]
    assert word in snippet.text
    assert snippet.text.startswith("…") == (snippet.start > 0)
    assert snippet.text.endswith("…") == (snippet.end < len(text))
    assert hit.to_dict()["paragraph"] == {"id": "a#1", "position": 1, "part": hit.paragraph.part}


def test_similar_uses_all_parts_of_a_paragraph(searcher):
    assert searcher.similar("a#1").hits[0].article.id == "b"
    found = searcher.similar("b#0").hits
    assert sorted(hit.paragraph.position for hit in found) == [0, 1, 2]
    assert {hit.paragraph.part is None for hit in found if hit.paragraph.position != 1} == {True}
    assert searcher.similar("a#3") is None


def test_article_is_returned_unchanged(searcher):
    view = searcher.article("a")
    assert [paragraph.id for paragraph in view.paragraphs] == ["a#0", "a#1", "a#2"]
    assert view.paragraphs[1].text.endswith("hazel. \n  The end.")
    counted = searcher.statistics()
    assert (counted.paragraphs, counted.articles) == (5, 2)
    assert counted.rows > 5
