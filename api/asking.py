"""`nutgraf search`: a question in a shell."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nutgraf.api.options import HERE, AsJson, Index, Trust, show_answer
from nutgraf.search.request import FusionMethod, Mode

__all__ = ["add_search", "search"]

Values = Annotated[
    list[str] | None,
    typer.Option(metavar="VALUE", help="Only paragraphs with this value, exactly; repeatable."),
]


def add_search(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(search)


def search(
    question: Annotated[str, typer.Argument(metavar="QUESTION")],
    index: Index = HERE,
    mode: Annotated[Mode, typer.Option(help="Which rankings answer.")] = "hybrid",
    limit: Annotated[int, typer.Option("-n", "--limit", help="Hits to print.")] = 10,
    offset: Annotated[int, typer.Option(help="Hits to leave out before.")] = 0,
    source: Values = None,
    author: Values = None,
    section: Values = None,
    language: Values = None,
    article: Values = None,
    published_from: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only from this day or time on.")
    ] = None,
    published_to: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Only to the end of this day, or to this time."),
    ] = None,
    fusion: Annotated[FusionMethod, typer.Option(help="How rankings are fused.")] = "convex",
    weight: Annotated[
        float | None, typer.Option(metavar="NUMBER", help="What meaning counts in it, 0 to 1.")
    ] = None,
    recency_half_life: Annotated[
        str | None, typer.Option(metavar="TIME", help="Newer counts more: 12h, 30d, 2w or 1y.")
    ] = None,
    recency_weight: Annotated[
        float | None,
        typer.Option(metavar="NUMBER", help="What share of a score age can take; 0.2 by itself."),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say why a hit is there.")] = False,
    highlight_pre: Annotated[
        str, typer.Option(metavar="TEXT", help="Put before a match in the html of --json.")
    ] = "<mark>",
    highlight_post: Annotated[str, typer.Option(metavar="TEXT", help="Put after it.")] = "</mark>",
    as_json: AsJson = False,
    trust: Trust = False,
) -> None:
    """Ask an index: plain words, "phrases", +must, -not, field:word, prefix*, fuzzy~."""
    from nutgraf.search import Filters, Highlight, Recency, Searcher, SearchRequest

    request = SearchRequest(
        q=question,
        mode=mode,
        limit=limit,
        offset=offset,
        filters=Filters(
            source=tuple(source or ()),
            author=tuple(author or ()),
            section=tuple(section or ()),
            language=tuple(language or ()),
            article=tuple(article or ()),
            published_from=published_from,
            published_to=published_to,
        ),
        fusion=fusion,
        weight=weight,
        recency=Recency.of(recency_half_life, recency_weight),
        explain=explain,
        highlight=Highlight(highlight_pre, highlight_post),
    )
    with Searcher(index, trust=trust) as searcher:
        response = searcher.search(request)

    def pretty() -> None:
        from nutgraf.api.terminal import print_hits, standard_output

        print_hits(response, standard_output())
        for warning in response.warnings:
            print(f"nutgraf: {warning}", file=sys.stderr)

    show_answer(response.to_dict(), as_json, pretty)
