"""What comes back: hits with snippets, and how they are written as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from nutgraf.index.article import paragraph_id
from nutgraf.index.schema import ArticleFields
from nutgraf.search.request.search_request import FusionMethod, Grouping, Mode

__all__ = [
    "ArticleFields",
    "ArticleView",
    "Explanation",
    "FacetCount",
    "FusionUsed",
    "HighlightKind",
    "Highlighted",
    "Hit",
    "More",
    "ParagraphView",
    "Place",
    "Reranked",
    "Response",
    "Snippet",
    "Total",
]


HighlightKind = Literal["keyword", "semantic"]


@dataclass(frozen=True, slots=True)
class Highlighted:
    """A word of a snippet that was asked for, or is near in meaning to one that was.

    `start` and `end` are in code points of the snippet's `text`.
    """

    start: int
    end: int
    kind: HighlightKind


@dataclass(frozen=True, slots=True)
class Snippet:
    """The part of a paragraph that shows why it was found.

    `text` is plain; `html` is the same, escaped, with highlights marked;
    `highlights` are in their order and apart. `start` and `end` say where in
    the paragraph's text it stands, in code points, ellipses aside.
    """

    text: str
    html: str
    highlights: tuple[Highlighted, ...]
    start: int
    end: int

    def to_dict(self) -> dict[str, Any]:
        """Return the snippet as it is written in JSON."""
        return {
            "text": self.text,
            "html": self.html,
            "highlights": [asdict(one) for one in self.highlights],
            "start": self.start,
            "end": self.end,
        }


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands in one ranking; `rank` is None where it is not in it to the depth read."""

    rank: int | None
    score: float | None


@dataclass(frozen=True, slots=True)
class FusionUsed:
    """How two rankings became one; `weight` is that of meaning, 0 to 1."""

    method: FusionMethod
    weight: float


@dataclass(frozen=True, slots=True)
class Reranked:
    """What reranking came to: `scored` of the first `depth` candidates were read again.

    `complete` is False where the time for it did not suffice for all of them.
    """

    depth: int
    scored: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a hit stands where it does; `recency` is the factor that age has left of its score.

    `rerank` has its rank among what the reranker read, and its logit.
    """

    keyword: Place | None
    semantic: Place | None
    fusion: FusionUsed | None
    recency: float | None = None
    rerank: Place | None = None


@dataclass(frozen=True, slots=True)
class More:
    """Another paragraph of a hit's article, that was found as well; fields are those of Hit."""

    score: float
    position: int
    part: int | None
    text: str
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class Hit:
    """One ranked paragraph, or an article by its best one.

    `score` is in 0..1, the best of all versions; `position` counts from 0.
    `text` is that of the whole paragraph; of one that is too long for the
    encoder, `part` is the part that was found, counted from 1. `more` are the
    next best paragraphs, where articles were asked for.
    `version_ids` are the public ids of all versions that were found, of
    paragraphs or articles, that of this hit first.
    """

    rank: int
    score: float
    article: ArticleFields
    position: int
    part: int | None
    text: str
    snippet: Snippet
    more: tuple[More, ...] = ()
    version_ids: tuple[str, ...] = ()
    explain: Explanation | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the hit as it is written in JSON."""
        found: dict[str, Any] = {
            "rank": self.rank,
            "score": round(self.score, 4),
            "article": asdict(self.article),
            "paragraph": self._paragraph(self.position, self.part),
            "snippet": self.snippet.to_dict(),
            "more": [
                {
                    "paragraph": self._paragraph(one.position, one.part),
                    "score": round(one.score, 4),
                    "snippet": one.snippet.to_dict(),
                }
                for one in self.more
            ],
            "versions": len(self.version_ids),
            "version_ids": list(self.version_ids),
        }
        if self.explain is not None:
            found["explain"] = asdict(self.explain)
        return found

    def _paragraph(self, position: int, part: int | None) -> dict[str, Any]:
        return {"id": paragraph_id(self.article.id, position), "position": position, "part": part}


@dataclass(frozen=True, slots=True)
class Total:
    """How many hits there are to page through; "gte" where a ranking was cut at its depth.

    They are paragraphs or articles, as was asked for, versions of one text counted once.
    """

    value: int
    relation: Literal["eq", "gte"]


@dataclass(frozen=True, slots=True)
class FacetCount:
    """A value of a facet, and how much of what matches has it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to one request; `facets` by the names that they were asked for by.

    `suggestion` is the question as it may have been meant, None where there is nothing to mend.
    """

    query: str
    mode: Mode
    group: Grouping
    took_ms: float
    total: Total
    hits: tuple[Hit, ...]
    warnings: tuple[str, ...]
    snapshot: int
    facets: Mapping[str, tuple[FacetCount, ...]] = field(default_factory=dict)
    suggestion: str | None = None
    reranked: Reranked | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as HTTP and `--json` give it."""
        return {
            "query": self.query,
            "mode": self.mode,
            "group": self.group,
            "took_ms": round(self.took_ms, 2),
            "total": asdict(self.total),
            "hits": [hit.to_dict() for hit in self.hits],
            "facets": {
                name: [asdict(one) for one in counts] for name, counts in self.facets.items()
            },
            "suggestion": self.suggestion,
            "reranked": None if self.reranked is None else asdict(self.reranked),
            "warnings": list(self.warnings),
            "snapshot": self.snapshot,
        }


@dataclass(frozen=True, slots=True)
class ParagraphView:
    """One paragraph of an article that is shown whole."""

    id: str
    position: int
    text: str


@dataclass(frozen=True, slots=True)
class ArticleView:
    """An article with all its paragraphs, as of one snapshot.

    `digest` are 16 bytes that tell this version of it from any other.
    """

    article: ArticleFields
    paragraphs: tuple[ParagraphView, ...]
    snapshot: int
    digest: bytes

    def to_dict(self) -> dict[str, Any]:
        """Return the article as HTTP and `--json` give it."""
        return {
            **asdict(self.article),
            "paragraphs": [asdict(paragraph) for paragraph in self.paragraphs],
            "snapshot": self.snapshot,
        }
