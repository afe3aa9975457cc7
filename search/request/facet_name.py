"""Names of facets: a field, for dates a period, for numbers a width, and `empty`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["FACET", "FORMS", "FacetName", "parse_facet"]

FACET: Final = re.compile(
    r"(?P<field>[a-z][a-z0-9_]{0,63})"
    r"(?::(?:(?P<period>day|month|year)|(?P<width>(?=[0-9.]*[1-9])[0-9]{1,9}(?:\.[0-9]{1,6})?))"
    r"(?P<empty>:empty)?)?",
    re.ASCII,
)

FORMS: Final = "source, published:month, words:100 (a width), or published:day:empty"


Period = Literal["day", "month", "year"]


@dataclass(frozen=True, slots=True)
class FacetName:
    """The parts of the name of a facet.

    `period` is the length of the periods of a date, `width` the size of the ranges of a number. If
    `empty` is True, periods or ranges without hits between others are counted as 0.
    """

    field: str
    period: Period | None = None
    width: float | None = None
    empty: bool = False


def parse_facet(name: str) -> FacetName:
    """Return the parts of a name that matches FACET."""
    match = FACET.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} is not the name of a facet")
    width = None if match["width"] is None else float(match["width"])
    period: Period | None = match["period"]  # type: ignore[assignment]  # the pattern has the same
    return FacetName(match["field"], period, width, empty=bool(match["empty"]))
