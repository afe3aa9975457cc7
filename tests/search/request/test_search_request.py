"""Requests: valid options, and errors that name the field."""

import pytest

from nutgraf.search import Filters, Highlight, RequestError, SearchRequest
from nutgraf.search.request.declaration import from_flat


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"q": "x" * 10_000}, "q", "is 10,000 characters long; at most 2,000"),
        ({"q": "a\x00b"}, "q", "NUL byte at character 1"),
        ({"q": "\ud800"}, "q", "surrogate"),
        ({"q": 3}, "q", "must be of type str, got int"),
        ({"limit": "3"}, "limit", "must be of type int, got str"),
        ({"limit": True}, "limit", "must be of type int, got bool"),
        ({"explain": "no"}, "explain", "must be of type bool, got str"),
        ({"filters": {"source": "BBC"}}, "filters", "must be of type Filters, got dict"),
        ({"mode": "fuzzy"}, "mode", "is 'fuzzy'; choose one of hybrid, keyword, semantic"),
        ({"fusion": "sum"}, "fusion", "choose one of convex, rrf"),
        ({"limit": 0}, "limit", "must be between 1 and 100, got 0"),
        ({"limit": 101}, "limit", "must be between 1 and 100, got 101"),
        ({"offset": -1}, "offset", "must be between 0 and 10000, got -1"),
        ({"offset": 10_001}, "offset", "must be between 0 and 10000, got 10001"),
    ],
)
def test_invalid_request_is_reported_with_its_field(fields, field, words):
    with pytest.raises(RequestError, match=words) as raised:
        SearchRequest(**{"q": "flood", **fields})
    assert raised.value.field == field


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"published_from": "soon"}, "published_from"),
        ({"published_from": "[2022 TO 2023]"}, "published_from"),
        ({"published_to": "2023-02-30"}, "published_to"),
        ({"published_from": "2023-02-02", "published_to": "2023-02-01"}, "published"),
        ({"source": ("x",) * 101}, "source"),
        ({"author": ("a\x00",)}, "author"),
    ],
)
def test_invalid_filter_is_reported_with_its_field(fields, field):
    with pytest.raises(RequestError) as raised:
        Filters(**fields)
    assert raised.value.field == field


def test_one_value_is_accepted_as_tuple():
    assert Filters(source="BBC", author=["A", "B"]).values() == {
        "source": ("BBC",),
        "author": ("A", "B"),
    }
    with pytest.raises(RequestError, match="source: must be a text or a list of texts"):
        Filters(source=3)


def test_options_of_none_have_their_defaults():
    names = ("source", "author", "section", "published_from", "published_to")
    assert from_flat(SearchRequest, {"q": "x", **dict.fromkeys(names)}) == SearchRequest("x")
    given = {"source": ["A", "B"], "author": [], "section": ["C"], "language": ["de"]}
    given |= {"article": ["x"], "published_from": "2023", "published_to": "2024-01"}
    assert from_flat(SearchRequest, {"q": "x", **given}).filters == Filters(
        source=("A", "B"),
        section="C",
        language="de",
        article="x",
        published_from="2023",
        published_to="2024-01",
    )


def test_end_date_includes_its_day_and_end_time_its_second():
    assert Filters(published_from="1970-01-02", published_to="1970-01-02").published() == (
        86_400,
        2 * 86_400 - 1,
    )
    assert Filters(published_to="1970-01-01T00:00:05").published() == (None, 5)
    assert Filters(published_from="1970", published_to="1970-01").published() == (
        0,
        31 * 86_400 - 1,
    )
    assert Filters(published_from="1970-01-01").published() == (0, None)
    assert Filters(published_to="9999-12-31").published()[1] > 2**37


@pytest.mark.parametrize("name", ["pre", "post", "semantic_pre", "semantic_post"])
def test_highlights_are_bounded(name):
    with pytest.raises(RequestError, match=rf"highlight\.{name}"):
        Highlight(**{name: "x" * 101})


@pytest.mark.parametrize("name", ["pre", "post", "semantic_pre", "semantic_post"])
@pytest.mark.parametrize("given", [5, None, b"<b>", ["<b>"]])
def test_markup_of_wrong_type_is_reported(name, given):
    words = f"must be of type str, got {type(given).__name__}"
    with pytest.raises(RequestError, match=words) as raised:
        Highlight(**{name: given})
    assert raised.value.field == f"highlight.{name}"


@pytest.mark.parametrize("weight", [-0.1, 1.1, float("nan"), float("inf"), True, "0.3"])
def test_invalid_weight_is_reported(weight):
    with pytest.raises(RequestError, match="weight"):
        SearchRequest("ferry", weight=weight)


def test_weight_may_be_0_or_1():
    assert SearchRequest("ferry", weight=0).weight == 0
    assert SearchRequest("ferry", weight=1.0).weight == 1.0
