"""SearchRequest: what can be asked, the same in Python, over HTTP and in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Annotated, Final, Literal

from nutgraf.index.schema import FACETS
from nutgraf.search.errors import RequestError
from nutgraf.search.request.declaration import Option
from nutgraf.search.request.options import Filters, Highlight, Recency, Rerank
from nutgraf.search.request.validation import check_fields

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
    """One question and how it is to be answered.

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
    reranker of the index. `text` is for JSON: in Python a paragraph always has its text.

    Raises RequestError naming the field.
    """

    q: Annotated[
        str,
        Option(
            'The question: plain words, "phrases", +must, -not, field:word, prefix*, fuzzy~, '
            "AND OR NOT.",
            max_length=MAX_QUESTION,
        ),
    ]
    _: KW_ONLY
    mode: Annotated[Mode, Option("Which rankings answer.")] = "hybrid"
    limit: Annotated[int, Option("Hits on the page.", ge=1, le=MAX_LIMIT, flags=("-n",))] = 10
    offset: Annotated[int, Option("Hits before the page.", ge=0, le=MAX_OFFSET)] = 0
    filters: Annotated[Filters, Option("Conditions that every hit must meet.", flat=True)] = field(
        default_factory=Filters
    )
    fusion: Annotated[FusionMethod, Option("How two rankings become one.")] = "convex"
    weight: Annotated[
        float | None,
        Option(
            "How much meaning counts against keywords; by itself as fits the question.", ge=0, le=1
        ),
    ] = None
    recency: Annotated[Recency | None, Option("How much newer articles are to count.")] = None
    min_score: Annotated[
        float | None,
        Option("Leave out hits that score less; 0 shows all there is.", ge=0, le=1),
    ] = None
    facets: Annotated[
        Sequence[Facet],
        Option("Count all that matches by these; a facet's own filter apart.", metavar="FACET"),
    ] = ()
    group: Annotated[
        Grouping, Option("What a hit is: a paragraph, or an article by its best one.")
    ] = "paragraph"
    per_article: Annotated[
        int, Option("Paragraphs shown of an article.", ge=1, le=MAX_PER_ARTICLE)
    ] = 3
    versions: Annotated[
        Versions | None,
        Option(
            "Of versions of one text show the newest, the first or all; by itself the newest of "
            "articles, all paragraphs."
        ),
    ] = None
    diversity: Annotated[
        float, Option("How much to avoid hits that say what one before them says.", ge=0, le=1)
    ] = 0.0
    rerank: Annotated[
        bool | Rerank,
        Option("Have the first candidates read again by the reranker of the index."),
    ] = False
    explain: Annotated[bool, Option("Say of each hit why it stands where it does.")] = False
    text: Annotated[bool, Option("Give the whole text of each paragraph in JSON.")] = False
    highlight: Annotated[Highlight, Option("The marks around a highlight in a snippet's html.")] = (
        field(default_factory=Highlight)
    )

    def __post_init__(self) -> None:
        check_fields(self)
        if not self.q.strip():
            raise RequestError("q", "is empty; ask something")

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
