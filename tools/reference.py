"""Generate docs/reference.md from the code: options, commands, routes and limits.

`python tools/reference.py` prints the page. `make docs` writes the page to
docs/reference.md. A test fails if that file differs from the printed page.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator
from dataclasses import MISSING
from typing import Any, Final

import typer.main

from nutgraf.api.cli.main import app
from nutgraf.api.cli.search_options import bounds
from nutgraf.api.http.app import create_app
from nutgraf.api.write_queue import queue
from nutgraf.index import article, json_lines
from nutgraf.index.sources.files import decompress
from nutgraf.index.sources.formats import feed, markdown, pdf, pdf_file
from nutgraf.search import SearchRequest
from nutgraf.search.request import options, search_request
from nutgraf.search.request.declaration import Declared, DeclaredGroup, declared, flat_options

MEBIBYTE: Final = 1024 * 1024

HEAD: Final = """\
# Reference

Every option, command, route and limit. `make docs` writes this page from the code. The other
pages explain how to use them: [searching](searching.md), [the query language](query-language.md),
[HTTP](http.md), [formats](formats.md), [keeping an index](keeping.md)."""

LIMITS: Final = (
    ("Characters in a question", search_request.MAX_QUESTION),
    ("Hits on a page", search_request.MAX_LIMIT),
    ("Hits before a page (`offset`)", search_request.MAX_OFFSET),
    ("Rows that are read of each ranking", search_request.DEPTH),
    ("Values of one filter", options.MAX_VALUES),
    ("Paragraphs shown of one article", search_request.MAX_PER_ARTICLE),
    ("Hits that a reranker reads", options.MAX_RERANKED),
    ("Characters in an article's id", article.MAX_ID),
    ("Characters in a title or another field", article.MAX_VALUE),
    ("Characters in a paragraph", article.MAX_PARAGRAPH),
    ("Paragraphs in an article", article.MAX_PARAGRAPHS),
    ("MiB in a text file, a line of JSONL or a row", json_lines.MAX_TEXT // MEBIBYTE),
    ("MiB in a feed", feed.MAX_FEED // MEBIBYTE),
    ("MiB in a Markdown file", markdown.MAX_MARKDOWN // MEBIBYTE),
    ("MiB in a PDF", pdf.MAX_PDF // MEBIBYTE),
    ("Pages in a PDF", pdf_file.MAX_PAGES),
    ("Times that a compressed file above 64 MiB may grow", decompress.MAX_RATIO),
    ("Changes that wait for a server's writer", queue.CHANGE_SLOTS),
    ("MiB of changes that wait", queue.MAX_CHANGE_BYTES // MEBIBYTE),
    ("Streams that a server reads at once", queue.STREAM_SLOTS),
)


COMMON: Final = ("index", "as_json", "trust")
"""Parameters that many commands have. One table describes them for all commands."""

SEARCHING: Final = {each.flat for each in flat_options(SearchRequest)}


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    head = list(head)
    yield "| " + " | ".join(head) + " |"
    yield "| " + " | ".join("---" for _ in head) + " |"
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def code(text: str) -> str:
    """Return a text as a Markdown code span. An empty text stays empty."""
    return f"`{text}`" if text else ""


def search_options() -> Iterator[str]:
    """Yield the table of search options, one row per option."""
    nested = {}
    for each in declared(SearchRequest):
        if isinstance(each, DeclaredGroup):
            nested |= {one.flat: f"{each.name}.{one.name}" for one in each.options}
    of_search = {each.name: flags(each) for each in commands()["search"].params}
    yield from table(
        ("HTTP parameter", "JSON body", "flag", "values", "default", "effect"),
        (
            (
                code(each.flat),
                code(nested.get(each.flat, each.name)),
                of_search.get(each.flat, "the argument"),
                values(each),
                default(each),
                each.option.help,
            )
            for each in flat_options(SearchRequest)
        ),
    )


def values(each: Declared) -> str:
    """Return the values that an option accepts, in words."""
    if each.choices:
        text = ", ".join(code(choice) for choice in each.choices)
    elif each.kind is bool:
        text = "true or false"
    elif each.kind is str:
        text = bounds(each.option) or "text"
        if each.option.max_length is not None and not each.many:
            text += f", {each.option.max_length:,} characters"
    else:
        text = f"number, {bounds(each.option)}"
    return f"{text}; several" if each.many else text


def default(each: Declared) -> str:
    """Return the default value of an option, in words."""
    if each.default is MISSING:
        return "required"
    value = each.default if each.group_default is None else each.group_default
    if value in (None, ()):
        return ""
    return str(value).lower() if isinstance(value, bool) else code(f"{value}")


def commands() -> dict[str, Any]:
    """Return the commands of the command line by their names."""
    found: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return found


def command_line() -> Iterator[str]:
    """Yield the table of common options, and a section for each command."""
    shared: dict[str, Any] = {}
    for command in commands().values():
        shared |= {each.name: each for each in command.params if each.name in COMMON}
    yield "Options that most commands take:"
    yield ""
    yield from option_table(shared[name] for name in COMMON)
    yield ""
    for name, command in commands().items():
        arguments = "".join(
            " " + each.make_metavar(typer.Context(command))
            for each in command.params
            if each.param_type_name == "argument"
        )
        yield f"### `nutgraf {name}`"
        yield ""
        yield f"`nutgraf {name} [OPTIONS]{arguments}`"
        yield ""
        yield inspect.cleandoc(command.help)
        yield ""
        options = [each for each in command.params if each.param_type_name == "option"]
        own = [each for each in options if each.name not in SEARCHING | set(COMMON)]
        others = ", ".join(
            flags(each) for each in options if each.name in COMMON and each.name not in SEARCHING
        )
        if name == "search":
            yield f"Options: all [search options](#search-options), {others}."
        else:
            known = [flags(each) for each in options if each.name in SEARCHING]
            listed = ", ".join([*known, others])
            yield f"{'Other options' if own else 'Options'}: {listed}."
        yield ""
        if own:
            yield from option_table(own)
            yield ""


def option_table(options: Iterable[Any]) -> Iterator[str]:
    """Yield a table of command-line options."""
    yield from table(
        ("option", "environment variable", "effect"),
        ((flags(each), code(each.envvar or ""), each.help or "") for each in options),
    )


def flags(option: Any) -> str:
    """Return the flags of an option of the command line, as Markdown."""
    return " ".join(code(flag) for flag in (*option.opts, *option.secondary_opts))


def routes() -> Iterator[str]:
    """Yield the table of HTTP routes, as OpenAPI describes them."""
    paths = create_app(None).openapi()["paths"]  # type: ignore[arg-type]
    yield from table(
        ("route", "effect", "statuses"),
        (
            (
                code(f"{method.upper()} {path}"),
                route["summary"],
                ", ".join(sorted(route["responses"])),
            )
            for path, methods in paths.items()
            for method, route in methods.items()
        ),
    )


def reference() -> str:
    """Return the text of docs/reference.md."""
    lines = [HEAD, "", "## Search options", ""]
    lines += [*search_options(), "", "## Commands", "", *command_line()]
    lines += ["## HTTP routes", "", *routes(), "", "## Limits", ""]
    lines += table(("limit", "value"), ((name, f"{value:,}") for name, value in LIMITS))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
