"""`nutgraf search` and `nutgraf suggest`."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from nutgraf.api.cli.options import DEFAULT_INDEX, AsJson, Index, Trust, print_answer
from nutgraf.api.cli.search_options import with_search_options

__all__ = ["add_search", "search", "suggest"]


def add_search(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(
        with_search_options(
            search,
            group="article, or paragraph with --json",
            rerank="if the index has a reranker",
        )
    )
    app.command()(suggest)


def search(
    question: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[QUESTION...]",
            help="The question. Only signs of the shell, such as quotation marks, * and !, "
            "need quotation marks around it. Without a question, the newest articles are listed.",
            show_default=False,
        ),
    ] = None,
    index: Index = DEFAULT_INDEX,
    as_json: AsJson = False,
    urls: Annotated[
        bool, typer.Option("--urls", help="Print the URL of each article below its title.")
    ] = False,
    trust: Trust = False,
    **options: Any,
) -> None:
    """Search an index and print the best hits.

    QUESTION may contain plain words, "phrases", +must, -not, field:word, prefix*,
    wild?card, fuzzy~, AND, OR, NOT and brackets. If it begins with -, write the options
    first, then -- and the question.
    """
    from nutgraf.index.manifest import Manifest
    from nutgraf.search import Searcher, SearchRequest
    from nutgraf.search.request.declaration import from_flat

    if options["rerank"] is None and Manifest.read(index).reranker is not None:
        options["rerank"] = True
    if options["group"] is None:
        # A person wants to see each article once. A program wants every paragraph.
        options["group"] = "paragraph" if as_json else "article"
    request = from_flat(SearchRequest, {"q": " ".join(question or ()), **options})
    with Searcher(index, trust=trust) as searcher:
        response = searcher.search(request)

    def pretty() -> None:
        from nutgraf.api.cli.output import (
            corrected_lines,
            print_facets,
            print_hits,
            printable,
            standard_output,
            understood_line,
            unknown_line,
        )

        if response.suggestion is not None:
            print(f"did you mean: {printable(response.suggestion)}", file=sys.stderr)
        if response.corrected is not None:
            print(corrected_lines(response.corrected, response.query), file=sys.stderr)
        elif response.unknown:
            print(unknown_line(response.unknown), file=sys.stderr)
        for one in response.understood:
            print(understood_line(one), file=sys.stderr)
        console = standard_output()
        faint = request.min_score is not None or request.diversity > 0
        # With these options, scores only order the hits: they are no probabilities.
        only_order = request.fusion == "rrf" or request.weight is not None
        print_hits(response, console, faint=faint, urls=urls, numbers=only_order)
        print_facets(response.facets, console)
        for warning in response.warnings:
            print(f"nutgraf: {warning}", file=sys.stderr)

    print_answer(response.to_dict(text=request.text), as_json, pretty)


def suggest(
    typed: Annotated[str, typer.Argument(metavar="TEXT", help="The text typed so far.")],
    index: Index = DEFAULT_INDEX,
    limit: Annotated[
        int, typer.Option("-n", "--limit", help="The maximum number of suggestions.")
    ] = 8,
    as_json: AsJson = False,
    trust: Trust = False,
) -> None:
    """Complete the beginning of a question.

    Suggestions are titles, frequent phrases and words of the index.
    """
    from nutgraf.search import Searcher

    with Searcher(index, trust=trust) as searcher:
        completions = searcher.suggest(typed, limit)

    def pretty() -> None:
        from nutgraf.api.cli.output import print_completions, standard_output

        print_completions(completions, standard_output())

    print_answer(completions.to_dict(), as_json, pretty)
