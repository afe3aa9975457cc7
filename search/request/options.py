"""Groups of options of a request: filters, highlight, recency, reranking."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final

from nutgraf.index.schema import VALUE_FIELDS, KeywordFilters
from nutgraf.search.errors import RequestError
from nutgraf.search.request.dates import period_seconds, utc
from nutgraf.search.request.declaration import Option
from nutgraf.search.request.validation import check_fields
from nutgraf.search.request.where import FieldCondition, parse_where

__all__ = [
    "MAX_RERANKED",
    "MAX_VALUES",
    "Filters",
    "Highlight",
    "Recency",
    "Rerank",
]

MAX_VALUES: Final = 100
"""Maximum number of values in one filter."""

MAX_CONDITIONS: Final = 32
"""Maximum number of conditions in `where`."""

MAX_MARK: Final = 100
"""Maximum number of characters in the markup before or after a highlight."""

MAX_RERANKED: Final = 100
"""Maximum number of reranked candidates. To rerank them takes about 1 second.

The maximum number of hits on a page is the same.
"""

MAX_BUDGET: Final = 10_000
"""Maximum time of reranking, in milliseconds."""

HALF_LIFE: Final = re.compile(r"(?=[0-9.]*[1-9])[0-9]{1,6}(\.[0-9]{1,3})?[hdwy]", re.ASCII)
"""A number above 0, and a unit: hours, days, weeks or years."""

SECONDS: Final = {"h": 3_600, "d": 86_400, "w": 7 * 86_400, "y": 365.25 * 86_400}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters(KeywordFilters):
    """Conditions that every hit must meet.

    The values of one field are alternatives: a hit must have one of them. If several fields have
    values, a hit must match each of these fields. One text is accepted in place of a list with one
    value. A value that no article has stands for all values that differ from it in case only.

    `published_from` and `published_to` are years, months, days or times: 2023, 2023-01, 2023-01-04,
    2023-01-04T09:30:00+01:00. They can be relative to the current time: today, yesterday, last
    week, this year, 3 days ago, -7d. Both ends are included. `where` are
    conditions on any field.

    Raises RequestError if a field is not valid. The error names the field.
    """

    OPTION: ClassVar[Option] = Option(
        "Only articles with this value; case matters only if an article has exactly this value; "
        "several values are alternatives.",
        max_items=MAX_VALUES,
        metavar="VALUE",
    )

    article: str | Sequence[str] = ()
    published_from: Annotated[
        str | None,
        Option(
            "Only articles published at this date or time or later: 2023, 2023-01, 2023-01-04, "
            "2023-01-04T09:30:00+01:00, yesterday, last week, 3 days ago or -7d; UTC if it has no "
            "zone.",
            metavar="DATE",
            examples=("2023-01-01", "last week"),
        ),
    ] = None
    published_to: Annotated[
        str | None,
        Option(
            "Only articles published up to this date or time, its last second included; in the "
            "forms of published_from.",
            metavar="DATE",
            examples=("2023-12-31",),
        ),
    ] = None

    where: Annotated[
        str | Sequence[str],
        Option(
            "Only articles that meet this condition on a field: source:BBC, -section:sport "
            "(without this value), topic:economy OR trade, tag:* (any value), -tag:* (none), "
            "words:[300 TO 500], words:>300, published:last week; all conditions must hold.",
            max_items=MAX_CONDITIONS,
            metavar="CONDITION",
            examples=("-section:sport",),
        ),
    ] = ()

    def __post_init__(self) -> None:
        check_fields(self)
        self.conditions()
        start, end = self.published()
        if start is not None and end is not None and start > end:
            raise RequestError(
                "published", f"starts at {self.published_from}, after its end {self.published_to}"
            )

    def values(self) -> dict[str, tuple[str, ...]]:
        """Return the values of each field that has values."""
        return {name: values for name in VALUE_FIELDS if (values := getattr(self, name))}

    def conditions(self) -> tuple[FieldCondition, ...]:
        """Return the conditions of `where`."""
        return tuple(map(parse_where, self.where))

    def without(self, field: str) -> Filters:
        """Return the filters without the filters and conditions on `field`.

        The field "published" includes `published_from` and `published_to`.
        """
        where = tuple(each for each in self.where if parse_where(each).field != field)
        cleared: dict[str, Any] = {"where": where}
        if field == "published":
            cleared |= {"published_from": None, "published_to": None}
        elif field in VALUE_FIELDS:
            cleared[field] = ()
        return replace(self, **cleared)

    def published(self, now: datetime | None = None) -> tuple[int | None, int | None]:
        """Return the first and last allowed second, since 1970 UTC; None for no limit.

        `now` is the time for dates such as yesterday, by default the current time.
        """
        moment = utc(now or datetime.now(UTC))
        start = _seconds("published_from", self.published_from, moment)
        end = _seconds("published_to", self.published_to, moment)
        return start and start[0], end and end[1]


@dataclass(frozen=True, slots=True)
class Highlight:
    """The markup around highlights in a snippet's HTML. The markup is not escaped.

    `pre` and `post` mark words that the keywords matched. `semantic_pre` and `semantic_post`
    mark words that are near in meaning.

    Raises RequestError if a field is not valid. The error names the field.
    """

    pre: Annotated[
        str,
        Option(
            "Markup before a word that matched, in the HTML of a snippet; not escaped.",
            max_length=MAX_MARK,
        ),
    ] = "<mark>"
    post: Annotated[
        str,
        Option(
            "Markup after a word that matched, in the HTML of a snippet; not escaped.",
            max_length=MAX_MARK,
        ),
    ] = "</mark>"
    semantic_pre: Annotated[
        str,
        Option(
            "Markup before a word that is near in meaning, in the HTML of a snippet; not escaped.",
            max_length=MAX_MARK,
        ),
    ] = '<mark class="semantic">'
    semantic_post: Annotated[
        str,
        Option(
            "Markup after a word that is near in meaning, in the HTML of a snippet; not escaped.",
            max_length=MAX_MARK,
        ),
    ] = "</mark>"

    def __post_init__(self) -> None:
        check_fields(self, "highlight.")


@dataclass(frozen=True, slots=True)
class Recency:
    """The advantage of newer articles: half of it is left at the age `half_life`.

    `half_life` is a number of hours, days, weeks or years: 12h, 30d, 2w, 1y. `weight`, 0
    to 1, is the largest share of a score that age takes away. Age is counted from the end of
    `date`, or from now. Articles with later dates count as new.

    Raises RequestError if a field is not valid. The error names the field.
    """

    half_life: Annotated[
        str,
        Option(
            "Rank newer articles higher: an article of this age keeps half of the advantage; by "
            "default, age has no effect.",
            pattern=HALF_LIFE,
            form="12h, 30d, 2w or 1y",
            metavar="TIME",
        ),
    ]
    weight: Annotated[
        float,
        Option(
            "Largest share of a score that age takes away; requires a half-life.",
            ge=0,
            le=1,
        ),
    ] = 0.2
    date: Annotated[
        str | None,
        Option(
            "Count age from this date, for example the last day of an archive; by default, from "
            "now; requires a half-life.",
            metavar="DATE",
            examples=("2023-12-31",),
        ),
    ] = None

    def __post_init__(self) -> None:
        check_fields(self, "recency.")
        self.counted_from(datetime.now(UTC))

    @property
    def seconds(self) -> float:
        """The half-life in seconds."""
        return float(self.half_life[:-1]) * SECONDS[self.half_life[-1]]

    def counted_from(self, now: datetime) -> int:
        """Return the moment from which age is counted, in seconds since 1970 UTC."""
        date = _seconds("recency.date", self.date, utc(now))
        return int(now.timestamp()) if date is None else date[1]


@dataclass(frozen=True, slots=True)
class Rerank:
    """The limits of reranking: at most `depth` candidates in `budget_ms` milliseconds.

    Raises RequestError if a field is not valid. The error names the field.
    """

    depth: Annotated[
        int,
        Option(
            "Rerank at most this many candidates, the best ones; turns reranking on.",
            ge=1,
            le=MAX_RERANKED,
        ),
    ] = 20
    budget_ms: Annotated[
        int,
        Option(
            "Stop reranking after this many milliseconds: the other candidates keep their order, "
            "below the reranked ones; turns reranking on.",
            ge=1,
            le=MAX_BUDGET,
        ),
    ] = 500

    def __post_init__(self) -> None:
        check_fields(self, "rerank.")


def _seconds(name: str, value: str | None, now: datetime) -> tuple[int, int] | None:
    if value is None:
        return None
    if not isinstance(value, str) or (seconds := period_seconds(value, now)) is None:
        raise RequestError(
            name,
            f"is {str(value)[:40]!r}, which is not a date; write 2023, 2023-01, 2023-01-04, "
            "2023-01-04T09:30:00, yesterday, last week, 3 days ago or -7d",
        )
    return seconds
