"""The response to a request, with counts and words beside the hits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from nutgraf.search.request.search_request import Grouping, Mode
from nutgraf.search.response.explanation import Reranked
from nutgraf.search.response.hit import Hit

__all__ = ["FacetCount", "Response", "Total", "Understood"]


@dataclass(frozen=True, slots=True)
class Total:
    """The number of hits on all pages.

    Hits are paragraphs or articles. Versions of one text count once if only one of them is shown.
    The number of a search is exact: its relation is "eq". The relation is "gte" (at least) for
    similar articles, if their ranking was cut at its depth.
    """

    value: int
    relation: Literal["eq", "gte"]


@dataclass(frozen=True, slots=True)
class FacetCount:
    """A value of a facet, and the number of matches that have it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Understood:
    """A date or a name in the words of a question, and the filters for it.

    The words exclude nothing: the filters are an offer, for example for a button. `text` is the
    date or name as typed, `start` and `end` are its place in the question, in code points.
    `filters` maps names of filters to their values: `published_from` and `published_to`, or the
    field of a name, such as `source`.
    """

    text: str
    start: int
    end: int
    filters: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return the words and their filters in their form as JSON."""
        place = {"text": self.text, "start": self.start, "end": self.end}
        return {**place, "filters": dict(self.filters)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The response to one request.

    Iteration over a response yields its hits, and the length of a response is the number of its
    hits. The keys of `facets` are the names of the facets in the request. `unknown` are the words
    of `query` that no text and no title contains, as typed.

    `suggestion` is the question with corrected spelling, None if there is nothing to correct. If
    the question itself brings nothing, the response is that to the corrected question, which is
    then `corrected` in place of `suggestion`; a request with `correct` False prevents this.

    `understood` are the dates and names in the words of the question that was answered, in their
    order. `next` is the cursor of the next page, None after the last hit.
    """

    query: str
    corrected: str | None = None
    mode: Mode
    group: Grouping
    took_ms: float
    total: Total
    hits: tuple[Hit, ...]
    next: str | None = None
    facets: Mapping[str, tuple[FacetCount, ...]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    suggestion: str | None = None
    understood: tuple[Understood, ...] = ()
    reranked: Reranked | None = None
    warnings: tuple[str, ...] = ()
    snapshot: int

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def to_dict(self, *, text: bool = False) -> dict[str, Any]:
        """Return the response in its form as JSON; `text` adds the texts of paragraphs."""
        return {
            "query": self.query,
            "corrected": self.corrected,
            "mode": self.mode,
            "group": self.group,
            "took_ms": round(self.took_ms, 2),
            "total": asdict(self.total),
            "hits": [hit.to_dict(text=text) for hit in self.hits],
            "next": self.next,
            "facets": {
                name: [asdict(one) for one in counts] for name, counts in self.facets.items()
            },
            "unknown": list(self.unknown),
            "suggestion": self.suggestion,
            "understood": [one.to_dict() for one in self.understood],
            "reranked": None if self.reranked is None else asdict(self.reranked),
            "warnings": list(self.warnings),
            "snapshot": self.snapshot,
        }
