"""Choose the reader of a file: by its first bytes, or else by its ending."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from nutgraf.index.sources.formats.feed import begins_as_feed, read_feed
from nutgraf.index.sources.formats.html import begins_as_html, read_html
from nutgraf.index.sources.formats.jsonl import looks_like_article, read_jsonl
from nutgraf.index.sources.formats.markdown import read_markdown
from nutgraf.index.sources.formats.parquet import read_parquet
from nutgraf.index.sources.formats.pdf import read_pdf
from nutgraf.index.sources.formats.table import read_table
from nutgraf.index.sources.formats.text import read_text
from nutgraf.index.sources.formats.warc import begins_as_warc, read_warc
from nutgraf.index.sources.items import Reader

__all__ = ["ENDINGS", "JSONL", "KINDS", "Kind", "kind_by_content", "kind_by_ending", "kind_of"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A format of source files.

    `endings` are the endings of its files, and `read` is its reader. `begins`
    receives the first bytes of a file, up to 64 KiB, and returns True only if they
    prove this format. A reader imports its libraries when it is called.
    """

    name: str
    endings: tuple[str, ...]
    read: Reader
    begins: Callable[[bytes], bool] = lambda _: False


def _begins_as_jsonl(head: bytes) -> bool:
    line = head.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", 1)[0]
    if not line.startswith(b"{"):
        return False
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return looks_like_article(fields, {})


JSONL: Final = Kind("JSONL", (".jsonl", ".ndjson"), read_jsonl, _begins_as_jsonl)

KINDS: Final = (
    JSONL,
    Kind("feed", (".rss", ".atom", ".rdf"), read_feed, begins_as_feed),
    Kind("Parquet", (".parquet",), read_parquet, lambda head: head.startswith(b"PAR1")),
    Kind("Markdown", (".md", ".markdown"), read_markdown),
    Kind("HTML", (".html", ".htm", ".xhtml"), read_html, begins_as_html),
    Kind("PDF", (".pdf",), read_pdf, lambda head: head.startswith(b"%PDF-")),
    Kind("web archive", (".warc",), read_warc, begins_as_warc),
    Kind("plain text", (".txt", ".text"), read_text),
    Kind("table", (".csv", ".tsv", ".tab"), read_table),
)
"""All formats. The first one that matches the content is used."""

ENDINGS: Final = tuple(ending for kind in KINDS for ending in kind.endings)


def kind_of(head: bytes, ending: str) -> Kind | None:
    """Return the format of a file that begins with `head`, or None if it is unknown.

    The content overrides the ending: an HTML page that was saved as .txt is read as
    HTML.
    """
    return kind_by_content(head) or kind_by_ending(ending)


def kind_by_content(head: bytes) -> Kind | None:
    """Return the format that the first bytes of a file prove, or None."""
    return next((kind for kind in KINDS if kind.begins(head)), None)


def kind_by_ending(ending: str) -> Kind | None:
    """Return the format for an ending such as ".html", or None if it is unknown.

    The ending must be in lower case.
    """
    return next((kind for kind in KINDS if ending in kind.endings), None)
