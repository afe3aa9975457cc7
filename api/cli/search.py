"""`nutgraf search` and `nutgraf suggest`: a question in a shell, or its beginning."""

from __future__ import annotations

import sys
from typing import Annotated, cast

import typer

from nutgraf.api.cli.options import (
    DEFAULT_INDEX,
    AsJson,
    FilterValues,
    Index,
    PublishedFrom,
    PublishedTo,
    Trust,
    print_answer,
)
from nutgraf.search.request.search_request import (
    FACETS,
    Facet,
    FusionMethod,
    Grouping,
    Mode,
    Versions,
)

__all__ = ["add_search", "search", "suggest"]

Facets = Annotated[
    list[str] | None,  # typer knows no list of choices
    typer.Option(metavar="FACET", help=f"Count what matches by {', '.join(FACETS)}; repeatable."),
]


def add_search(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(search)
    app.command()(suggest)


def search(
    question: Annotated[str, typer.Argument(metavar="QUESTION")],
    index: Index = DEFAULT_INDEX,
    mode: Annotated[Mode, typer.Option(help="Which rankings answer.")] = "hybrid",
    limit: Annotated[int, typer.Option("-n", "--limit", help="Hits to print.")] = 10,
    offset: Annotated[int, typer.Option(help="Hits to leave out before.")] = 0,
    source: FilterValues = None,
    author: FilterValues = None,
    section: FilterValues = None,
    language: FilterValues = None,
    article: FilterValues = None,
    published_from: PublishedFrom = None,
    published_to: PublishedTo = None,
    fusion: Annotated[FusionMethod, typer.Option(help="How rankings are fused.")] = "convex",
    weight: Annotated[
        float | None, typer.Option(metavar="NUMBER", help="What meaning counts in it, 0 to 1.")
    ] = None,
    min_score: Annotated[
        float | None, typer.Option(metavar="NUMBER", help="Leave out what scores less, 0 to 1.")
    ] = None,
    recency_half_life: Annotated[
        str | None, typer.Option(metavar="TIME", help="Newer counts more: 12h, 30d, 2w or 1y.")
    ] = None,
    recency_weight: Annotated[
        float | None,
        typer.Option(metavar="NUMBER", help="What share of a score age can take; 0.2 by itself."),
    ] = None,
    facets: Facets = None,
    group: Annotated[
        Grouping | None,
        typer.Option(help="What a hit is; articles by themselves, paragraphs with --json."),
    ] = None,
    per_article: Annotated[int, typer.Option(help="Paragraphs to print of an article.")] = 3,
    versions: Annotated[
        Versions | None,
        typer.Option(help="What to print of versions; the newest of articles by itself."),
    ] = None,
    diversity: Annotated[
        float, typer.Option(metavar="NUMBER", help="Avoid hits that say the same, 0 to 1.")
    ] = 0.0,
    rerank: Annotated[
        bool | None,
        typer.Option(
            "--rerank/--no-rerank",
            help="Read the first hits again, with the index's reranker; done if it has one.",
        ),
    ] = None,
    rerank_depth: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="How many hits; 20 by itself.")
    ] = None,
    rerank_budget_ms: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Milliseconds for it; 500 by itself.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say why a hit is there.")] = False,
    highlight_pre: Annotated[
        str, typer.Option(metavar="TEXT", help="Put before a match in the html of --json.")
    ] = "<mark>",
    highlight_post: Annotated[str, typer.Option(metavar="TEXT", help="Put after it.")] = "</mark>",
    highlight_semantic_pre: Annotated[
        str, typer.Option(metavar="TEXT", help="Put before a word that is near in meaning.")
    ] = '<mark class="semantic">',
    highlight_semantic_post: Annotated[
        str, typer.Option(metavar="TEXT", help="Put after it.")
    ] = "</mark>",
    as_json: AsJson = False,
    trust: Trust = False,
) -> None:
    """Ask an index: plain words, "phrases", +must, -not, field:word, prefix*, fuzzy~."""
    from nutgraf.index.manifest import Manifest
    from nutgraf.search import Filters, Highlight, Recency, Rerank, Searcher, SearchRequest

    if rerank is None and Manifest.read(index).reranker is not None:
        rerank = True
    reranking = Rerank.of(wanted=rerank, depth=rerank_depth, budget_ms=rerank_budget_ms)
    request = SearchRequest(
        q=question,
        mode=mode,
        limit=limit,
        offset=offset,
        filters=Filters.of(
            source, author, section, language, article, published_from, published_to
        ),
        fusion=fusion,
        weight=weight,
        recency=Recency.of(recency_half_life, recency_weight),
        min_score=min_score,
        facets=cast("tuple[Facet, ...]", tuple(facets or ())),
        # Who reads wants a story once; a program, what there is.
        group=group or ("paragraph" if as_json else "article"),
        per_article=per_article,
        versions=versions,
        diversity=diversity,
        rerank=reranking or False,
        explain=explain,
        highlight=Highlight(
            highlight_pre, highlight_post, highlight_semantic_pre, highlight_semantic_post
        ),
    )
    with Searcher(index, trust=trust) as searcher:
        response = searcher.search(request)

    def pretty() -> None:
        from nutgraf.api.cli.output import print_facets, print_hits, printable, standard_output

        if response.suggestion is not None:
            print(f"did you mean: {printable(response.suggestion)}", file=sys.stderr)
        console = standard_output()
        print_hits(response, console, faint=min_score is not None or diversity > 0)
        print_facets(response.facets, console)
        for warning in response.warnings:
            print(f"nutgraf: {warning}", file=sys.stderr)

    print_answer(response.to_dict(), as_json, pretty)


def suggest(
    typed: Annotated[str, typer.Argument(metavar="TEXT", help="What is typed so far.")],
    index: Index = DEFAULT_INDEX,
    limit: Annotated[int, typer.Option("-n", "--limit", help="Suggestions to print.")] = 8,
    as_json: AsJson = False,
    trust: Trust = False,
) -> None:
    """Complete the beginning of a question: to titles, frequent phrases, words."""
    from nutgraf.search import Searcher

    with Searcher(index, trust=trust) as searcher:
        completions = searcher.suggest(typed, limit)

    def pretty() -> None:
        from nutgraf.api.cli.output import print_completions, standard_output

        print_completions(completions, standard_output())

    print_answer(completions.to_dict(), as_json, pretty)
