"""What comes back: hits with snippets, and how they are written as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

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
    "HitParagraph",
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
class HitParagraph:
    """A paragraph that was found: its public id, and its position in its article, from 0.

    `part` counts from 1, of a paragraph that is too long for the encoder; it
    is None for a whole one. `text` is that of the whole paragraph. In JSON it
    is there only where the request asks for `text`.
    """

    id: str = field(metadata={"examples": ["ARTICLE#12"]})
    position: int
    part: int | None
    text: str = ""

    def to_dict(self, *, text: bool = False) -> dict[str, Any]:
        """Return the paragraph as it is written in JSON."""
        found = {"id": self.id, "position": self.position, "part": self.part}
        return {**found, "text": self.text} if text else found


@dataclass(frozen=True, slots=True)
class More:
    """Another paragraph of a hit's article, that was found as well."""

    paragraph: HitParagraph
    score: float = field(metadata={"ge": 0, "le": 1})
    snippet: Snippet

    def to_dict(self, *, text: bool = False) -> dict[str, Any]:
        """Return it as it is written in JSON."""
        return {
            "paragraph": self.paragraph.to_dict(text=text),
            "score": round(self.score, 4),
            "snippet": self.snippet.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Hit:
    """One ranked paragraph, or an article by its best one.

    `id` is the public id of the one that was asked for: of the paragraph
    (ARTICLE#POSITION) or of the article. `score` is in 0..1, the best of all
    versions. `more` are the next best paragraphs, where articles were asked
    for. `versions` counts the versions that were found, this hit included;
    `version_ids` are their ids, that of this hit first. `explain` is there
    only where it was asked for.
    """

    rank: int
    id: str = field(metadata={"examples": ["ARTICLE#12", "ARTICLE"]})
    score: float = field(metadata={"ge": 0, "le": 1})
    article: ArticleFields
    paragraph: HitParagraph
    snippet: Snippet
    more: tuple[More, ...]
    versions: int
    version_ids: tuple[str, ...]
    explain: Explanation | None = None

    def to_dict(self, *, text: bool = False) -> dict[str, Any]:
        """Return the hit as it is written in JSON; with `text`, paragraphs have their texts."""
        found: dict[str, Any] = {
            "rank": self.rank,
            "id": self.id,
            "score": round(self.score, 4),
            "article": asdict(self.article),
            "paragraph": self.paragraph.to_dict(text=text),
            "snippet": self.snippet.to_dict(),
            "more": [one.to_dict(text=text) for one in self.more],
            "versions": self.versions,
            "version_ids": list(self.version_ids),
        }
        if self.explain is not None:
            found["explain"] = asdict(self.explain)
        return found


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The answer to one request; iterating over it yields its hits, and its length counts them.

    `facets` are by the names that they were asked for by. `suggestion` is the
    question as it may have been meant, None where there is nothing to correct.
    """

    query: str
    mode: Mode
    group: Grouping
    took_ms: float
    total: Total
    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[FacetCount, ...]] = field(default_factory=dict)
    suggestion: str | None = None
    reranked: Reranked | None = None
    warnings: tuple[str, ...] = ()
    snapshot: int

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def to_dict(self, *, text: bool = False) -> dict[str, Any]:
        """Return the answer as HTTP and `--json` give it; with `text`, hits have their texts."""
        return {
            "query": self.query,
            "mode": self.mode,
            "group": self.group,
            "took_ms": round(self.took_ms, 2),
            "total": asdict(self.total),
            "hits": [hit.to_dict(text=text) for hit in self.hits],
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

    id: str = field(metadata={"examples": ["ARTICLE#12"]})
    position: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleView(ArticleFields):
    """An article with all its paragraphs, as of one snapshot.

    `digest` are 16 bytes that tell this version of it from any other. It is not in JSON: over
    HTTP it is the ETag.
    """

    paragraphs: tuple[ParagraphView, ...]
    snapshot: int
    digest: bytes = field(metadata={"exclude": True})

    def to_dict(self) -> dict[str, Any]:
        """Return the article as HTTP and `--json` give it."""
        return {
            **asdict(ArticleFields.of(self)),
            "paragraphs": [asdict(paragraph) for paragraph in self.paragraphs],
            "snapshot": self.snapshot,
        }
