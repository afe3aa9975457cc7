"""SearchRequest: a question and its options, in Python, HTTP and the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Annotated, Final, Literal

from nutgraf.search.errors import RequestError
from nutgraf.search.request.declaration import Option
from nutgraf.search.request.facet_name import FACET, FORMS
from nutgraf.search.request.options import Filters, Highlight, Recency, Rerank
from nutgraf.search.request.validation import check_fields

__all__ = [
    "DEPTH",
    "MAX_LIMIT",
    "MAX_PER_ARTICLE",
    "MAX_QUESTION",
    "FusionMethod",
    "Grouping",
    "Mode",
    "Scope",
    "SearchRequest",
    "Versions",
]

Mode = Literal["hybrid", "keyword", "semantic"]
FusionMethod = Literal["convex", "rrf"]
Grouping = Literal["paragraph", "article"]
Scope = Literal["paragraph", "article"]
Versions = Literal["newest", "first", "all"]

DEPTH: Final = 200
"""Number of rows that match a question by their meaning: the nearest ones."""

MAX_LIMIT: Final = 100
"""Maximum number of hits on a page."""

MAX_OFFSET: Final = 10_000
"""Maximum offset. A cursor reaches the hits after it."""

MAX_CURSOR: Final = 4_096
"""Maximum number of characters in a cursor."""

EVERYTHING: Final = "*"
"""A question that lists all articles, as an empty question does."""

SORT: Final = re.compile(r"relevance|newest|oldest|[a-z][a-z0-9_]{0,63}(:(asc|desc))?", re.ASCII)

MIN_EFFORT: Final = 0.1

MAX_EFFORT: Final = 8.0
"""The highest effort. It searches all clusters."""

MAX_PER_ARTICLE: Final = 20
"""Maximum number of paragraphs shown for one article."""

MAX_FACETS: Final = 20
"""Maximum number of facets of one request."""

MAX_QUESTION: Final = 2_000
"""Maximum number of characters in a question, enough for a long paragraph."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One question and its options.

    `weight` is the weight of meaning against keywords in the fusion, 0 to 1. With None, the weight
    depends on the fusion method. `lead` is the bonus of the first paragraph of an article; with
    None, it is a property of the index. `effort` is that of the search by meaning in a large index.
    Without `recency`, age has no effect. Hits that score less than `min_score` are omitted. If
    `min_score` is None, no hit is omitted for its score, but if nothing is relevant, there are no
    hits. `facets` are the fields whose values are counted over all matches. A list, or one text, is
    accepted in place of a tuple.

    If `q` is empty or "*", the result is a listing: all articles that meet the filters, newest
    first, without scores. A question with only conditions, such as `source:bbc`, is a listing too.
    `sort` is relevance, newest, oldest, or a field with :asc or :desc. A response has the cursor of
    its next page in `next`; `cursor` continues there.

    `scope` decides where the conditions of the question must be met: in the paragraph or the
    title and summary of its article, or anywhere in the article. None means the same as `group`.

    `group` decides if a hit is a paragraph or an article. A hit that is an article shows up to
    `per_article` paragraphs. Versions are copies and updates of one text. `versions` decides if
    only the newest or the first of them is shown, or if all are separate hits. None means the
    newest for articles, and all for paragraphs. `diversity`, 0 to 1, moves hits down that repeat an
    earlier hit.

    With `correct`, a misspelled question that brings nothing is answered as its correction, which
    is then in `corrected` of the response.

    If `rerank` is True or a Rerank, the reranker of the index scores the first candidates again.
    `text` is only for JSON: in Python, a paragraph always has its text.

    Raises RequestError if a field is not valid. The error names the field.
    """

    q: Annotated[
        str,
        Option(
            'The question: plain words, "phrases", +must, -not, field:word, prefix*, wild?card, '
            "fuzzy~, AND, OR, NOT; empty or * lists all articles that meet the filters.",
            max_length=MAX_QUESTION,
        ),
    ] = ""
    _: KW_ONLY
    mode: Annotated[
        Mode, Option("Rank by keywords, by meaning (semantic), or by both (hybrid).")
    ] = "hybrid"
    limit: Annotated[
        int, Option("Number of hits on the page.", ge=1, le=MAX_LIMIT, flags=("-n",))
    ] = 10
    offset: Annotated[
        int,
        Option(
            "Number of hits to skip before the page; a cursor reaches the hits after that.",
            ge=0,
            le=MAX_OFFSET,
        ),
    ] = 0
    cursor: Annotated[
        str | None,
        Option(
            "Continue after the page that returned this cursor as next; with the same question "
            "and options.",
            max_length=MAX_CURSOR,
        ),
    ] = None
    sort: Annotated[
        str | None,
        Option(
            "Order of the hits; by default relevance, and newest if the question has no words.",
            pattern=SORT,
            form="relevance, newest, oldest, or a field with :asc or :desc, such as source:asc",
            metavar="ORDER",
            examples=("newest", "source:asc"),
        ),
    ] = None
    filters: Annotated[Filters, Option("Conditions that every hit must meet.", flat=True)] = field(
        default_factory=Filters
    )
    fusion: Annotated[
        FusionMethod,
        Option("Combine the 2 rankings of hybrid mode by their scores (convex) or ranks (rrf)."),
    ] = "convex"
    weight: Annotated[
        float | None,
        Option(
            "Weight of meaning in hybrid mode: 0 is keywords alone, 1 is meaning alone; by "
            "default, rrf uses 0.5, and convex 0.15 to 0.5, more if fewer words match.",
            ge=0,
            le=1,
        ),
    ] = None
    lead: Annotated[
        float | None,
        Option(
            "Bonus of the first paragraph of an article in hybrid mode: 0 is none; by default, "
            "the bonus of the index, which is usually 0.03.",
            ge=0,
            le=1,
        ),
    ] = None
    effort: Annotated[
        float,
        Option(
            "Effort of the search by meaning in an index of 50,000 paragraphs or more: 1 finds 98 "
            "of the 100 nearest paragraphs on average; the time grows with it.",
            ge=MIN_EFFORT,
            le=MAX_EFFORT,
        ),
    ] = 1.0
    recency: Annotated[
        Recency | None, Option("Rank newer articles higher; by default, age has no effect.")
    ] = None
    min_score: Annotated[
        float | None,
        Option(
            "Omit hits with a lower score; by default, all hits are returned, but none if nothing "
            "is relevant; 0 returns hits even then.",
            ge=0,
            le=1,
        ),
    ] = None
    facets: Annotated[
        str | Sequence[str],
        Option(
            "Count all hits by the values of this field, by the days, months or years of a date, "
            "or by ranges of a number; a filter on the same field does not apply to its counts.",
            pattern=FACET,
            form=FORMS,
            max_items=MAX_FACETS,
            metavar="FACET",
            examples=("section", "published:month"),
            commas=True,
        ),
    ] = ()
    group: Annotated[
        Grouping, Option("Return paragraphs as hits, or articles with their best paragraphs.")
    ] = "paragraph"
    scope: Annotated[
        Scope | None,
        Option(
            'Apply "phrases", +must, -not and NOT to the paragraph with its title and summary, or '
            "to the whole article; by default, the same as group."
        ),
    ] = None
    per_article: Annotated[
        int,
        Option(
            "Maximum number of paragraphs shown for each article, if hits are articles.",
            ge=1,
            le=MAX_PER_ARTICLE,
        ),
    ] = 3
    versions: Annotated[
        Versions | None,
        Option(
            "Show the newest version of a text, the first, or all; by default, the newest of "
            "articles, and all of paragraphs."
        ),
    ] = None
    correct: Annotated[
        bool,
        Option(
            "If the question brings nothing and its words are misspelled, answer the corrected "
            "question and say so."
        ),
    ] = True
    diversity: Annotated[
        float,
        Option(
            "Move hits down that repeat an earlier hit: 0 orders by score alone, 1 by difference "
            "alone.",
            ge=0,
            le=1,
        ),
    ] = 0.0
    rerank: Annotated[
        bool | Rerank,
        Option(
            "Score the best candidates again with the reranker of the index; an error if it has "
            "none."
        ),
    ] = False
    explain: Annotated[
        bool,
        Option(
            "Show the rank and score of each hit in each ranking, the fusion weight, and the "
            "effects of recency and reranking."
        ),
    ] = False
    text: Annotated[bool, Option("Include the complete text of each paragraph in JSON.")] = False
    highlight: Annotated[
        Highlight, Option("Markup around highlights in the HTML of a snippet; not escaped.")
    ] = field(default_factory=Highlight)

    def __post_init__(self) -> None:
        check_fields(self)
        if self.cursor is not None and self.offset:
            raise RequestError("offset", "is not possible with a cursor; omit one of them")

    @property
    def is_empty(self) -> bool:
        """Whether the question is empty or "*", so that it matches everything."""
        return self.q.strip() in ("", EVERYTHING)

    @property
    def effective_scope(self) -> Scope:
        """The value of `scope`; if this is None, the default value for `group`."""
        return self.scope or self.group

    def without_page(self) -> SearchRequest:
        """Return the request with fixed values for options of the page and its display.

        Two requests with the same result have the same hits in the same order.
        """
        return replace(
            self,
            limit=1,
            offset=0,
            cursor=None,
            facets=(),
            per_article=1,
            explain=False,
            text=False,
            highlight=Highlight(),
        )

    @property
    def effective_versions(self) -> Versions:
        """The value of `versions`; if this is None, the default value for `group`."""
        return self.versions or ("newest" if self.group == "article" else "all")

    @property
    def reranking(self) -> Rerank | None:
        """The limits of reranking; None without reranking."""
        if isinstance(self.rerank, Rerank):
            return self.rerank
        return Rerank() if self.rerank else None
