"""Declarations of options, requests from flat and nested values, and checks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import pytest

from nutgraf.search import RequestError, SearchRequest
from nutgraf.search.request.declaration import (
    Declared,
    DeclaredGroup,
    Option,
    arguments,
    declared,
    flat_options,
    from_flat,
    from_nested,
    split_choices,
)
from nutgraf.search.request.validation import check_fields


@dataclass(frozen=True, slots=True)
class Place:
    """Fields without declarations, as from another module."""

    town: str | Sequence[str] = ()
    street: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Where(Place):
    """Conditions. Fields without a declaration share `OPTION`."""

    OPTION: ClassVar[Option] = Option("Only these.", max_items=2)

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True)
class Age:
    half_life: Annotated[str, Option("Half of it.", pattern=re.compile(r"\d+d"), form="30d")]
    weight: Annotated[float, Option("How much.", ge=0, le=1)] = 0.5

    def __post_init__(self) -> None:
        check_fields(self, "age.")


@dataclass(frozen=True, slots=True)
class Depth:
    rows: Annotated[int, Option("How many.", ge=1)] = 7

    def __post_init__(self) -> None:
        check_fields(self, "depth.")


@dataclass(frozen=True, slots=True)
class Request:
    q: Annotated[str, Option("A question.", max_length=5)]
    order: Annotated[Literal["up", "down"], Option("Which way.")] = "up"
    where: Annotated[Where, Option("Conditions.", flat=True)] = field(default_factory=Where)
    age: Annotated[Age | None, Option("Age.")] = None
    depth: Annotated[bool | Depth, Option("Depth.")] = False
    most: Annotated[int, Option("At most so many.", le=9)] = 3

    def __post_init__(self) -> None:
        check_fields(self)


def test_declarations_are_read_from_annotations():
    q, order, where, age, depth, _ = declared(Request)
    assert isinstance(q, Declared)
    assert (q.kind, q.many, q.optional, q.option.max_length) == (str, False, False, 5)
    assert order.choices == ("up", "down")
    assert isinstance(where, DeclaredGroup)
    assert [each.option.help for each in where.options] == ["Only these.", "Only these."]
    assert (age.optional, age.switch, depth.optional, depth.switch) == (True, False, False, True)
    assert [each.flat for each in flat_options(Request)] == [
        "q", "order", "town", "street", "age_half_life", "age_weight", "depth", "depth_rows",
        "most",
    ]  # fmt: skip
    (rows,) = (each for each in flat_options(Request) if each.flat == "depth_rows")
    assert (rows.default, rows.group_default) == (None, 7)
    assert [each.flat for each in flat_options(Request, ("where",))] == ["town", "street"]


def test_a_field_without_a_declaration_is_an_error():
    @dataclass
    class Bare:
        limit: int = 3

    # Annotations are evaluated in the module, so it must contain all of their names.
    with pytest.raises(TypeError, match="limit has no Option"):
        declared(Bare)


def test_flat_and_nested_values_make_same_request():
    flat = {"q": "x", "town": ["A"], "age_half_life": "3d", "depth_rows": 2, "street": None}
    nested = {"q": "x", "where": {"town": "A"}, "age": {"half_life": "3d"}, "depth": {"rows": 2}}
    expected = Request("x", where=Where(town="A"), age=Age("3d"), depth=Depth(2))
    assert from_flat(Request, flat) == from_nested(Request, nested) == expected
    assert from_flat(Request, {"q": "x", "depth": True}).depth is True
    assert from_nested(Request, {"q": "x", "depth": {}}).depth == Depth()
    assert arguments(Request, {"most": 4, "town": ["A"]}) == {
        "most": 4,
        "where": Where(town=("A",)),
    }


@pytest.mark.parametrize(
    ("flat", "field", "words"),
    [
        ({"age_weight": 0.1}, "age_half_life", "is missing; age_weight requires it"),
        ({"depth": False, "depth_rows": 2}, "depth", "is false, but depth_rows is given"),
        ({"age_half_life": "3w"}, "age_half_life", "is '3w'; write it as 30d"),
        ({"age_half_life": 3}, "age_half_life", "is '3'; write it as 30d"),
        ({"age_half_life": "3d", "age_weight": 2}, "age_weight", "must be between 0 and 1, got 2"),
        ({"age_half_life": "3d", "age_weight": "x"}, "age_weight", "must be a number, got str"),
        ({"depth_rows": 0}, "depth_rows", "must be at least 1, got 0"),
        ({"depth": "yes"}, "depth", "must be of type bool or Depth, got str"),
        ({"most": 10}, "most", "must be at most 9, got 10"),
        ({"order": "left"}, "order", "choose one of up, down"),
        ({"q": "xxxxxx"}, "q", "is 6 characters long; at most 5"),
        ({"town": ["A", "B", "C"]}, "town", "has 3 values; at most 2"),
        ({"town": [""]}, "town", "is empty"),
    ],
)
def test_violated_bound_is_reported_with_its_field(flat, field, words):
    with pytest.raises(RequestError, match=re.escape(words)) as raised:
        from_flat(Request, {"q": "x", **flat})
    assert raised.value.field == field


def test_error_names_nested_value_by_its_nested_name():
    with pytest.raises(RequestError, match=r"age.half_life: is missing; age.weight requires it"):
        from_nested(Request, {"q": "x", "age": {"weight": 0.1}})


def test_choices_are_split_at_commas():
    assert split_choices("a,b, c") == ["a", "b", "c"]
    assert split_choices(["a,b", "c"]) == ["a", "b", "c"]
    assert split_choices([3]) == [3]
    assert split_choices(3) == 3
    assert from_flat(SearchRequest, {"q": "x", "facets": ["source,section"]}).facets == (
        "source",
        "section",
    )
    assert from_flat(SearchRequest, {"q": "x", "source": ["A,B"]}).filters.source == ("A,B",)
