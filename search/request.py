"""SearchRequest: what can be asked, the same in Python, over HTTP and in the terminal."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, get_args

from nutgraf.search.checks import (
    check_choice,
    check_kind,
    check_range,
    check_share,
    check_text,
)
from nutgraf.search.dates import written_seconds
from nutgraf.search.errors import RequestError

__all__ = [
    "DEPTH",
    "FACETS",
    "MAX_BUDGET",
    "MAX_LIMIT",
    "MAX_PER_ARTICLE",
    "MAX_QUESTION",
    "MAX_RERANKED",
    "MAX_VALUES",
    "Facet",
    "Filters",
    "FusionMethod",
    "Grouping",
    "Highlight",
    "Mode",
    "Recency",
    "Rerank",
    "SearchRequest",
    "Versions",
]

Mode = Literal["hybrid", "keyword", "semantic"]
FusionMethod = Literal["convex", "rrf"]
Facet = Literal[
    "source",
    "section",
    "language",
    "author",
    "published:day",
    "published:month",
    "published:year",
]
FACETS: Final[tuple[str, ...]] = get_args(Facet)
Grouping = Literal["paragraph", "article"]
Versions = Literal["newest", "first", "all"]

DEPTH: Final = 200
"""Rows taken from each ranking, whatever page is asked for, so that pages agree."""

MAX_LIMIT: Final = 100
"""Hits on a page."""

MAX_OFFSET: Final = 2 * DEPTH
"""Two rankings of DEPTH rows that share none: nothing stands beyond."""

MAX_PER_ARTICLE: Final = 20
"""Paragraphs that are shown of one article: who wants more of it wants to read it."""

MAX_QUESTION: Final = 2_000
"""Characters in a question: a long paragraph fits, an article does not."""

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

VALUED: Final = ("source", "author", "section", "language", "article")
"""The fields that are filtered by value."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What every hit must be. Values of one field are alternatives; fields add up.

    A single value may stand for a tuple of one, and any list for a tuple.

    `published_from` and `published_to` are years, months, days or moments, as
    in 2023, 2023-01, 2023-01-04, 2023-01-04T09:30:00+01:00; both belong to the
    range whole.

    Raises RequestError naming the field.
    """

    source: tuple[str, ...] = ()
    author: tuple[str, ...] = ()
    section: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    article: tuple[str, ...] = ()
    published_from: str | None = None
    published_to: str | None = None

    def __post_init__(self) -> None:
        for name in VALUED:
            object.__setattr__(self, name, _as_values(name, getattr(self, name)))
        for name, values in self.values().items():
            if len(values) > MAX_VALUES:
                raise RequestError(
                    name, f"has {len(values)} values; at most {MAX_VALUES} are taken"
                )
            for value in values:
                check_text(name, value)
        start, end = self.published()
        if start is not None and end is not None and start > end:
            raise RequestError(
                "published", f"begins on {self.published_from}, after its end {self.published_to}"
            )

    def values(self) -> dict[str, tuple[str, ...]]:
        """Return the wanted values of each field that has any."""
        return {name: values for name in VALUED if (values := getattr(self, name))}

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


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One question and how it is to be answered. Raises RequestError naming the field.

    `weight` is how much meaning counts against keywords in the fusion, 0 to
    1; None leaves it to the method. Without `recency`, age does not count.
    Hits that score less than `min_score` are left out; with None they are not,
    unless nothing is relevant at all.
    `facets` are counted over all that matches, each once; a single one may
    stand for a tuple, and any list for a tuple.

    A hit is a paragraph or an article, as `group` says; of an article,
    `per_article` paragraphs are shown. Of `versions` of one text the newest or
    the first is shown, or all, each as a hit of its own; None stands for the newest
    where articles are asked for, for all where paragraphs are. `diversity`, 0
    to 1, puts what says the same as a hit before it further down.

    `rerank`, True or a Rerank, has the first candidates read again by the
    reranker of the index.
    """

    q: str
    mode: Mode = "hybrid"
    limit: int = 10
    offset: int = 0
    filters: Filters = field(default_factory=Filters)
    fusion: FusionMethod = "convex"
    weight: float | None = None
    recency: Recency | None = None
    min_score: float | None = None
    facets: tuple[Facet, ...] = ()
    group: Grouping = "paragraph"
    per_article: int = 3
    versions: Versions | None = None
    diversity: float = 0.0
    rerank: bool | Rerank = False
    explain: bool = False
    highlight: Highlight = field(default_factory=Highlight)

    def __post_init__(self) -> None:
        for name, kind in KINDS.items():
            check_kind(name, getattr(self, name), kind)
        _check_question(self.q)
        check_choice("mode", self.mode, get_args(Mode))
        check_choice("fusion", self.fusion, get_args(FusionMethod))
        for name in ("weight", "min_score"):
            if getattr(self, name) is not None:
                check_share(name, getattr(self, name))
        if self.recency is not None:
            check_kind("recency", self.recency, Recency)
        object.__setattr__(self, "facets", _as_facets(self.facets))
        check_choice("group", self.group, get_args(Grouping))
        check_range("per_article", self.per_article, 1, MAX_PER_ARTICLE)
        if self.versions is not None:
            check_kind("versions", self.versions, str)
            check_choice("versions", self.versions, get_args(Versions))
        check_share("diversity", self.diversity)
        if not isinstance(self.rerank, bool | Rerank):
            raise RequestError(
                "rerank", f"is a {type(self.rerank).__name__}; it must be a bool or a Rerank"
            )
        check_range("limit", self.limit, 1, MAX_LIMIT)
        check_range("offset", self.offset, 0, MAX_OFFSET)

    @property
    def folding(self) -> Versions:
        """What is shown of versions: what `versions` says, or what suits `group`."""
        return self.versions or ("newest" if self.group == "article" else "all")

    @property
    def reranking(self) -> Rerank | None:
        """How much is to be reranked, None where nothing is."""
        if isinstance(self.rerank, Rerank):
            return self.rerank
        return Rerank() if self.rerank else None


KINDS: Final = {
    "q": str,
    "mode": str,
    "limit": int,
    "offset": int,
    "filters": Filters,
    "fusion": str,
    "group": str,
    "per_article": int,
    "explain": bool,
    "highlight": Highlight,
}


def _as_values(name: str, given: object) -> tuple[str, ...]:
    values = (given,) if isinstance(given, str) else given
    if not isinstance(values, tuple | list) or not all(isinstance(each, str) for each in values):
        raise RequestError(name, "must be a text or a list of texts")
    return tuple(values)


def _as_facets(given: object) -> tuple[str, ...]:
    names = _as_values("facets", given)
    for name in names:
        check_choice("facets", name, FACETS)
        if names.count(name) > 1:
            raise RequestError("facets", f"holds {name!r} {names.count(name)} times; once is all")
    return names


def _check_question(q: str) -> None:
    if not q.strip():
        raise RequestError("q", "is empty; ask something")
    if len(q) > MAX_QUESTION:
        raise RequestError(
            "q", f"is {len(q):,} characters long; at most {MAX_QUESTION:,} are taken"
        )
    check_text("q", q)


def _seconds(name: str, value: str | None) -> tuple[int, int] | None:
    if value is None:
        return None
    if not isinstance(value, str) or (seconds := written_seconds(value)) is None:
        raise RequestError(
            name,
            f"is {str(value)[:40]!r}, which is no date; write it as 2023, 2023-01 or 2023-01-04",
        )
    return seconds
