"""Responses: hits with snippets, articles, and their form as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, asdict, dataclass, field
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
    "HitArticle",
    "HitParagraph",
    "More",
    "ParagraphView",
    "Place",
    "Reranked",
    "Response",
    "Snippet",
    "Total",
    "Understood",
]


HighlightKind = Literal["keyword", "semantic"]


@dataclass(frozen=True, slots=True)
class Highlighted:
    """A word of a snippet that matches the question, or is near to it in meaning.

    `start` and `end` are positions in the snippet's `text`, in code points.
    """

    start: int
    end: int
    kind: HighlightKind


@dataclass(frozen=True, slots=True)
class Snippet:
    """The part of a paragraph that shows why it was found.

    `text` is plain text. `html` is the same text, escaped, with marked highlights. `highlights`
    are in text order and do not overlap. `start` and `end` are the snippet's position in the
    text of the paragraph, in code points, without ellipses.
    """

    text: str
    html: str
    highlights: tuple[Highlighted, ...]
    start: int
    end: int

    def to_dict(self) -> dict[str, Any]:
        """Return the snippet in its form as JSON."""
        return {
            "text": self.text,
            "html": self.html,
            # asdict copies each value, which takes half of the time for a response.
            "highlights": [
                {"start": one.start, "end": one.end, "kind": one.kind} for one in self.highlights
            ],
            "start": self.start,
            "end": self.end,
        }


@dataclass(frozen=True, slots=True)
class Place:
    """The rank (from 1) and score of a row in one ranking.

    `rank` is None if the ranking does not contain the row within its depth.
    """

    rank: int | None
    score: float | None


@dataclass(frozen=True, slots=True)
class FusionUsed:
    """The method of the fusion, and the weight of the vector ranking in it, 0 to 1."""

    method: FusionMethod
    weight: float


@dataclass(frozen=True, slots=True)
class Reranked:
    """The number of reranked candidates: `scored` of the first `depth` candidates.

    `complete` is False if reranking stopped because the time budget was spent.
    """

    depth: int
    scored: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """The explanation of a hit's rank.

    `recency` is the factor by which age reduced the score. `rerank` contains the rank among the
    reranked candidates. Its score is the logit of the reranker.
    """

    keyword: Place | None
    semantic: Place | None
    fusion: FusionUsed | None
    recency: float | None = None
    rerank: Place | None = None


@dataclass(frozen=True, slots=True)
class HitArticle(ArticleFields):
    """The article of a hit, without its paragraphs.

    `title_html` is the title, escaped, with the words that match the question marked.
    """

    _: KW_ONLY
    title_html: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields in their form as JSON."""
        return {**self.fields_to_dict(), "title_html": self.title_html}


@dataclass(frozen=True, slots=True)
class HitParagraph:
    """A paragraph that was found.

    `id` is the public id of the paragraph, `position` its position in its article, from 0. A
    paragraph that is too long for the encoder is divided into parts. `part` is the number, from 1,
    of the part that was found. It is None for other paragraphs. `text` is the text of the complete
    paragraph. JSON contains this text only if the request has `text`.
    """

    id: str = field(metadata={"examples": ["ARTICLE#12"]})
    position: int
    part: int | None
    text: str = ""

    def to_dict(self, *, text: bool = False) -> dict[str, Any]:
        """Return the paragraph in its form as JSON."""
        found = {"id": self.id, "position": self.position, "part": self.part}
        return {**found, "text": self.text} if text else found


@dataclass(frozen=True, slots=True)
class More:
    """Another paragraph that was found in the article of a hit."""

    paragraph: HitParagraph
    score: float | None = field(metadata={"ge": 0, "le": 1})
    snippet: Snippet

    def to_dict(self, *, text: bool = False) -> dict[str, Any]:
        """Return the paragraph, its score and its snippet in their form as JSON."""
        return {
            "paragraph": self.paragraph.to_dict(text=text),
            "score": _rounded(self.score),
            "snippet": self.snippet.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Hit:
    """A ranked paragraph, or an article ranked by its best paragraph.

    `id` is the public id of the paragraph (ARTICLE#POSITION) or of the article. `score`, from 0 to
    1, is the best score of all versions of the hit. It is None in a listing: a question without
    words ranks nothing. If the hit is an article, `more` contains its
    next best paragraphs. `versions` is the number of versions that were found, this hit included.
    `version_ids` are the ids of these versions, with the id of this hit first. `explain` is None
    unless the request has `explain`.
    """

    rank: int
    id: str = field(metadata={"examples": ["ARTICLE#12", "ARTICLE"]})
    score: float | None = field(metadata={"ge": 0, "le": 1})
    article: HitArticle
    paragraph: HitParagraph
    snippet: Snippet
    more: tuple[More, ...]
    versions: int
    version_ids: tuple[str, ...]
    explain: Explanation | None = None

    def to_dict(self, *, text: bool = False) -> dict[str, Any]:
        """Return the hit in its form as JSON; `text` adds the texts of paragraphs."""
        found: dict[str, Any] = {
            "rank": self.rank,
            "id": self.id,
            "score": _rounded(self.score),
            "article": self.article.to_dict(),
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


@dataclass(frozen=True, slots=True)
class ParagraphView:
    """One paragraph of an `ArticleView`."""

    id: str = field(metadata={"examples": ["ARTICLE#12"]})
    position: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleView(ArticleFields):
    """An article with all its paragraphs, from one snapshot.

    `digest` is 16 bytes that identify this version of the article. JSON does not contain the
    digest, but HTTP sends it as the ETag.
    """

    paragraphs: tuple[ParagraphView, ...]
    snapshot: int
    digest: bytes = field(metadata={"exclude": True})

    def to_dict(self) -> dict[str, Any]:
        """Return the article in its form as JSON."""
        return {
            **self.fields_to_dict(),
            "paragraphs": [asdict(paragraph) for paragraph in self.paragraphs],
            "snapshot": self.snapshot,
        }


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 4)
