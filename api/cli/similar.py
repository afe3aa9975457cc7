"""`nutgraf similar`: what is near an article or a paragraph in meaning."""

from __future__ import annotations

from typing import Annotated

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
from nutgraf.index.errors import UserError

__all__ = ["add_similar", "similar"]


def add_similar(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(similar)


def similar(
    name: Annotated[str, typer.Argument(metavar="ARTICLE", help="An id, or ID#POSITION.")],
    index: Index = DEFAULT_INDEX,
    limit: Annotated[int, typer.Option("-n", "--limit", help="Hits to print.")] = 10,
    source: FilterValues = None,
    author: FilterValues = None,
    section: FilterValues = None,
    language: FilterValues = None,
    article: FilterValues = None,
    published_from: PublishedFrom = None,
    published_to: PublishedTo = None,
    as_json: AsJson = False,
    trust: Trust = False,
) -> None:
    """List articles near an article in meaning; with #POSITION, paragraphs near that one."""
    from nutgraf.search import Filters, Searcher

    filters = Filters.of(source, author, section, language, article, published_from, published_to)
    with Searcher(index, trust=trust) as searcher:
        response = searcher.similar(name, limit=limit, filters=filters)
    if response is None:
        raise UserError(f"there is no article or paragraph {name!r} in {index}")

    def pretty() -> None:
        from nutgraf.api.cli.output import print_hits, standard_output

        print_hits(response, standard_output())

    print_answer(response.to_dict(), as_json, pretty)
