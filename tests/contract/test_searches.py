"""Searches have the same results with each IndexReader: on disk and in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nutgraf.index.reader.protocol import IndexReader
from nutgraf.index.reader.snapshot import IndexSnapshot
from nutgraf.search import Filters, Recency, Response, Searcher
from nutgraf.search.request.search_request import Grouping, Mode, Scope
from tests.contract.memory_reader import MemoryReader

QUESTIONS = [
    "why did the creamery go under",
    "who rescued people from rooftops",
    '"cooling towers" -car',
    "+river flood",
    'source:"Northgate Courier" flood',
    "published:[2023-06 TO 2023-12]",
    "title:flood",
    "missil* OR drone~",
    "(flood OR fire) NOT homes",
    "organi?ation",
    "court verdict",
    "hospital waiting times",
]
CONDITIONS = [
    "flood -homes",
    "+river +flood",
    '"cooling towers" -title:outbreak',
    "-water -river",
    "(flood AND river) NOT (homes OR section:health)",
    "published:2023 text:river -ferr*",
    '"falls into administration"',
]
"""Questions with different matches in each scope."""

OPTIONS: list[dict[str, Any]] = [
    {},
    {"mode": "keyword"},
    {"mode": "semantic"},
    {"fusion": "rrf"},
    {"group": "article"},
    {"group": "article", "versions": "first", "mode": "keyword"},
    {"versions": "newest", "min_score": 0.0, "limit": 30},
    {"diversity": 0.4},
    {"recency": Recency("90d", 0.5)},
    {"filters": Filters(section="weather")},
    {"filters": Filters(published_from="2023-06", source=("Northgate Courier", "Tidewater Post"))},
]
FACETS = ("source", "section", "author", "published:month", "published:year")


class Lent:
    """A ReaderSource of one reader."""

    def __init__(self, reader: IndexReader) -> None:
        self._reader = reader

    @contextmanager
    def snapshot(self, sequence: int | None = None) -> Iterator[IndexReader]:
        yield self._reader

    def hold(self, reader: IndexReader) -> None:
        """Do nothing: the only snapshot stays."""

    def refresh(self) -> bool:
        return False

    def close(self) -> None:
        """Do nothing: no file is open."""


class Counting:
    """An IndexReader that counts the calls that reach an index on another machine."""

    LOCAL = frozenset(
        {"analyzer", "encode", "places", "published", "question_analyzer", "units", "word_vectors"}
    )

    def __init__(self, reader: IndexReader) -> None:
        self._reader = reader
        self._terms: set[str] = set()
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._reader, name)
        return self._counted(name, found) if callable(found) and name not in self.LOCAL else found

    def term_statistics(self, terms: Sequence[str]) -> Any:
        """Count no call if all terms are cached from earlier calls."""
        self.calls["term_statistics"] += not self._terms.issuperset(terms)
        self._terms.update(terms)
        return self._reader.term_statistics(terms)

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        self.calls[name] += 1
        return call


@pytest.fixture(scope="module")
def snapshot(seeds_index: Path) -> Iterator[IndexSnapshot]:
    with IndexSnapshot.open(seeds_index) as opened:
        yield opened


@pytest.fixture(scope="module")
def memory(snapshot: IndexSnapshot) -> MemoryReader:
    return MemoryReader(snapshot)


@pytest.fixture(params=["directory", "memory"])
def searcher(request: pytest.FixtureRequest) -> Searcher:
    name = "snapshot" if request.param == "directory" else "memory"
    return Searcher(Lent(request.getfixturevalue(name)))


def ids(response: Response) -> list[str]:
    return [hit.article.id for hit in response.hits]


def test_search_finds_words_stems_and_meaning(searcher: Searcher) -> None:
    first = searcher.search("why did the creamery go under").hits[0]
    assert first.article.id.startswith("business-creamery-collapse")
    assert "rescue" in searcher.search("rescued", mode="keyword").hits[0].snippet.text
    assert searcher.search("people saved from the roofs of houses", mode="semantic").hits


def test_each_hit_meets_all_conditions(searcher: Searcher) -> None:
    found = searcher.search("flood", filters=Filters(section="weather"), limit=50, min_score=0)
    assert {hit.article.section for hit in found.hits} == {"weather"}
    for mode in ("hybrid", "keyword", "semantic"):
        for hit in searcher.search("river -flood", mode=mode, limit=50, min_score=0).hits:
            assert "flood" not in hit.snippet.text.lower()


def test_pages_together_contain_each_hit_once(searcher: Searcher) -> None:
    whole = searcher.search("river", limit=30, min_score=0)
    pages = [searcher.search("river", limit=10, offset=at, min_score=0) for at in (0, 10, 20)]
    assert [hit for page in pages for hit in page.hits] == list(whole.hits)


def test_similar_articles_exclude_the_article(searcher: Searcher) -> None:
    near = searcher.similar("weather-haverdyke-flood", limit=5)
    assert near is not None
    assert "weather-haverdyke-flood" not in ids(near)
    assert ids(near)[0] == "weather-haverdyke-flood-update"


def test_warning_names_a_filter_value_of_no_article(searcher: Searcher) -> None:
    found = searcher.search("river", filters=Filters(source="Nobody"))
    assert not found.hits
    assert "no article has the source 'Nobody'" in found.warnings[0]


def test_misspelled_word_is_corrected(searcher: Searcher) -> None:
    assert searcher.search("the creemery milk").corrected == "the Creamery milk"


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_both_readers_have_the_same_results(
    snapshot: IndexSnapshot, memory: MemoryReader, options: dict[str, Any]
) -> None:
    one, other = Searcher(Lent(snapshot)), Searcher(Lent(memory))
    # Each set of options runs with 2 questions, and each question with about 2 sets of options.
    for question in QUESTIONS[OPTIONS.index(options) % 6 :: 6]:
        asked = {"facets": FACETS, "limit": 30, **options}
        mine, theirs = one.search(question, **asked), other.search(question, **asked)
        assert theirs.facets == mine.facets, question
        assert theirs.total == mine.total, question
        assert theirs.warnings == mine.warnings, question
        # tantivy rounds the length of a text to 1 byte, so its scores differ by a few percent.
        best = {hit.version_ids[0]: hit.score for hit in mine.hits[:5]}
        found = {hit.version_ids[0]: hit.score for hit in theirs.hits}
        if None in best.values():  # A listing has an order, but no scores.
            assert list(found) == [hit.version_ids[0] for hit in mine.hits], question
            continue
        for name, score in best.items():
            assert found[name] == pytest.approx(score, rel=0.25, abs=0.05), question


@pytest.mark.parametrize("group", ["paragraph", "article"])
@pytest.mark.parametrize("scope", ["paragraph", "article"])
@pytest.mark.parametrize("mode", ["keyword", "semantic", "hybrid"])
def test_both_readers_agree_on_the_scope_of_conditions(
    snapshot: IndexSnapshot, memory: MemoryReader, mode: Mode, scope: Scope, group: Grouping
) -> None:
    one, other = Searcher(Lent(snapshot)), Searcher(Lent(memory))
    for question in CONDITIONS:
        found = []
        for searcher in (one, other):
            answer = searcher.search(
                question, mode=mode, scope=scope, group=group, limit=100, facets=FACETS, min_score=0
            )
            whole = answer.total.value <= 100
            hits = {hit.id for hit in answer.hits} if whole and group == "article" else None
            found.append((answer.total, answer.facets, answer.warnings, hits))
        assert found[0] == found[1], question


@pytest.mark.parametrize(
    ("options", "most"),
    [
        ({}, 5),
        ({"mode": "keyword"}, 4),
        ({"mode": "semantic"}, 4),
        ({"facets": FACETS}, 5),
        # 1 more call for the sketches of articles that may be versions of each other.
        ({"group": "article", "facets": FACETS, "filters": Filters(section="weather")}, 6),
        ({"versions": "newest", "recency": Recency("30d")}, 5),
        ({"diversity": 0.5}, 6),
    ],
)
def test_search_makes_few_calls_to_the_reader(
    memory: MemoryReader, options: dict[str, Any], most: int
) -> None:
    reader = Counting(memory)
    searcher = Searcher(Lent(reader))
    for question in ("who supplied the missiles", "river flood homes", "verdict in the court"):
        reader.calls.clear()
        searcher.search(question, **options)
        # The sample articles have 4 languages: 1 more call counts words of the question that are
        # stop words of only some of them.
        counts = reader.calls.pop("counts", 0)
        assert counts <= 1
        assert reader.calls.total() <= most, reader.calls
