"""Options, exit codes and output that the commands share."""

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
    "ArticleName",
    "AsJson",
    "Columns",
    "Device",
    "Fields",
    "Index",
    "KeepBoilerplate",
    "KeywordEngine",
    "Lead",
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
"""The most seconds to wait for another writer.

An idle server closes an index within 2 s.
"""

DEFAULT_INDEX: Final = Path("nutgraf.index")

CONTROL_CHARACTERS: Final = re.compile(r"[\x7f-\x9f]")
"""Control characters that JSON does not escape. A terminal may act on them."""

Index = Annotated[
    Path,
    typer.Option(
        "-i", "--index", envvar="NUTGRAF_INDEX", metavar="DIR", help="The index directory."
    ),
]
ArticleName = Annotated[
    str,
    typer.Argument(
        metavar="ARTICLE", help="The id of an article, or of a paragraph as ID#POSITION."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Trust = Annotated[
    bool,
    typer.Option(
        "--trust",
        envvar="NUTGRAF_TRUST",
        help="Open a whoosh index. Its files contain pickles, which can run code: open only an "
        "index that you made.",
    ),
]

KeywordEngine = Annotated[
    Engine | None,
    typer.Option(help="The keyword engine of a new index: tantivy is the default."),
]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The encoder of a new index: a sentence-transformers model, or another index.",
    ),
]
KeepBoilerplate = Annotated[
    bool,
    typer.Option(
        "--keep-boilerplate",
        help="Let a new index also rank boilerplate: sign-ups, credits and notices.",
    ),
]
Lead = Annotated[
    float | None,
    typer.Option(
        "--lead",
        min=0,
        max=1,
        help="Bonus of the first paragraph of an article, for a new index: 0.03 suits most "
        "articles, 0.05 suits news.",
        show_default="0.03",
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Encode paragraphs on a GPU, such as cuda, instead of the CPU.",
    ),
]
Reranker = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The reranker of a new index: a cross-encoder, or an index that has a reranker.",
    ),
]
Fields = Annotated[
    list[str] | None,
    typer.Option(
        "--field",
        metavar="NAME=KIND",
        help="Declare a field of your own, as in topic=keyword; kinds: keyword, keyword[], number, "
        "date; repeatable.",
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="FIELD=COLUMN",
        help="Read FIELD from the column or JSON field COLUMN, as in title=headline; repeatable.",
    ),
]
Rejects = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Write rejected and flagged articles to FILE, with reasons, as JSONL."
    ),
]


def print_answer(content: dict[str, Any], as_json: bool, pretty: Callable[[], None]) -> None:
    """Print the result of a command as JSON, or with `pretty`."""
    try:
        if as_json:
            text = json.dumps(content, ensure_ascii=False, indent=2)
            print(CONTROL_CHARACTERS.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text))
        else:
            pretty()
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader closed our output, as `head` does. This is not an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
