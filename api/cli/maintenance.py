"""The maintenance commands: verify, repair, compact, backup, reindex ..."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nutgraf.api.cli.options import (
    DEFAULT_INDEX,
    EXIT_INTERNAL_ERROR,
    EXIT_INTERRUPTED,
    AsJson,
    Index,
    Trust,
    print_answer,
)
from nutgraf.api.cli.progress_bar import progress_bar
from nutgraf.index.errors import UserError

if TYPE_CHECKING:
    from nutgraf.index.maintenance.result import RebuildResult

__all__ = [
    "add_maintenance",
    "backup",
    "compact",
    "fields",
    "reindex",
    "repair",
    "reranker",
    "verify",
]


def add_maintenance(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (verify, repair, compact, backup, reindex, reranker, fields):
        app.command()(command)


def verify(index: Index = DEFAULT_INDEX, as_json: AsJson = False, trust: Trust = False) -> None:
    """Check every part of an index for damage.

    Each part is compared with the catalog. Each fault is printed with its repair, and the
    exit code is then 1.
    """
    from rich.console import Console

    from nutgraf.api.cli.verify_progress import VerifyProgress
    from nutgraf.index.verification import verify_index

    with VerifyProgress(Console(stderr=True)) as progress:
        found = verify_index(index, trust=trust, on_part=progress.check)

    def pretty() -> None:
        for finding in found.findings:
            print(finding)
        for leftover in found.leftovers:
            print(f"{leftover}: left by a process that was killed; it does no harm")
        state = "sound" if found.clean else f"faults found: {len(found.findings)}"
        counts = _counts(found.articles, found.paragraphs)
        encoded = _count(found.encoded, "embedding")
        print(
            f"{index}: {state}; {counts} as of commit {found.sequence}, {encoded} encoded again "
            "for comparison"
        )

    print_answer({"clean": found.clean, **asdict(found)}, as_json, pretty)
    if not found.clean:
        raise typer.Exit(EXIT_INTERNAL_ERROR)


def repair(index: Index = DEFAULT_INDEX, as_json: AsJson = False) -> None:
    """Rebuild a damaged index from its catalog.

    The keyword index, the columns, the suggestions and damaged embeddings are rebuilt, and
    the index is compacted. Damaged texts cannot be rebuilt.
    """
    from nutgraf.index.maintenance.rebuild import repair_index

    with progress_bar("paragraphs") as on_progress:
        done = repair_index(index, on_progress=on_progress)
    _print_rebuilt(index, "repaired", done, as_json)


def compact(index: Index = DEFAULT_INDEX, as_json: AsJson = False) -> None:
    """Remove deleted and replaced articles from the files.

    No byte of their text is left in the index directory.
    """
    from nutgraf.index.maintenance.rebuild import compact_index

    with progress_bar("paragraphs") as on_progress:
        done = compact_index(index, on_progress=on_progress)
    _print_rebuilt(index, "compacted", done, as_json)


def backup(
    destination: Annotated[
        Path,
        typer.Argument(metavar="DEST", help="The directory of the copy, which must not exist."),
    ],
    index: Index = DEFAULT_INDEX,
    as_json: AsJson = False,
) -> None:
    """Copy an index as of its newest commit.

    Searches and writes can continue. The copy is an index of its own.
    """
    from nutgraf.index.maintenance.backup import back_up_index

    with progress_bar("paragraphs") as on_progress:
        done = back_up_index(index, destination, on_progress=on_progress)
    _print_rebuilt(destination, f"backup of {index}", done, as_json)


def reindex(
    index: Index = DEFAULT_INDEX,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The new encoder: a sentence-transformers model, or another index.",
        ),
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Return to the encoder before the last change.")
    ] = False,
    as_json: AsJson = False,
    trust: Trust = False,
) -> None:
    """Encode an index with another model.

    The index can be searched in the meantime. If the command is interrupted, run it again
    to continue. The old encoder is kept for --undo until the next 'nutgraf compact'.
    """
    from nutgraf.index.maintenance import rebuild

    if undo == (model is not None):
        raise UserError(
            "give either --model NAME, to change the encoder, or --undo, to undo the last change"
        )
    try:
        with progress_bar("paragraphs") as on_progress:
            if model is None:
                done = rebuild.put_back_index(index, trust=trust, on_progress=on_progress)
            else:
                done = rebuild.reindex(index, model, trust=trust, on_progress=on_progress)
    except KeyboardInterrupt:
        print("nutgraf: interrupted; run the same command again to continue", file=sys.stderr)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    _print_rebuilt(index, "re-encoded" if model else "previous encoder restored", done, as_json)


def reranker(
    model: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A cross-encoder, or an index that has a reranker."),
    ] = None,
    index: Index = DEFAULT_INDEX,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove the reranker of the index.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Set or remove the reranker of an index.

    A reranker is a cross-encoder: it reads the question together with each of the first
    hits, and sorts these hits again.
    """
    from nutgraf.index.maintenance.reranker import set_reranker

    if remove == (model is not None):
        raise UserError("give either the NAME of a cross-encoder, or --remove")
    chosen = set_reranker(index, model)
    has = "no reranker" if chosen is None else f"the reranker {chosen.name}"
    content = {"reranker": None if chosen is None else chosen.to_dict()}
    print_answer(content, as_json, lambda: print(f"{index}: now has {has}"))


def fields(
    index: Index = DEFAULT_INDEX,
    add: Annotated[
        list[str] | None,
        typer.Option(
            "--add",
            metavar="NAME=KIND",
            help="Declare a field of your own, as in topic=keyword; kinds: keyword, keyword[], "
            "number, date; repeatable.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the fields of an index, and the number of articles with a value.

    With --add, declare fields: the keys of 'extra' that can be searched. The keyword index and
    the columns are then rebuilt.
    """
    from nutgraf.index.fields.declared import parse_fields
    from nutgraf.index.maintenance.declare import count_fields, declare_fields

    if add:
        with progress_bar("paragraphs") as on_progress:
            declare_fields(index, parse_fields(add), on_progress=on_progress)
    counts = count_fields(index)

    def pretty() -> None:
        for one in counts:
            misfits = f", {one.misfits:,} of another kind" if one.misfits else ""
            declared = " (declared)" if one.declared else ""
            articles = _count(one.articles, "article")
            print(f"{one.name:<12} {one.kind:<10} {articles}{misfits}{declared}")

    print_answer({"fields": [asdict(one) for one in counts]}, as_json, pretty)


def _print_rebuilt(place: Path, what: str, done: RebuildResult, as_json: bool) -> None:
    def pretty() -> None:
        rows = f", {_count(done.dropped_rows, 'dead row')} dropped" if done.dropped_rows else ""
        encoded = f", {done.encoded:,} encoded" if done.encoded else ""
        print(f"{place}: {what}; {_counts(done.articles, done.paragraphs)}{rows}{encoded}")

    print_answer(asdict(done), as_json, pretty)


def _counts(articles: int, paragraphs: int) -> str:
    return f"{_count(articles, 'article')}, {_count(paragraphs, 'paragraph')}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
