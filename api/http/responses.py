"""The shapes of answers over HTTP, for /docs and the tests."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from nutgraf.search.request.search_request import FusionMethod, Grouping, Mode
from nutgraf.search.response import HighlightKind
from nutgraf.search.suggest.completion import Kind

__all__ = [
    "ArticleAnswer",
    "ArticleFields",
    "DeletedAnswer",
    "ExplanationAnswer",
    "FacetAnswer",
    "FieldError",
    "FusionAnswer",
    "Health",
    "HighlightAnswer",
    "HitAnswer",
    "HitParagraph",
    "MoreAnswer",
    "PlaceAnswer",
    "Problem",
    "RerankedAnswer",
    "SearchAnswer",
    "ShownParagraph",
    "SnippetAnswer",
    "StatsAnswer",
    "SuggestAnswer",
    "SuggestionAnswer",
    "TotalAnswer",
    "WrittenAnswer",
]


class ArticleFields(BaseModel):
    """What is shown of an article besides its paragraphs."""

    id: str
    title: str
    url: str | None
    source: str | None
    author: str | None
    section: str | None
    published: Annotated[str | None, Field(examples=["2023-01-04"])]
    language: str | None


class HitParagraph(BaseModel):
    """A paragraph's public id, its place in its article, from 0, and which part was found."""

    id: Annotated[str, Field(examples=["ARTICLE#12"])]
    position: int
    part: Annotated[
        int | None,
        Field(description="From 1, of one too long for the encoder; null for a whole one."),
    ]


class ShownParagraph(BaseModel):
    """A paragraph of an article that is shown whole."""

    id: Annotated[str, Field(examples=["ARTICLE#12"])]
    position: int
    text: str


class HighlightAnswer(BaseModel):
    """A word that was asked for, or is near in meaning to one; in code points of the text."""

    start: int
    end: int
    kind: HighlightKind


class SnippetAnswer(BaseModel):
    """Plain text, the same as escaped html with highlights, and where those are in the text.

    start and end are where it stands in the paragraph's text, in code points, ellipses aside.
    """

    text: str
    html: str
    highlights: list[HighlightAnswer]
    start: int
    end: int


class PlaceAnswer(BaseModel):
    """Where a hit stands in one ranking; no rank where it is beyond the depth that is read."""

    rank: int | None
    score: float | None


class FusionAnswer(BaseModel):
    """How two rankings became one; weight is that of meaning."""

    method: FusionMethod
    weight: float


class RerankedAnswer(BaseModel):
    """How many of the first candidates were read again; complete unless time did not suffice."""

    depth: int
    scored: int
    complete: bool


class ExplanationAnswer(BaseModel):
    """Why a hit stands where it does."""

    keyword: PlaceAnswer | None
    semantic: PlaceAnswer | None
    fusion: FusionAnswer | None
    recency: Annotated[float | None, Field(description="What age has left of the score.")]
    rerank: Annotated[
        PlaceAnswer | None, Field(description="Rank and logit by the reranker; null without it.")
    ]


class MoreAnswer(BaseModel):
    """Another paragraph of a hit's article, that was found as well."""

    paragraph: HitParagraph
    score: Annotated[float, Field(ge=0, le=1)]
    snippet: SnippetAnswer


class HitAnswer(BaseModel):
    """One ranked paragraph, or an article by its best one."""

    rank: int
    score: Annotated[float, Field(ge=0, le=1)]
    article: ArticleFields
    paragraph: HitParagraph
    snippet: SnippetAnswer
    more: Annotated[
        list[MoreAnswer], Field(description="The next best paragraphs, where a hit is an article.")
    ]
    versions: Annotated[int, Field(description="How many versions of it were found, with itself.")]
    version_ids: Annotated[
        list[str],
        Field(description="Their ids, of paragraphs or of articles; that of this hit first."),
    ]
    explain: ExplanationAnswer | None = None


class TotalAnswer(BaseModel):
    """How many hits there are to page through; "gte": at least so many match."""

    value: int
    relation: Literal["eq", "gte"]


class FacetAnswer(BaseModel):
    """A value of a facet, and how many of all that matches have it."""

    value: Annotated[str, Field(examples=["Northgate Courier", "2023-06"])]
    count: int


class SearchAnswer(BaseModel):
    """Ranked hits; facets by the names that they were asked for by."""

    query: str
    mode: Mode
    group: Grouping
    took_ms: float
    total: TotalAnswer
    hits: list[HitAnswer]
    facets: dict[str, list[FacetAnswer]]
    suggestion: Annotated[
        str | None,
        Field(description="The question as it may have been meant, where a word is unknown."),
    ]
    reranked: RerankedAnswer | None
    warnings: list[str]
    snapshot: int


class SuggestionAnswer(BaseModel):
    """What a question may become; count is of the articles that hold it."""

    text: str
    kind: Kind
    article: Annotated[str | None, Field(description="The newest with this title.")]
    count: int


class SuggestAnswer(BaseModel):
    """Completions of what is typed, best first."""

    q: str
    suggestions: list[SuggestionAnswer]
    took_ms: float
    snapshot: int


class ArticleAnswer(ArticleFields):
    """An article with all its paragraphs."""

    paragraphs: list[ShownParagraph]
    snapshot: int


class WrittenAnswer(BaseModel):
    """What came of an article that was put; snapshot is the commit that has it."""

    id: str
    result: Literal["created", "updated", "unchanged"]
    etag: str
    snapshot: int


class DeletedAnswer(BaseModel):
    """The article is gone; snapshot is the commit without it."""

    id: str
    result: Literal["deleted"]
    snapshot: int


class StatsAnswer(BaseModel):
    """What the index holds."""

    articles: int
    paragraphs: int
    boilerplate: int
    rows: int
    snapshot: int
    committed: str | None
    language: str
    keyword_engine: str
    encoder: str
    reranker: str | None
    dimension: int
    format: int
    bytes: int


class Health(BaseModel):
    """The server answers."""

    status: Literal["ok"]


class FieldError(BaseModel):
    """One field that is wrong, and why."""

    field: str
    reason: str


class Problem(BaseModel):
    """An error, RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []
    durable: Annotated[
        int | None, Field(description="Of a stream that failed: the line up to which all is kept.")
    ] = None
