"""`nutgraf similar`: what is near an article or a paragraph in meaning."""

from __future__ import annotations

from typing import Annotated

import typer

from nutgraf.api.cli.options import HERE, AsJson, From, Index, To, Trust, Values, show_answer
from nutgraf.index.errors import UserError

__all__ = ["add_similar", "similar"]


def add_similar(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(similar)


def similar(
    name: Annotated[str, typer.Argument(metavar="ARTICLE", help="An id, or ID#POSITION.")],
    index: Index = HERE,
    limit: Annotated[int, typer.Option("-n", "--limit", help="Hits to print.")] = 10,
    source: Values = None,
    author: Values = None,
    section: Values = None,
    language: Values = None,
    article: Values = None,
    published_from: From = None,
    published_to: To = None,
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

    show_answer(response.to_dict(), as_json, pretty)
