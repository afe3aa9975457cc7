"""The shapes of requests over HTTP, for validation and for /docs."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from nutgraf.search.request.options import (
    MAX_BUDGET,
    MAX_RERANKED,
    Filters,
    Highlight,
    Recency,
    Rerank,
)
from nutgraf.search.request.search_request import (
    DEPTH,
    MAX_LIMIT,
    MAX_PER_ARTICLE,
    MAX_QUESTION,
    Facet,
    FusionMethod,
    Grouping,
    Mode,
    SearchRequest,
    Versions,
)
from nutgraf.search.suggest.completion import MAX_COMPLETIONS

__all__ = [
    "ArticleBody",
    "FiltersBody",
    "HighlightBody",
    "PublishedBody",
    "RecencyBody",
    "RerankBody",
    "SearchBody",
    "SearchParameters",
    "SimilarParameters",
    "SuggestParameters",
]

Values = str | list[str]

Q = Annotated[
    str,
    Field(
        description=f"The question, at most {MAX_QUESTION:,} characters: plain words, "
        '"phrases", +must, -not, field:word, prefix*, fuzzy~, AND OR NOT.'
    ),
]
ModeField = Annotated[Mode, Field(description="Which rankings answer.")]
FusionField = Annotated[FusionMethod, Field(description="How two rankings become one.")]
Weight = Annotated[
    float | None,
    Field(description="How much meaning counts against keywords, 0 to 1; by itself what suits."),
]
MinScore = Annotated[
    float | None,
    Field(description="The score, 0 to 1, below which hits are left out; 0 shows all there is."),
]
HalfLife = Annotated[
    str, Field(description="After which half of the advantage is gone: 12h, 30d, 2w, 1y.")
]
RecencyWeight = Annotated[
    float, Field(description="The share of a score that age can take, 0 to 1.")
]
Group = Annotated[
    Grouping, Field(description="What a hit is: a paragraph, or an article by its best one.")
]
PerArticle = Annotated[
    int, Field(description=f"Paragraphs shown of an article, 1 to {MAX_PER_ARTICLE}.")
]
VersionsField = Annotated[
    Versions | None,
    Field(
        description="Of versions of one text show the newest, the first or all; "
        "by itself the newest of articles, all paragraphs."
    ),
]
Diversity = Annotated[
    float,
    Field(description="From 0 to 1: how much to avoid hits that say what one before them says."),
]
RerankDepth = Annotated[
    int, Field(description=f"How many candidates are read again at most, 1 to {MAX_RERANKED}.")
]
RerankBudget = Annotated[
    int, Field(description=f"Milliseconds for it, 1 to {MAX_BUDGET:,}; the rest keeps its order.")
]
Limit = Annotated[int, Field(description=f"Hits on the page, 1 to {MAX_LIMIT}.")]
Offset = Annotated[int, Field(description=f"Hits before the page, 0 to {2 * DEPTH}.")]
Facets = Annotated[
    list[Facet], Field(description="Count all that matches by these; a facet's own filter apart.")
]
Pre = Annotated[str, Field(description="Put before a word that matched, in html.")]
Post = Annotated[str, Field(description="Put after it.")]
SemanticPre = Annotated[str, Field(description="Put before a word that is near in meaning.")]
SemanticPost = Annotated[str, Field(description="Put after it.")]
Explain = Annotated[bool, Field(description="Say of each hit why it stands where it does.")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class _Asked(_Strict):
    """What is spelled alike as query parameters and as JSON."""

    q: Q
    mode: ModeField = "hybrid"
    limit: Limit = 10
    offset: Offset = 0
    fusion: FusionField = "convex"
    weight: Weight = None
    min_score: MinScore = None
    facets: Facets = []
    group: Group = "paragraph"
    per_article: PerArticle = 3
    versions: VersionsField = None
    diversity: Diversity = 0.0
    explain: Explain = False

    def _with(
        self,
        filters: Filters,
        recency: Recency | None,
        reranking: Rerank | None,
        highlight: Highlight,
    ) -> SearchRequest:
        return SearchRequest(
            q=self.q,
            mode=self.mode,
            limit=self.limit,
            offset=self.offset,
            filters=filters,
            fusion=self.fusion,
            weight=self.weight,
            recency=recency,
            min_score=self.min_score,
            facets=tuple(self.facets),
            group=self.group,
            per_article=self.per_article,
            versions=self.versions,
            diversity=self.diversity,
            rerank=reranking or False,
            explain=self.explain,
            highlight=highlight,
        )


class _Filtered(_Strict):
    """Filters as query parameters."""

    source: list[str] = []
    author: list[str] = []
    section: list[str] = []
    language: list[str] = []
    article: list[str] = []
    published_from: str | None = None
    published_to: str | None = None

    def filters(self) -> Filters:
        """Return the filters that they describe. Raises RequestError."""
        return Filters(**self.model_dump(include={*_Filtered.model_fields}))


class SimilarParameters(_Filtered):
    """What is asked of an article's neighbours, as query parameters."""

    limit: Limit = 10


class SearchParameters(_Asked, _Filtered):
    """A search request as query parameters."""

    recency_half_life: HalfLife | None = None
    recency_weight: RecencyWeight | None = None
    rerank: Annotated[
        bool | None, Field(description="Have the first candidates read again by the reranker.")
    ] = None
    rerank_depth: RerankDepth | None = None
    rerank_budget_ms: RerankBudget | None = None
    highlight_pre: Pre = "<mark>"
    highlight_post: Post = "</mark>"
    highlight_semantic_pre: SemanticPre = '<mark class="semantic">'
    highlight_semantic_post: SemanticPost = "</mark>"

    def request(self) -> SearchRequest:
        """Return the request that it describes. Raises RequestError."""
        recency = Recency.of(self.recency_half_life, self.recency_weight)
        reranking = Rerank.of(
            wanted=self.rerank, depth=self.rerank_depth, budget_ms=self.rerank_budget_ms
        )
        highlight = Highlight(
            self.highlight_pre,
            self.highlight_post,
            self.highlight_semantic_pre,
            self.highlight_semantic_post,
        )
        return self._with(self.filters(), recency, reranking, highlight)


class SuggestParameters(_Strict):
    """What is typed so far, as query parameters."""

    q: Annotated[str, Field(description="What is typed; empty, it is completed to nothing.")]
    limit: Annotated[int, Field(description=f"Suggestions, 1 to {MAX_COMPLETIONS}.")] = 8


class PublishedBody(_Strict):
    """A range of publication; both ends belong to it."""

    from_: Annotated[str | None, Field(alias="from", examples=["2023-01-01"])] = None
    to: Annotated[str | None, Field(examples=["2023-12-31"])] = None


class FiltersBody(_Strict):
    """What every hit must be; a list holds alternatives."""

    source: Values = []
    author: Values = []
    section: Values = []
    language: Values = []
    article: Values = []
    published: PublishedBody = PublishedBody()

    def filters(self) -> Filters:
        """Return the filters that they describe. Raises RequestError."""
        values = self.model_dump(exclude={"published"})
        ends = self.published
        return Filters(**values, published_from=ends.from_, published_to=ends.to)


class RecencyBody(_Strict):
    """How much newer articles are to count."""

    half_life: HalfLife
    weight: RecencyWeight = 0.2


class RerankBody(_Strict):
    """How much may be reranked."""

    depth: RerankDepth = 20
    budget_ms: RerankBudget = 500


class HighlightBody(_Strict):
    """What is put around a highlight in a snippet's html."""

    pre: Pre = "<mark>"
    post: Post = "</mark>"
    semantic_pre: SemanticPre = '<mark class="semantic">'
    semantic_post: SemanticPost = "</mark>"


class SearchBody(_Asked):
    """A search request as JSON."""

    filters: FiltersBody = FiltersBody()
    recency: RecencyBody | None = None
    rerank: Annotated[
        bool | RerankBody,
        Field(description="Have the first candidates read again by the reranker of the index."),
    ] = False
    highlight: HighlightBody = HighlightBody()

    def request(self) -> SearchRequest:
        """Return the request that it describes. Raises RequestError."""
        filters = self.filters.filters()
        asked = self.recency
        recency = None if asked is None else Recency(asked.half_life, asked.weight)
        reranking = None
        if self.rerank is not False:
            reranking = Rerank() if self.rerank is True else Rerank(**self.rerank.model_dump())
        highlight = Highlight(**self.highlight.model_dump())
        return self._with(filters, recency, reranking, highlight)


class ArticleBody(BaseModel):
    """An article to be put: `title`, and `paragraphs` or `text`."""

    id: Annotated[str | None, Field(description="If given, the one in the URL.")] = None
    title: str
    paragraphs: list[str] | None = None
    text: Annotated[
        str | None, Field(description="In place of paragraphs; blank lines stand between them.")
    ] = None
    url: str | None = None
    source: str | None = None
    author: str | None = None
    section: str | None = None
    published: Annotated[str | None, Field(examples=["2023-01-04"])] = None
    language: str | None = None
