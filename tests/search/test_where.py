"""Conditions of `where`, and facets and sort by declared fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.keywords import Engine
from nutgraf.index.reader.snapshot import IndexSnapshot
from nutgraf.search import Filters, RequestError, Searcher
from nutgraf.search.request.where import parse_where
from tests.contract.memory_reader import MemoryReader
from tests.contract.test_searches import Lent

FIELDS = {"topic": "keyword", "place": "keyword[]", "words": "number", "embargo": "date"}

ARTICLES = (
    Article("a", "Ferry", ("The ferry left.",), source="BBC", tags=("sea", "trade"),
            sections=("news", "travel"), published="2023-06-30", language="en",
            extra={"topic": "Economy", "words": 300, "place": ["Hull", "Leith"]}),
    Article("b", "Bridge", ("The bridge fell.", "The ferry waits."), source="CNN", tags=("sea",),
            section="news", published="2024-01-01", language="en",
            extra={"topic": "economy", "words": 301.5, "embargo": "2024-02-01"}),
    Article("c", "Tower", ("The tower and the ferry.",), source="Bbc", section="sport",
            published="2024-03-05", language="en", byline=("Ann Lee", "Bo Oh"),
            extra={"topic": "sport", "words": -5, "place": "Hull", "embargo": "2023-01-01"}),
    Article("d", "Quay", ("A quay, a ferry.",), language="en"),
)  # fmt: skip


@pytest.fixture(scope="module", params=["tantivy", "whoosh"])
def snapshot(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path
) -> Iterator[IndexSnapshot]:
    engine: Engine = request.param
    path = tmp_path_factory.mktemp("where") / "news.index"
    create_index(path, model=str(tiny_encoder), keyword_engine=engine, fields=FIELDS)
    with IndexWriter(path, trust=True) as writer:
        for article in ARTICLES:
            writer.put(article)
        writer.put(Article("gone", "Ferry", ("The ferry.",), source="Gone", language="en"))
    with IndexWriter(path, trust=True) as writer:
        writer.delete("gone")
    with IndexSnapshot.open(path, trust=True) as opened:
        yield opened


@pytest.fixture(params=["directory", "memory"])
def searcher(request: pytest.FixtureRequest, snapshot: IndexSnapshot) -> Searcher:
    return Searcher(Lent(snapshot if request.param == "directory" else MemoryReader(snapshot)))


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("source:BBC", "a"),
        ("source:bbc", "ac"),
        ("-source:BBC", "bcd"),
        ("source:BBC OR CNN", "ab"),
        ('source:"BBC"', "a"),
        ("tag:sea", "ab"),
        ("tag:*", "ab"),
        ("-tag:*", "cd"),
        ("-tag:trade", "bcd"),
        ("section:travel", "a"),
        ("author:Bo Oh", "c"),
        ("topic:Economy", "a"),
        ("topic:ECONOMY", "ab"),
        ("topic:sport OR Economy", "ac"),
        ("-topic:*", "d"),
        ("place:hull", "ac"),
        ("-place:Hull", "bd"),
        ("words:300", "a"),
        ("words:[300 TO 301.5]", "ab"),
        ("words:{300 TO 400]", "b"),
        ("words:>-5", "ab"),
        ("words:<=-5", "c"),
        ("-words:>300", "acd"),
        ("words:*", "abc"),
        ("embargo:2023", "c"),
        ("embargo:[2023-06 TO]", "b"),
        ("embargo:*", "bc"),
        ("published:2024", "bc"),
        ("-published:2024", "ad"),
        ("published:*", "abc"),
        ("-published:*", "d"),
        ("published:>2024-01-01", "c"),
        ("article:a OR d", "ad"),
        ("language:EN", "abcd"),
    ],
)
def test_condition_finds_the_articles_that_meet_it(
    searcher: Searcher, where: str, names: str
) -> None:
    for question in ("", "ferry", "+ferry", "zebra"):
        for mode in ("keyword", "semantic", "hybrid"):
            found = searcher.search(
                question, mode=mode, group="article", filters=Filters(where=where), min_score=0.0
            )
            meant = "" if (question, mode) == ("zebra", "keyword") else names
            assert {hit.id for hit in found.hits} == set(meant), (question, mode)
            assert found.total.value == len(meant)


def test_all_conditions_must_hold(searcher: Searcher) -> None:
    both = Filters(where=("tag:sea", "-tag:trade"), source=("BBC", "CNN"))
    assert [hit.id for hit in searcher.search(group="article", filters=both).hits] == ["b"]


def test_relative_dates_are_counted_from_now(searcher: Searcher) -> None:
    year = datetime.now(UTC).year
    assert not searcher.search(filters=Filters(where="published:yesterday")).hits
    since = Filters(where=f"published:>={year - 200}")
    assert searcher.search(group="article", filters=since).total.value == 3


def test_unknown_value_is_reported_with_the_nearest(searcher: Searcher) -> None:
    found = searcher.search("ferry", filters=Filters(where="topic:econmy"))
    assert found.hits == ()
    assert "no article has the topic 'econmy'; the nearest is '" in found.warnings[0]


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("BBC", "is 'BBC'; write it as FIELD:VALUE"),
        ("source:", "write it as FIELD:VALUE"),
        ("", "is empty"),
        ("source:" + "x" * 5_000, "write it as FIELD:VALUE"),
        ("source:" + " OR ".join(map(str, range(101))), "has 101 values for source; at most 100"),
    ],
)
def test_malformed_condition_is_refused(where: str, words: str) -> None:
    with pytest.raises(RequestError, match="where") as refused:
        Filters(where=where)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (
            "sorce:BBC",
            "names 'sorce', which is not a field; did you mean 'source'? choose",
        ),
        ("zzz:BBC", "names 'zzz', which is not a field; choose one of source, author"),
        ("words:many", "has 'many' for words, which is not a number; write 300"),
        ("published:soon", "has 'soon' for published, which is not a date; write 2023"),
        ("article:*", "matches every article"),
        ("Sorce:BBC", "names 'sorce', which is not a field"),
        ("words:[500 TO 300]", "has the range '[500 TO 300]' for words; write [A TO B]"),
        (
            "published:[2020 TO 2019]",
            "has the range '[2020 TO 2019]' for published; write [A TO B]",
        ),
    ],
)
def test_condition_that_does_not_fit_the_index_is_refused(
    searcher: Searcher, where: str, words: str
) -> None:
    with pytest.raises(RequestError, match="where: ") as refused:
        searcher.search("ferry", filters=Filters(where=where))
    assert words in str(refused.value)


def test_condition_as_written_is_kept() -> None:
    one = parse_where(' -topic: "a OR b" ')
    assert (one.field, one.excluded, one.is_presence) == ("topic", True, False)
    assert one.values == ("a OR b",)
    assert parse_where("topic:a OR b c").values == ("a", "b c")
    assert parse_where('topic:"a OR b" OR c').values == ("a OR b", "c")
    assert parse_where('topic:the "best" OR c').values == ('the "best"', "c")


@pytest.mark.parametrize("group", ["article", "paragraph"])
def test_facets_of_declared_fields(searcher: Searcher, group: Any) -> None:
    names = ("topic", "place", "tag", "section", "words:100", "words:100:empty", "words:0.5",
             "embargo:year", "published:month", "published:month:empty")  # fmt: skip
    found = searcher.search("ferry", mode="keyword", group=group, facets=names)
    counts = {name: [(one.value, one.count) for one in found.facets[name]] for name in names}
    assert counts["topic"] == [("Economy", 1), ("economy", 1), ("sport", 1)]
    assert counts["place"] == [("Hull", 2), ("Leith", 1)]
    assert counts["tag"] == [("sea", 2), ("trade", 1)]
    assert counts["section"] == [("news", 2), ("sport", 1), ("travel", 1)]
    assert counts["words:100"] == [("-100", 1), ("300", 2)]
    assert counts["words:100:empty"] == [
        ("-100", 1), ("0", 0), ("100", 0), ("200", 0), ("300", 2)
    ]  # fmt: skip
    assert counts["words:0.5"] == [("-5", 1), ("300", 1), ("301.5", 1)]
    assert counts["embargo:year"] == [("2023", 1), ("2024", 1)]
    assert counts["published:month"] == [("2023-06", 1), ("2024-01", 1), ("2024-03", 1)]
    months = [f"2023-{month:02}" for month in range(6, 13)] + ["2024-01", "2024-02", "2024-03"]
    assert [value for value, _ in counts["published:month:empty"]] == months
    assert sum(count for _, count in counts["published:month:empty"]) == 3


def test_facet_ignores_its_own_conditions(searcher: Searcher) -> None:
    found = searcher.search(
        group="article",
        filters=Filters(where=("topic:sport", "-source:CNN")),
        facets=("topic", "source"),
    )
    assert found.total.value == 1
    assert Counter({one.value: one.count for one in found.facets["topic"]}) == {
        "Economy": 1,
        "sport": 1,
    }
    assert {one.value for one in found.facets["source"]} == {"Bbc"}


def test_many_empty_buckets_are_cut_with_a_warning(searcher: Searcher) -> None:
    found = searcher.search(facets=("published:day:empty",))
    assert len(found.facets["published:day:empty"]) == 250
    assert found.warnings == ()
    many = searcher.search(facets=("words:0.001:empty",))
    values = [float(one.value) for one in many.facets["words:0.001:empty"]]
    assert values == pytest.approx([300.501 + 0.001 * step for step in range(1_000)])
    assert many.facets["words:0.001:empty"][-1].count == 2
    assert many.warnings == (
        "facet words:0.001:empty: only the 1,000 highest of 306,501 values are shown",
    )


def test_number_on_the_edge_of_a_range_counts_in_it(tmp_path: Path, tiny_encoder: Path) -> None:
    index = tmp_path / "prices.index"
    create_index(index, model=str(tiny_encoder), fields={"price": "number"})
    prices = (0.1, 0.2, 0.3, 0.6, 0.7, 8.2, 2.3, 1e308, -1e308)
    with IndexWriter(index) as writer:
        for number, price in enumerate(prices):
            writer.put(Article(f"p{number}", "Price", ("One.",), extra={"price": price}))
    with Searcher(index) as searcher:
        (counts,) = searcher.search(facets="price:0.1").facets.values()
    assert [one.value for one in counts[1:-1]] == ["0.1", "0.2", "0.3", "0.6", "0.7", "2.3", "8.2"]
    assert {one.count for one in counts} == {1}


@pytest.mark.parametrize(
    ("facet", "words"),
    [
        ("nothing", "has 'nothing', which is not a field; choose one of source"),
        ("title", "which is not a field"),
        ("published", "but published is a date; write published:month"),
        ("words", "but words is a number; write words:100"),
        ("topic:100", "but topic is a keyword; write topic"),
        ("place:day", "but place is a keyword[]; write place"),
        ("a b", "is 'a b'; write it as source, published:month"),
        ("words:0", "is 'words:0'; write it as"),
    ],
)
def test_facet_that_does_not_fit_the_index_is_refused(
    searcher: Searcher, facet: str, words: str
) -> None:
    with pytest.raises(RequestError, match="facets: ") as refused:
        searcher.search("ferry", facets=facet)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("topic:asc", "abcd"),
        ("topic:desc", "cbad"),
        ("words:asc", "cabd"),
        ("words:desc", "bacd"),
        ("words", "cabd"),
        ("embargo:desc", "bcad"),
        ("section:asc", "abcd"),
        ("author:asc", "cabd"),
    ],
)
def test_hits_are_sorted_by_declared_fields(searcher: Searcher, sort: str, names: str) -> None:
    hits = searcher.search(group="article", versions="all", sort=sort).hits
    assert "".join(hit.id for hit in hits) == names
    paged, cursor = "", None
    while cursor is not None or not paged:
        page = searcher.search(group="article", versions="all", sort=sort, limit=1, cursor=cursor)
        paged, cursor = paged + page.hits[0].id, page.next
    assert paged == names
    for refused in ("place", "tag:asc", "title:desc"):
        with pytest.raises(RequestError, match="sort: cannot order by"):
            searcher.search(sort=refused)
