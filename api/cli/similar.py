"""`nutgraf similar`: articles or paragraphs that are near in meaning."""

from __future__ import annotations

import sys
from typing import Any

import typer

from nutgraf.api.cli.options import DEFAULT_INDEX, ArticleName, AsJson, Index, Trust, print_answer
from nutgraf.api.cli.search_options import with_search_options
from nutgraf.index.errors import UserError

__all__ = ["add_similar", "similar"]


def add_similar(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(with_search_options(similar, ("limit", "filters")))


def similar(
    name: ArticleName,
    index: Index = DEFAULT_INDEX,
    as_json: AsJson = False,
    trust: Trust = False,
    **options: Any,
) -> None:
    """List the articles nearest in meaning to an article.

    For ID#POSITION, list the paragraphs of other articles nearest to that paragraph.
    """
    from nutgraf.search import Searcher, SearchRequest
    from nutgraf.search.request.declaration import arguments

    asked = arguments(SearchRequest, options)
    with Searcher(index, trust=trust) as searcher:
        response = searcher.similar(name, **asked)
    if response is None:
        raise UserError(
            f"there is no article or paragraph {name!r} in {index}; check the id and --index"
        )

    def pretty() -> None:
        from nutgraf.api.cli.output import print_hits, standard_output

        print_hits(response, standard_output(), numbers=True)
        for warning in response.warnings:
            print(f"nutgraf: {warning}", file=sys.stderr)

    print_answer(response.to_dict(), as_json, pretty)
