"""What a request is made of beside its question: filters, highlight, recency, reranking."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from nutgraf.index.schema import VALUE_FIELDS, KeywordFilters
from nutgraf.search.errors import RequestError
from nutgraf.search.request.dates import iso_seconds
from nutgraf.search.request.validation import (
    check_kind,
    check_range,
    check_share,
    check_text,
    check_texts,
)

__all__ = [
    "MAX_BUDGET",
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
    """What every hit must be. Values of one field are alternatives; fields add up.

    A single value may stand for a tuple of one, and any list for a tuple.

    `published_from` and `published_to` are years, months, days or moments, as
    in 2023, 2023-01, 2023-01-04, 2023-01-04T09:30:00+01:00; both belong to the
    range whole.

    Raises RequestError naming the field.
    """

    article: str | Sequence[str] = ()
    published_from: str | None = None
    published_to: str | None = None

    def __post_init__(self) -> None:
        for name in VALUE_FIELDS:
            object.__setattr__(self, name, check_texts(name, getattr(self, name)))
        for name, values in self.values().items():
            if len(values) > MAX_VALUES:
                raise RequestError(
                    name, f"has {len(values)} values; at most {MAX_VALUES} are taken"
                )
            for value in values:
                if not value:
                    raise RequestError(name, "is empty; name a value, or leave the filter out")
                check_text(name, value)
        start, end = self.published()
        if start is not None and end is not None and start > end:
            raise RequestError(
                "published", f"begins on {self.published_from}, after its end {self.published_to}"
            )

    @classmethod
    def of(
        cls,
        source: Sequence[str] | None,
        author: Sequence[str] | None,
        section: Sequence[str] | None,
        language: Sequence[str] | None,
        article: Sequence[str] | None,
        published_from: str | None,
        published_to: str | None,
    ) -> Filters:
        """Return what seven options ask for, where they are given apart; None asks for nothing."""
        return cls(
            source=tuple(source or ()),
            author=tuple(author or ()),
            section=tuple(section or ()),
            language=tuple(language or ()),
            article=tuple(article or ()),
            published_from=published_from,
            published_to=published_to,
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
    """What is put around a highlight in a snippet's html. It is not escaped.

    `pre` and `post` are for words that the keywords matched, the others for
    words that are near in meaning. Raises RequestError naming the field.
    """

    pre: str = "<mark>"
    post: str = "</mark>"
    semantic_pre: str = '<mark class="semantic">'
    semantic_post: str = "</mark>"

    def __post_init__(self) -> None:
        for name in ("pre", "post", "semantic_pre", "semantic_post"):
            check_kind(f"highlight.{name}", getattr(self, name), str)
            if len(getattr(self, name)) > MAX_MARK:
                raise RequestError(f"highlight.{name}", f"is longer than {MAX_MARK} characters")


@dataclass(frozen=True, slots=True)
class Recency:
    """How much newer articles are to count: after `half_life` half of the advantage is gone.

    `half_life` is a number of hours, days, weeks or years, as in 12h, 30d, 2w,
    1y; `weight`, 0 to 1, the share of a score that age can take. Raises
    RequestError naming the field.
    """

    half_life: str
    weight: float = 0.2

    def __post_init__(self) -> None:
        if not isinstance(self.half_life, str) or HALF_LIFE.fullmatch(self.half_life) is None:
            raise RequestError(
                "recency.half_life",
                f"is {str(self.half_life)[:40]!r}; write it as 12h, 30d, 2w or 1y",
            )
        check_share("recency.weight", self.weight)

    @classmethod
    def of(cls, half_life: str | None, weight: float | None) -> Recency | None:
        """Return what two options ask for, where they are given apart; None for neither."""
        if half_life is None:
            if weight is not None:
                raise RequestError("recency.half_life", "is missing, though there is a weight")
            return None
        return cls(half_life) if weight is None else cls(half_life, weight)

    @property
    def seconds(self) -> float:
        """The half-life in seconds."""
        return float(self.half_life[:-1]) * SECONDS[self.half_life[-1]]


@dataclass(frozen=True, slots=True)
class Rerank:
    """How much may be reranked: the first `depth` candidates, in `budget_ms` milliseconds.

    Raises RequestError naming the field.
    """

    depth: int = 20
    budget_ms: int = 500

    def __post_init__(self) -> None:
        for name, most in (("depth", MAX_RERANKED), ("budget_ms", MAX_BUDGET)):
            check_kind(f"rerank.{name}", getattr(self, name), int)
            check_range(f"rerank.{name}", getattr(self, name), 1, most)

    @classmethod
    def of(cls, *, wanted: bool | None, depth: int | None, budget_ms: int | None) -> Rerank | None:
        """Return what three options ask for, where they are given apart; None for none."""
        if depth is None and budget_ms is None:
            return cls() if wanted else None
        if wanted is False:
            raise RequestError("rerank", "is false, though a depth or a budget is given")
        return cls(
            cls().depth if depth is None else depth,
            cls().budget_ms if budget_ms is None else budget_ms,
        )


def _seconds(name: str, value: str | None) -> tuple[int, int] | None:
    if value is None:
        return None
    if not isinstance(value, str) or (seconds := iso_seconds(value)) is None:
        raise RequestError(
            name,
            f"is {str(value)[:40]!r}, which is no date; write it as 2023, 2023-01 or 2023-01-04",
        )
    return seconds
