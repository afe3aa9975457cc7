"""SearchRequest: what can be asked, the same in Python, over HTTP and in the terminal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, get_args

from nutgraf.index.schema import FACETS
from nutgraf.search.errors import RequestError
from nutgraf.search.request.options import Filters, Highlight, Recency, Rerank
from nutgraf.search.request.validation import (
    check_choice,
    check_kind,
    check_range,
    check_share,
    check_text,
    check_texts,
)

__all__ = [
    "DEPTH",
    "FACETS",
    "MAX_LIMIT",
    "MAX_PER_ARTICLE",
    "MAX_QUESTION",
    "Facet",
    "FusionMethod",
    "Grouping",
    "Mode",
    "SearchRequest",
    "Versions",
]

Mode = Literal["hybrid", "keyword", "semantic"]
FusionMethod = Literal["convex", "rrf"]
if TYPE_CHECKING:
    Facet = str
else:  # As HTTP describes it: the names that the schema gives.
    Facet = Literal[FACETS]
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
    def effective_versions(self) -> Versions:
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


def _as_facets(given: object) -> tuple[str, ...]:
    names = check_texts("facets", given)
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
