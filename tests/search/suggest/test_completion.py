"""Completions of typed text: titles, phrases and words of the articles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings, strategies as st

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.analysis.analyzer import Analyzer
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.storage.layout import SUGGESTIONS
from nutgraf.search import RequestError, Searcher

ANALYZER = Analyzer("en")

ARTICLES = (
    Article("a", "Ferry strike ends", ("Jane Doe left Port Aldane by ferry.",)),
    Article("b", "Ferry strike: crews go on", ("The Port Aldane ferry stayed, said Jane Doe.",)),
    Article("c", "Weather", ("Portents of rain in Port Aldane.",)),
    Article("d", "Weather", ("It snowed. Portly bakers stayed in.",)),
    Article("e", "Café “Zoë” shut by mayor", ("Nobody was hurt. The portents were bad.",)),
)


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Iterator[Searcher]:
    index = tmp_path_factory.mktemp("completing") / "news.index"
    create_index(index, model=str(tiny_encoder))
    with IndexWriter(index) as writer:
        for article in ARTICLES:
            writer.put(article)
    with Searcher(index) as opened:
        yield opened


@pytest.fixture(scope="module")
def seeds(seeds_index: Path) -> Iterator[Searcher]:
    with Searcher(seeds_index, trust=True) as opened:
        yield opened


def completed(searcher: Searcher, q: str, limit: int = 8) -> list[str]:
    return [one.text for one in searcher.suggest(q, limit).suggestions]


def test_titles_come_first_then_phrases_then_words(searcher: Searcher) -> None:
    found = searcher.suggest("por")
    assert [(one.text, one.kind, one.article, one.count) for one in found.suggestions] == [
        ("Port Aldane", "phrase", None, 3),
        ("Port", "word", None, 3),
        ("Portents", "word", None, 1),
        ("Portly", "word", None, 1),
    ]
    found = searcher.suggest("fer", 3)
    assert [(one.text, one.kind, one.article) for one in found.suggestions] == [
        ("Ferry strike: crews go on", "title", "b"),
        ("Ferry strike ends", "title", "a"),
        ("Ferry strike", "phrase", None),
    ]


def test_titles_are_found_by_their_later_words_and_without_their_signs(searcher: Searcher) -> None:
    assert completed(searcher, "strike crews g") == ["Ferry strike: crews go on"]
    assert completed(searcher, "ZOE SHUT") == ["Café “Zoë” shut by mayor"]
    assert completed(searcher, "cafe zoë") == ["Café “Zoë” shut by mayor"]
    assert completed(searcher, "trike") == []


def test_title_of_two_articles_is_suggested_once_with_newest(searcher: Searcher) -> None:
    (only,) = searcher.suggest("weath").suggestions
    assert (only.text, only.kind, only.article, only.count) == ("Weather", "title", "d", 2)


def test_complete_text_is_not_suggested_for_itself(searcher: Searcher) -> None:
    assert completed(searcher, "ferry strike ends") == []
    assert completed(searcher, "WEATHER") == []
    assert completed(searcher, "jane doe") == []


def test_earlier_words_are_not_changed(searcher: Searcher) -> None:
    assert completed(searcher, "why  did JANE d") == ["why  did Jane Doe"]
    assert completed(searcher, "+ferry “port a") == ["+ferry “Port Aldane"]
    assert completed(searcher, "why it snowe") == ["why it snowed"]
    assert completed(searcher, "she met jane d") == ["she met Jane Doe"]


def test_index_contains_completions_of_several_words(searcher: Searcher) -> None:
    assert completed(searcher, "who port") == []  # no "who Portents"
    assert completed(searcher, "who is jan") == ["who is Jane Doe"]
    assert completed(searcher, "doe l") == ["doe left"]
    assert completed(searcher, "notre p") == []
    assert completed(searcher, "mayor p") == []
    assert completed(searcher, "the porte") == ["the Portents"]


def test_typed_words_of_five_letters_may_have_an_error(searcher: Searcher) -> None:
    assert completed(searcher, "weahte") == ["Weather"]
    assert completed(searcher, "ferrry st")[:1] == ["Ferry strike: crews go on"]
    assert completed(searcher, "aldan por") == []
    assert completed(searcher, "port alden") == ["Port Aldane"]
    assert completed(searcher, "wezt") == []


def test_titles_published_last_come_first(tmp_path: Path, tiny_encoder: Path) -> None:
    create_index(tmp_path / "news.index", model=str(tiny_encoder))
    with IndexWriter(tmp_path / "news.index") as writer:
        for day in (2, 3, 1):
            writer.put(
                Article(f"{day}", f"Flood day {day}", ("Wet.",), published=f"2020-01-0{day}")
            )
        writer.put(Article("none", "Flood of no day", ("Wet.",)))
    with Searcher(tmp_path / "news.index") as searcher:
        titles = [one for one in searcher.suggest("flood").suggestions if one.kind == "title"]
        assert [one.article for one in titles] == ["3", "2", "1", "none"]


def test_a_space_ends_the_last_word(searcher: Searcher) -> None:
    assert completed(searcher, "port ") == ["Port Aldane"]
    assert "Port Aldane" in completed(searcher, "port")
    assert completed(searcher, "snowe ") == []


def test_stop_words_are_not_offered(searcher: Searcher) -> None:
    assert completed(searcher, "th") == []


def test_empty_text_has_no_completions(searcher: Searcher) -> None:
    for q in ("", "   ", "!?", '"'):
        assert searcher.suggest(q).suggestions == ()


def test_titles_leave_half_of_the_limit_to_phrases(seeds: Searcher) -> None:
    for q in ("c", "d", "dun", "the"):
        kinds = [one.kind for one in seeds.suggest(q, 8).suggestions]
        assert kinds == sorted(kinds, key=["title", "phrase", "word"].index)
        if "phrase" in kinds:
            assert kinds.count("title") <= max(4, 8 - kinds.count("phrase"))


def test_only_the_end_of_long_text_is_completed(searcher: Searcher) -> None:
    typed = "much was typed " * 100
    assert completed(searcher, f"{typed}jane d") == [f"{typed}Jane Doe"]


@pytest.mark.parametrize(
    ("q", "limit", "field"),
    [
        ("x" * 2_001, 8, "q"),
        ("a\0b", 8, "q"),
        ("\ud800", 8, "q"),
        (None, 8, "q"),
        ("ferry", 0, "limit"),
        ("ferry", 21, "limit"),
        ("ferry", True, "limit"),
    ],
)
def test_invalid_request_for_completions_is_reported_with_its_field(
    searcher: Searcher, q: str, limit: int, field: str
) -> None:
    with pytest.raises(RequestError) as raised:
        searcher.suggest(q, limit)
    assert raised.value.field == field


WORDS = sorted(
    {word for one in ARTICLES for text in (one.title, *one.paragraphs) for word in text.split()}
)
TYPED = st.one_of(
    st.text(max_size=12),
    st.builds(
        lambda words, cut: " ".join(words)[: -cut or None],
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=5),
        st.integers(0, 6),
    ),
)


@settings(max_examples=150, deadline=None)
@given(TYPED, st.integers(1, 20))
@example("ferry strike crews go on", 20)
@example("“Zoë”", 1)
@example("\xadB", 1)
def test_completions_extend_typed_text_and_are_limited_and_distinct(
    searcher: Searcher, q: str, limit: int
) -> None:
    try:
        found = searcher.suggest(q, limit)
    except RequestError:
        return
    assert found.suggestions == searcher.suggest(q, limit).suggestions
    texts = [one.text for one in found.suggestions]
    assert len({ANALYZER.key(text) for text in texts}) == len(texts) <= limit
    for one in found.suggestions:
        assert ANALYZER.key(one.text) != ANALYZER.key(q)
        if one.kind == "title":
            assert f" {ANALYZER.key(q)}" in f" {ANALYZER.key(one.text)}"
        else:
            assert ANALYZER.key(one.text).startswith(ANALYZER.key(q))
        assert one.count >= (2 if one.kind == "phrase" else 1)


def test_completions_are_from_newest_commit(tmp_path: Path, tiny_encoder: Path) -> None:
    index = tmp_path / "news.index"
    create_index(index, model=str(tiny_encoder))
    with Searcher(index) as searcher:
        assert completed(searcher, "f") == []
        with IndexWriter(index) as writer:
            writer.put(ARTICLES[0])
        assert searcher.refresh()
        assert completed(searcher, "ferry s")[:1] == ["Ferry strike ends"]
        with IndexWriter(index) as writer:
            writer.put(Article("a", "Ferry sold", ("Nobody was hurt.",)))
        searcher.refresh()
        assert completed(searcher, "ferry s")[:1] == ["Ferry sold"]
        with IndexWriter(index) as writer:
            writer.delete("a")
        searcher.refresh()
        assert completed(searcher, "ferry") == []


def test_missing_suggestions_break_completions_but_not_search(
    tmp_path: Path, tiny_encoder: Path
) -> None:
    index = tmp_path / "news.index"
    create_index(index, model=str(tiny_encoder))
    with IndexWriter(index) as writer:
        writer.put(ARTICLES[0])
    (index / SUGGESTIONS).unlink()
    with Searcher(index) as searcher:
        response = searcher.search("the ferrry strike", mode="keyword")
        assert response.hits
        assert response.suggestion is None
        with pytest.raises(BrokenIndexError, match="is missing; to rebuild it from the catalog"):
            searcher.suggest("fer")
        with IndexWriter(index):
            pass
        assert searcher.search("the ferrry strike", mode="keyword", correct=False).suggestion in (
            "the Ferry strike",
            "the ferry strike",
        )
        assert completed(searcher, "ferry s")[:1] == ["Ferry strike ends"]
