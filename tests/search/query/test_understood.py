"""Dates and names in plain words are offered as filters, and exclude nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nutgraf.index.reader.snapshot import IndexSnapshot
from nutgraf.search import Filters, Searcher, SearchRequest
from nutgraf.search.query.understood import understand
from tests.contract.memory_reader import MemoryReader

NOW = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def snapshot(seeds_index: Path) -> Iterator[IndexSnapshot]:
    with IndexSnapshot.open(seeds_index) as opened:
        yield opened


@pytest.fixture(params=["directory", "memory"])
def index(request: pytest.FixtureRequest, snapshot: IndexSnapshot) -> IndexSnapshot | MemoryReader:
    return snapshot if request.param == "directory" else MemoryReader(snapshot)


def offers(index: IndexSnapshot, question: str, **filters: str) -> list[tuple[str, dict[str, str]]]:
    request = SearchRequest(question, filters=Filters(**filters))
    found = understand(index, request, now=NOW).understood
    for one in found:
        assert question[one.start : one.end] == one.text
        Filters(**one.filters)
    return [(one.text, dict(one.filters)) for one in found]


def test_names_and_dates_are_offered_as_filters(index: IndexSnapshot) -> None:
    assert offers(index, "northgate  COURIER floods October 2023") == [
        ("northgate  COURIER", {"source": "Northgate Courier"}),
        ("October 2023", {"published_from": "2023-10-01", "published_to": "2023-10-31"}),
    ]
    assert offers(index, "health costs last week") == [
        ("health", {"section": "health"}),
        ("last week", {"published_from": "2026-11-23", "published_to": "2026-11-29"}),
    ]


@pytest.mark.parametrize(
    "question",
    [
        "health",
        '"health costs"',
        "section:health costs",
        "-health costs",
        "costs NOT health",
        '"October 2023" flood',
        "published:2023 flood",
        "published:[2022 TO 2023] flood",
        "-(October 2023) flood",
        "healt* costs",
        "flood of the river",
    ],
)
def test_single_names_and_operators_offer_nothing(index: IndexSnapshot, question: str) -> None:
    assert offers(index, question) == []


def test_field_with_a_filter_gets_no_other(index: IndexSnapshot) -> None:
    assert offers(index, "health costs 2023", section="business", published_from="2022") == []


def test_filter_values_get_the_case_of_the_articles(index: IndexSnapshot) -> None:
    asked = SearchRequest("flood", filters=Filters(source=("NORTHGATE COURIER", "Nobody")))
    found = understand(index, asked)
    assert found.request.filters.source == ("Northgate Courier", "Nobody")
    assert found.unknown == (("source", "Nobody"),)
    exact = SearchRequest("flood", filters=Filters(section="weather"))
    assert understand(index, exact).request is exact


def test_words_exclude_nothing(seeds_index: Path) -> None:
    with Searcher(seeds_index) as searcher:
        response = searcher.search("health costs in 2023", limit=50)
    offered = {name: value for one in response.understood for name, value in one.filters.items()}
    assert offered["section"] == "health"
    assert {hit.article.section for hit in response.hits} > {"health"}
    assert [one["text"] for one in response.to_dict()["understood"]] == ["health", "2023"]


def test_nearest_known_value_is_named(index: IndexSnapshot) -> None:
    near = index.near_values(
        {"source": ["Northgte Courier", "courier", "xyz"], "section": ["helth"]}
    )
    assert near == {
        ("source", "Northgte Courier"): "Northgate Courier",
        ("source", "courier"): "Northgate Courier",
        ("section", "helth"): "health",
    }
