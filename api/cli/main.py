"""The command line, and its commands `index`, `show`, `stats` and `delete`.

The other commands are in indexing/watch.py, search.py, similar.py, serve.py, maintenance.py and
evaluate.py.

Each command imports the modules that it needs: a search in a shell takes less time
than the import of an HTTP server.
"""

from __future__ import annotations

import gc
import io
import os
import shlex
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from nutgraf.api.cli.evaluate import add_evaluate
from nutgraf.api.cli.indexing.watch import add_watch
from nutgraf.api.cli.maintenance import add_maintenance
from nutgraf.api.cli.options import (
    DEFAULT_INDEX,
    EXIT_INTERNAL_ERROR,
    EXIT_INTERRUPTED,
    EXIT_USER_ERROR,
    MAX_LOCK_WAIT_SECONDS,
    ArticleName,
    AsJson,
    Columns,
    Device,
    Fields,
    Index,
    KeepBoilerplate,
    KeywordEngine,
    Lead,
    Model,
    Rejects,
    Reranker,
    Trust,
    print_answer,
)
from nutgraf.api.cli.search import add_search
from nutgraf.api.cli.serve import add_serve
from nutgraf.api.cli.similar import add_similar
from nutgraf.api.cli.system_errors import is_fault_of_user, system_error
from nutgraf.index.errors import NutgrafError, UserError

__all__ = ["app", "main", "run"]

app = typer.Typer(
    name="nutgraf",
    help="""Full-text and semantic search over the paragraphs of articles.

    Start with 'nutgraf index FOLDER', then 'nutgraf search QUESTION'. For the options of a
    command, run 'nutgraf COMMAND --help'.

    Exit codes: 0 for success; 1 for a damaged index or an internal error; 2 for an error that
    you can fix; 130 if interrupted.
    """,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # The import takes 25 ms.

        print(f"nutgraf {version('nutgraf')}")
        raise typer.Exit


@app.callback()
def nutgraf(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Full-text and semantic search over the paragraphs of articles."""


@app.command()
def index(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCES...", help="Files, folders, or - for JSONL on standard input."
        ),
    ],
    index: Index = DEFAULT_INDEX,
    keyword_engine: KeywordEngine = None,
    model: Model = None,
    reranker: Reranker = None,
    keep_boilerplate: KeepBoilerplate = False,
    lead: Lead = None,
    columns: Columns = None,
    fields: Fields = None,
    device: Device = None,
    rejects: Rejects = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Write nothing; print the articles that would be indexed."),
    ] = False,
    as_json: AsJson = False,
    trust: Trust = False,
) -> None:
    """Index articles, and create the index if there is none.

    SOURCES may contain plain text, JSONL, CSV, TSV, Parquet, Markdown, PDF, RSS and Atom
    feeds, HTML and web archives, also compressed or in a zip.

    It is safe to index articles again: unchanged ones are skipped, changed ones are
    replaced. Articles that cannot be indexed are reported, and the exit code is then 2.
    """
    from rich.console import Console

    from nutgraf.api.cli.indexing.article_reader import ArticleReader
    from nutgraf.api.cli.indexing.dry_run import dry_run_sources, print_outcome
    from nutgraf.api.cli.indexing.index import IndexOptions, index_sources
    from nutgraf.api.cli.indexing.rejects import open_rejects
    from nutgraf.index.fields.declared import parse_fields
    from nutgraf.index.sources import ReadOptions, parse_columns

    options = ReadOptions(parse_columns(columns or ()))
    with open_rejects(rejects, sources) as file:
        reader = ArticleReader(Console(stderr=True), options, file)
        if dry_run:
            summary = dry_run_sources(sources, index, reader, None if as_json else print_outcome)
        else:
            index_options = IndexOptions(
                model,
                reranker,
                keyword_engine,
                keep_boilerplate,
                lead,
                parse_fields(fields or ()),
                device,
            )
            summary = index_sources(sources, index, index_options, reader, trust=trust)
    print_answer(summary.to_dict(), as_json, lambda: print(f"{index}: {summary}"))
    if summary.interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)
    if summary.rejected:
        raise typer.Exit(EXIT_USER_ERROR)


add_watch(app)
add_search(app)
add_similar(app)


@app.command()
def show(
    article: ArticleName,
    index: Index = DEFAULT_INDEX,
    as_json: AsJson = False,
    trust: Trust = False,
) -> None:
    """Print an article.

    For ID#POSITION, that paragraph is highlighted.
    """
    from nutgraf.index.article import split_paragraph_id
    from nutgraf.search import Searcher

    with Searcher(index, trust=trust) as searcher:
        view = searcher.article(article)
        position = None
        if view is None and (parts := split_paragraph_id(article)):
            name, position = parts
            view = searcher.article(name)
    if view is None or (position is not None and position >= len(view.paragraphs)):
        raise UserError(
            f"there is no article or paragraph {article!r} in {index}; check the id and --index"
        )

    def pretty() -> None:
        from nutgraf.api.cli.output import print_article, standard_output

        print_article(view, position, standard_output())

    print_answer(view.to_dict(), as_json, pretty)


@app.command()
def stats(index: Index = DEFAULT_INDEX, as_json: AsJson = False, trust: Trust = False) -> None:
    """Print how many articles an index has, and its settings."""
    from nutgraf.search import Searcher

    with Searcher(index, trust=trust) as searcher:
        counted = asdict(searcher.statistics())

    def pretty() -> None:
        from nutgraf.api.cli.output import print_statistics, standard_output
        from nutgraf.index.models.reranker.export import EXAMPLE

        print_statistics(counted, standard_output())
        if counted["reranker"] is None:
            command = f"nutgraf reranker {EXAMPLE} -i {shlex.quote(str(index))}"
            print(f"\nA reranker would put better hits first: {command}")

    print_answer(counted, as_json, pretty)


@app.command()
def delete(
    articles: Annotated[
        list[str], typer.Argument(metavar="ARTICLE...", help="The ids of the articles.")
    ],
    index: Index = DEFAULT_INDEX,
    as_json: AsJson = False,
    trust: Trust = False,
) -> None:
    """Delete articles from an index.

    Searches no longer find them. Their text stays in the files until 'nutgraf compact'.
    """
    from nutgraf.index.writer import IndexWriter

    with IndexWriter(index, trust=trust, wait=MAX_LOCK_WAIT_SECONDS) as writer:
        found = {article: writer.delete(article) for article in articles}
    deleted = [article for article, there in found.items() if there]
    missing = [article for article, there in found.items() if not there]
    print_answer(
        {"deleted": deleted, "missing": missing},
        as_json,
        lambda: print(f"{index}: {len(deleted):,} deleted"),
    )
    if missing:
        ids = "id" if len(missing) == 1 else "ids"
        raise UserError(
            f"there is no article {', '.join(map(repr, missing))} in {index}; check the {ids} and "
            "--index"
        )


add_serve(app)
add_maintenance(app)
add_evaluate(app)


def main() -> None:
    """Run the command line. Exit with 2 for a user error, with 1 for an internal one."""
    # A search in a shell may take 0.5 s. The garbage collector would use a tenth of that time
    # to look for cycles among imported modules. Freeing the modules at the end would take
    # another tenth, so os._exit skips it.
    gc.set_threshold(100_000, 50, 50)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Print the code of a character that the terminal cannot show.
            stream.reconfigure(errors="backslashreplace")
    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(code)


def run(arguments: list[str]) -> int:
    """Run the command line and return its exit code."""
    try:
        app(arguments, standalone_mode=True)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else EXIT_INTERNAL_ERROR
    except KeyboardInterrupt:
        return _print_error("interrupted; earlier commits are safe", EXIT_INTERRUPTED)
    except UserError as error:
        return _print_error(str(error), EXIT_USER_ERROR)
    except NutgrafError as error:
        return _print_error(str(error), EXIT_INTERNAL_ERROR)
    except (OSError, MemoryError) as error:
        code = EXIT_USER_ERROR if is_fault_of_user(error) else EXIT_INTERNAL_ERROR
        return _print_error(system_error(error), code)
    except Exception as error:
        if os.environ.get("NUTGRAF_TRACEBACK"):
            raise
        return _print_error(
            f"internal error, which is a bug in nutgraf: {type(error).__name__}: {error}; "
            "set NUTGRAF_TRACEBACK=1 to see where it is, and report it",
            EXIT_INTERNAL_ERROR,
        )
    return 0


def _print_error(message: str, code: int) -> int:
    print(f"nutgraf: {message}", file=sys.stderr)
    return code
