"""Groups of options of a request: filters, highlight, recency, reranking."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Final

from nutgraf.index.schema import VALUE_FIELDS, KeywordFilters
from nutgraf.search.errors import RequestError
from nutgraf.search.request.dates import iso_seconds
from nutgraf.search.request.declaration import Option
from nutgraf.search.request.validation import check_fields

__all__ = [
    "MAX_RERANKED",
    "MAX_VALUES",
    "Filters",
    "Highlight",
    "Recency",
    "Rerank",
]

MAX_VALUES: Final = 100
"""Values of one filter."""

MAX_MARK: Final = 100
"""Characters in what is put before or after a highlight."""

MAX_RERANKED: Final = 100
"""Candidates that are read again: a second's work, and a page's worth of hits."""

MAX_BUDGET: Final = 10_000
"""Milliseconds for it."""

HALF_LIFE: Final = re.compile(r"(?=[0-9.]*[1-9])[0-9]{1,6}(\.[0-9]{1,3})?[hdwy]", re.ASCII)
"""A number above 0 and a unit."""

SECONDS: Final = {"h": 3_600, "d": 86_400, "w": 7 * 86_400, "y": 365.25 * 86_400}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters(KeywordFilters):
    """Conditions that every hit must meet. Values of one field are alternatives; fields add up.

    A single value may stand for a list of one.

    `published_from` and `published_to` are years, months, days or moments, as
    in 2023, 2023-01, 2023-01-04, 2023-01-04T09:30:00+01:00; both belong to the
    range whole.

    Raises RequestError naming the field.
    """

    OPTION: ClassVar[Option] = Option(
        "Only paragraphs with this value, exactly; several are alternatives.",
        max_items=MAX_VALUES,
        metavar="VALUE",
    )

    article: str | Sequence[str] = ()
    published_from: Annotated[
        str | None,
        Option("Only from this day or time on.", metavar="DATE", examples=("2023-01-01",)),
    ] = None
    published_to: Annotated[
        str | None,
        Option(
            "Only to the end of this day, or to this time.",
            metavar="DATE",
            examples=("2023-12-31",),
        ),
    ] = None

    def __post_init__(self) -> None:
        check_fields(self)
        start, end = self.published()
        if start is not None and end is not None and start > end:
            raise RequestError(
                "published", f"begins on {self.published_from}, after its end {self.published_to}"
            )

    def values(self) -> dict[str, tuple[str, ...]]:
        """Return the wanted values of each field that has any."""
        return {name: values for name in VALUE_FIELDS if (values := getattr(self, name))}

    def without(self, field: str) -> Filters:
        """Return the same filters but that on `field`, which is `published` for both its ends."""
        if field == "published":
            return replace(self, published_from=None, published_to=None)
        cleared: dict[str, Any] = {field: ()}
        return replace(self, **cleared)

    def published(self) -> tuple[int | None, int | None]:
        """Return the first and the last second (1970 UTC) of publication, None where open."""
        start = _seconds("published_from", self.published_from)
        end = _seconds("published_to", self.published_to)
        return start and start[0], end and end[1]


@dataclass(frozen=True, slots=True)
class Highlight:
    """The marks around a highlight in a snippet's html. They are not escaped.

    `pre` and `post` are for words that the keywords matched, the others for
    words that are near in meaning.

    Raises RequestError naming the field.
    """

    pre: Annotated[
        str,
        Option("Put before a word that matched, in html.", max_length=MAX_MARK),
    ] = "<mark>"
    post: Annotated[str, Option("Put after it.", max_length=MAX_MARK)] = "</mark>"
    semantic_pre: Annotated[
        str, Option("Put before a word that is near in meaning, in html.", max_length=MAX_MARK)
    ] = '<mark class="semantic">'
    semantic_post: Annotated[str, Option("Put after it.", max_length=MAX_MARK)] = "</mark>"

    def __post_init__(self) -> None:
        check_fields(self, "highlight.")


@dataclass(frozen=True, slots=True)
class Recency:
    """How much newer articles are to count: after `half_life` half of the advantage is gone.

    `half_life` is a number of hours, days, weeks or years, as in 12h, 30d, 2w,
    1y; `weight`, 0 to 1, the share of a score that age can take.

    Raises RequestError naming the field.
    """

    half_life: Annotated[
        str,
        Option(
            "Newer counts more: after this time half of the advantage is gone.",
            pattern=HALF_LIFE,
            form="12h, 30d, 2w or 1y",
            metavar="TIME",
        ),
    ]
    weight: Annotated[float, Option("The share of a score that age can take.", ge=0, le=1)] = 0.2

    def __post_init__(self) -> None:
        check_fields(self, "recency.")

    @property
    def seconds(self) -> float:
        """The half-life in seconds."""
        return float(self.half_life[:-1]) * SECONDS[self.half_life[-1]]


@dataclass(frozen=True, slots=True)
class Rerank:
    """How much may be reranked: the first `depth` candidates, in `budget_ms` milliseconds.

    Raises RequestError naming the field.
    """

    depth: Annotated[
        int, Option("How many candidates are read again at most.", ge=1, le=MAX_RERANKED)
    ] = 20
    budget_ms: Annotated[
        int, Option("Milliseconds for it; the rest keeps its order.", ge=1, le=MAX_BUDGET)
    ] = 500

    def __post_init__(self) -> None:
        check_fields(self, "rerank.")


def _seconds(name: str, value: str | None) -> tuple[int, int] | None:
    if value is None:
        return None
    if not isinstance(value, str) or (seconds := iso_seconds(value)) is None:
        raise RequestError(
            name,
            f"is {str(value)[:40]!r}, which is no date; write it as 2023, 2023-01 or 2023-01-04",
        )
    return seconds
