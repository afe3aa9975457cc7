"""Convert HTML fragments of feeds and Markdown to Blocks.

Unlike a page, a fragment contains no navigation: all its text is part of the
article.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Final

from lxml.html import HtmlElement

from nutgraf.index.errors import InputError
from nutgraf.index.sources.fields.paragraphs import BLANK_LINES, Block, Kind
from nutgraf.index.sources.html.parse import line_of, parse

__all__ = ["blocks_of", "inline_text"]

HIDDEN: Final = frozenset({
    "script", "style", "template", "noscript", "iframe", "object", "embed", "svg", "math", "form",
    "button", "select", "textarea", "input", "audio", "video", "canvas", "head",
})  # fmt: skip
"""Elements whose content is omitted."""

INLINE: Final = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em",
    "font", "i", "img", "ins", "kbd", "label", "mark", "q", "rp", "rt", "ruby", "s", "samp",
    "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
})  # fmt: skip
"""Elements inside a line; all others begin a new line."""

KINDS: Final[dict[str, Kind]] = {
    **{f"h{level}": "heading" for level in range(1, 7)}, "li": "item", "dt": "item", "dd": "item",
}  # fmt: skip

LINE_BREAKS: Final = frozenset({"br", "hr"})

LONG_CELL: Final = 200
"""Largest number of characters in a cell that is alone in its row.

A longer cell contains paragraphs: the page uses the table for its layout.
"""

_BLOCK: Final = re.compile(
    r"<(?:p|div|br|hr|li|d[tdl]|h[1-6]|table|t[dhr]|blockquote|pre|section|article)\b",
    re.IGNORECASE,
)


def blocks_of(html: str) -> Iterator[Block]:
    """Yield the Blocks of HTML.

    If the HTML has no block elements such as <p>, blank lines separate the Blocks.
    Raises InputError if elements are nested too deeply.
    """
    if _BLOCK.search(html):
        yield from _blocks(_parsed(html), "text")
        return
    for part in BLANK_LINES.split(html.replace("\r\n", "\n")):
        if text := inline_text(part):
            yield Block("text", text)


def inline_text(html: str) -> str:
    """Return the text of HTML in one line.

    Raises InputError if elements are nested too deeply.
    """
    if "<" not in html:
        return " ".join(unescape(html).split())
    return " ".join("".join(_inside(_parsed(html))).split())


def _parsed(html: str) -> HtmlElement:
    tree = parse(f"<div>{html}</div>")
    if tree is None:
        raise InputError("the HTML cannot be parsed; correct it, or write the article as JSONL")
    return tree


def _blocks(element: HtmlElement, kind: Kind) -> Iterator[Block]:
    keeps_lines = element.tag == "pre"
    parts = [_line(element.text, keeps_lines)]
    for child in element:
        tag = child.tag
        if tag in LINE_BREAKS:
            parts.append("\n")
        elif tag in INLINE:
            parts.extend(_inside(child, keeps_lines))
        elif tag not in HIDDEN and isinstance(tag, str):
            yield from _flushed(parts, kind)
            parts = []
            if tag == "tr":
                yield from _row(child)
            else:
                yield from _blocks(child, KINDS.get(tag, kind))
        parts.append(_line(child.tail, keeps_lines))
    yield from _flushed(parts, kind)


def _flushed(parts: list[str], kind: Kind) -> Iterator[Block]:
    """Join the texts in `parts`, and yield a Block for each text between blank lines."""
    for text in BLANK_LINES.split("".join(parts)):
        if text.strip():
            yield Block(kind, text)


def _row(row: HtmlElement) -> Iterator[Block]:
    cells = [" ".join("".join(_inside(cell)).split()) for cell in row if cell.tag in ("td", "th")]
    filled = [cell for cell in cells if cell]
    if len(filled) == 1 and len(filled[0]) > LONG_CELL:
        for cell in row:
            yield from _blocks(cell, "text")
    elif filled:
        yield Block("row", "\t".join(cells))


def _inside(element: HtmlElement, keeps_lines: bool = False) -> Iterator[str]:  # noqa: FBT001, FBT002
    yield _line(element.text, keeps_lines)
    for child in element:
        tag = child.tag
        if tag in LINE_BREAKS:
            yield "\n"
        elif tag not in HIDDEN and isinstance(tag, str):
            between = "" if tag in INLINE else " "
            yield between
            yield from _inside(child, keeps_lines)
            yield between
        yield _line(child.tail, keeps_lines)


def _line(text: str | None, keeps_lines: bool) -> str:  # noqa: FBT001
    """Return text of HTML with line breaks replaced by spaces, except in <pre>."""
    return text or "" if keeps_lines else line_of(text)
