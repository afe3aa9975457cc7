"""Read Markdown: one article per file, with or without front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from nutgraf.index.errors import InputError
from nutgraf.index.sources.fields.article import ReadArticle, article_of
from nutgraf.index.sources.fields.dates import iso_date
from nutgraf.index.sources.fields.paragraphs import Block, Kind, paragraphs_of
from nutgraf.index.sources.files.encoding import decode_any
from nutgraf.index.sources.items import FileName, Item, OpenedFile, Rejected

if TYPE_CHECKING:
    from markdown_it.token import Token

__all__ = ["read_markdown"]

MAX_MARKDOWN: Final = 1024 * 1024
"""Largest size of a file, in bytes.

A file of this size takes 1 to 2 s if it is prose, and at most 30 s.
"""

DATED: Final = re.compile(r"(?:.*/)?(\d{4}-\d{2}-\d{2})-.")
"""The name of a post in Jekyll, such as 2023-01-04-ferry-stops."""

SHORTCODE: Final = re.compile(r"\{\{[<%].{0,1000}?[%>]\}\}|\{%.{0,1000}?%\}")
"""Tags that Hugo and Jekyll replace in pages."""

LINE_BREAKS: Final = ("softbreak", "hardbreak")


def read_markdown(opened: OpenedFile) -> Iterator[Item]:
    """Yield the article of a file, or a report.

    The title is the title in front matter, or else the first heading. The id is
    the id in front matter, or else the name of the file.
    """
    content = opened.file.read(MAX_MARKDOWN + 1)
    try:
        if len(content) > MAX_MARKDOWN:
            raise InputError(
                f"the file is larger than {MAX_MARKDOWN:,} bytes; split it into articles"
            )
        decoded = decode_any(content)
        read = _article(decoded.text, content, opened.name)
    except InputError as error:
        yield Rejected(opened.place, str(error))
        return
    yield from read.items(opened.place, decoded.oddity)


def _article(text: str, content: bytes, name: FileName) -> ReadArticle:
    from nutgraf.index.sources.formats.front_matter import article_fields, split_front_matter

    matter, body = split_front_matter(text.replace("\r\n", "\n"))
    fields, unknown = article_fields(matter)
    blocks = list(_blocks(body))
    title = fields.get("title") or next((b.text for b in blocks if b.kind == "heading"), None)
    if title is None:
        raise InputError(
            "there is no 'title' in front matter, and no heading to use instead; add one"
        )
    if blocks and blocks[0] == Block("heading", title):
        del blocks[0]
    if not (paragraphs := paragraphs_of(blocks)):
        raise InputError("there is no text below the title; add text, or omit the file")
    given = fields | {
        "id": fields.get("id") or name.article_id(content=content),
        "title": title,
        "paragraphs": list(paragraphs),
        "published": _published(fields, name),
    }
    return article_of(given, lambda: given["id"], unknown)


def _published(fields: dict[str, Any], name: FileName) -> str | None:
    if given := fields.get("published"):
        return iso_date(given, fields.get("language"))
    dated = DATED.match(name.stem)
    try:
        return iso_date(dated[1]) if dated else None
    except InputError:
        return None


def _blocks(text: str) -> Iterator[Block]:
    from markdown_it import MarkdownIt  # 0.1 s to import

    from nutgraf.index.sources.html.fragments import blocks_of

    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    kind: Kind = "text"
    cells: list[str] = []
    for token in tokens:
        if token.type == "inline":
            line = _line(token.children or ())
            if kind == "row":
                cells.append(line)
            else:
                yield Block(kind, line)
                # Only the first text in an item of a list is an item.
                kind = "text"
        elif token.type in ("fence", "code_block"):
            yield Block("text", token.content)
        elif token.type == "html_block":
            yield from blocks_of(token.content)
        elif token.type == "tr_close":
            yield Block("row", "\t".join(cells))
            cells, kind = [], "text"
        else:
            kind = KINDS.get(token.type, kind)


KINDS: Final[dict[str, Kind]] = {
    "heading_open": "heading",
    "list_item_open": "item",
    "list_item_close": "text",
    "tr_open": "row",
}


def _line(tokens: Sequence[Token]) -> str:
    """Return the text of a line, with the text of links and without pictures."""
    parts: list[str] = []
    for token in tokens:
        if token.type in LINE_BREAKS:
            parts.append("\n" if token.type == "hardbreak" else " ")
        elif token.type == "html_inline":
            parts.append("\n" if token.content.lower().startswith("<br") else "")
        elif token.type != "image":
            parts.append(token.content)
    return SHORTCODE.sub("", "".join(parts))
