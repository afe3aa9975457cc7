"""What the commands of the command line share: options, exit codes, and how they answer."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from nutgraf.index.keywords import Engine

__all__ = [
    "DEFAULT_INDEX",
    "EXIT_INTERNAL_ERROR",
    "EXIT_INTERRUPTED",
    "EXIT_USER_ERROR",
    "MAX_LOCK_WAIT_SECONDS",
    "AsJson",
    "Columns",
    "Index",
    "KeepBoilerplate",
    "KeywordEngine",
    "Model",
    "Rejects",
    "Reranker",
    "Trust",
    "print_answer",
]

EXIT_USER_ERROR: Final = 2
EXIT_INTERNAL_ERROR: Final = 1
EXIT_INTERRUPTED: Final = 130

MAX_LOCK_WAIT_SECONDS: Final = 5.0
"""Seconds in which another writer may let go of an index; an idle server does within two."""

DEFAULT_INDEX: Final = Path("nutgraf.index")

CONTROL_CHARACTERS: Final = re.compile(r"[\x7f-\x9f]")
"""What JSON leaves as it is and a terminal may obey."""

Index = Annotated[
    Path,
    typer.Option("-i", "--index", envvar="NUTGRAF_INDEX", metavar="DIR", help="The index."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON: what HTTP returns, or counts.")]
Trust = Annotated[
    bool,
    typer.Option(
        "--trust",
        envvar="NUTGRAF_TRUST",
        help="Open a whoosh index, whose files hold pickles: only one that you made.",
    ),
]

KeywordEngine = Annotated[
    Engine | None, typer.Option(help="tantivy (default) or whoosh; for a new index.")
]
Model = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="A sentence-transformers model; for a new index."),
]
KeepBoilerplate = Annotated[
    bool,
    typer.Option(
        "--keep-boilerplate", help="Rank sign-ups, credits and notices, too; for a new index."
    ),
]
Reranker = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="A cross-encoder to rerank with; for a new index."),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="FIELD=COLUMN",
        help="The column or field that is meant: title=headline; repeatable.",
    ),
]
Rejects = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Write what is rejected or flagged to FILE, as JSONL, and why."
    ),
]


def print_answer(content: dict[str, Any], as_json: bool, pretty: Callable[[], None]) -> None:
    """Print a command's answer: as JSON, or as `pretty` prints it."""
    try:
        if as_json:
            text = json.dumps(content, ensure_ascii=False, indent=2)
            print(CONTROL_CHARACTERS.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text))
        else:
            pretty()
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has had enough, as `head` does; nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
