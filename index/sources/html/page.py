"""Read the article of an HTML page: trafilatura finds the main text.

Nothing is fetched: neither trafilatura nor lxml receives an address to open.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import trafilatura
from lxml import etree
from lxml.html import HtmlElement

from nutgraf.index.article import Article
from nutgraf.index.errors import InputError
from nutgraf.index.sources.fields.clean import clean_fields
from nutgraf.index.sources.fields.paragraphs import Block, Kind, paragraphs_of, split_paragraphs
from nutgraf.index.sources.files.encoding import declared_encoding, decode_any
from nutgraf.index.sources.files.http_body import OMIT_PAGE
from nutgraf.index.sources.html.metadata import PageFields, page_fields
from nutgraf.index.sources.html.parse import DEEPEST, line_of, parse

__all__ = ["MAX_PAGE", "NoArticleError", "Page", "read_page"]

MAX_PAGE: Final = 8 * 1024 * 1024
"""Largest size of a page, in bytes.

In a page of 1 MB, most bytes are images and scripts.
"""

MAX_ELEMENTS: Final = 50_000
"""Largest number of elements in a page.

To find the main text in a page of this size takes about 8 s.
"""

MAX_NESTING: Final = 500_000
"""Limit of the sum of the depths of all elements in a page.

The slowest page with this sum takes about 8 s, and the time grows with the square
of the sum. The sum of a long page of an encyclopedia is half of the limit.
"""

KINDS: Final[dict[str, Kind]] = {"head": "heading", "item": "item"}
"""Elements of trafilatura, and the kinds of their blocks; all others are text."""

IN_LINE: Final = frozenset({"hi", "ref", "del", "span", "graphic", "a", "b", "i", "em", "strong"})

LONG_CELL: Final = 500
"""Largest number of characters in a cell of a data table.

A row with a longer cell is part of the layout of the page. In such a row, a cell
without a sentence is a menu, and is omitted.
"""

BREAK: Final = "\ufdd0"
"""A mark for two consecutive line breaks, because trafilatura would merge them.

Unicode reserves this character for internal use, so no page contains it.
"""

MIN_PROSE: Final = 30
"""Smallest number of characters in a paragraph of prose, which ends a sentence.

A page without a paragraph of prose is not an article: trafilatura found only menus.
"""

SENTENCE: Final = re.compile(
    r"[.!?\u2026\u3002\uff01\uff1f\u061f\u06d4\u0964]|[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"
)
"""A mark that ends a sentence, or a letter of a script without such marks.

These scripts are Thai, Lao, Burmese and Khmer.
"""

MIN_BODY: Final = 200
"""Smallest number of characters of an article in JSON-LD that is used.

The article in JSON-LD is used if the text found in the page is shorter than this,
or has the same words.
"""

NO_TEXT: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
    r"|&#[xX]0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]|[fF]{3}[eEfF])(?![0-9a-fA-F]);?"
    r"|&#0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|6553[45])(?![0-9]);?"
)
"""Characters that HTML can contain and that lxml cannot write.

The pattern also finds references to these characters, such as &#0; for NUL.
"""

# Without a handler, Python prints the log records of the two libraries. The records are not
# needed, because our errors report the faults of pages.
logging.getLogger("trafilatura").addHandler(logging.NullHandler())
logging.getLogger("htmldate").addHandler(logging.NullHandler())


class NoArticleError(InputError):
    """The page has no main text or no title: it may be a list of links or a form."""


@dataclass(frozen=True, slots=True)
class Page:
    """The article of a page; `oddity` is a problem of the encoding, or None."""

    title: str
    paragraphs: tuple[str, ...]
    fields: PageFields
    oddity: str | None

    def article(self, name: str, url: str | None) -> tuple[Article, str | None]:
        """Return the article with the id `name`, and a warning or None.

        The warning names the fields from which invalid characters were removed. Raises
        InputError if the article is invalid.
        """
        fields, oddity = clean_fields(
            {
                "id": name,
                "title": self.title,
                "paragraphs": self.paragraphs,
                "url": url,
                "source": self.fields.source,
                "author": self.fields.author,
                "section": self.fields.section,
                "published": self.fields.published,
                "language": self.fields.language,
                "summary": self.fields.summary,
                "image": self.fields.image,
                "sections": self.fields.sections,
                "tags": self.fields.tags,
                "byline": self.fields.byline,
            }
        )
        return Article(**fields), oddity


def read_page(content: bytes, charset: str | None = None, address: str | None = None) -> Page:
    """Return the article of an HTML page.

    `charset` is the encoding in the HTTP headers. If given, it overrides the encoding
    that the page declares. `address` is the URL of the page. Raises NoArticleError
    if the page has no article, and InputError if the page cannot be read.
    """
    if len(content) > MAX_PAGE:
        raise InputError(f"the page is larger than {MAX_PAGE:,} bytes; {OMIT_PAGE}")
    decoded = decode_any(content, charset or declared_encoding(content))
    tree = _parsed(decoded.text)
    fields = page_fields(tree, address)
    paragraphs = _paragraphs(tree, fields)
    if not paragraphs:
        raise NoArticleError(f"no article was found in the page; {OMIT_PAGE}")
    if not fields.title:
        raise NoArticleError(
            "no title was found in the page; add a title element, or omit the page"
        )
    return Page(fields.title, paragraphs, fields, decoded.oddity)


def _parsed(text: str) -> HtmlElement:
    tree = parse(NO_TEXT.sub(" ", text))
    if tree is None:
        raise NoArticleError(
            "there is no HTML in the page; correct the ending of the file, or omit it"
        )
    _check_size(tree)
    etree.strip_elements(tree, "noscript", with_tail=False)  # "Please enable JavaScript."
    for cell in tree.iter("td", "th"):
        # For a cell with a span, trafilatura would add up to 1,000,000 cells.
        cell.attrib.pop("rowspan", None)
        cell.attrib.pop("colspan", None)
    return tree


def _check_size(tree: HtmlElement) -> None:
    elements = sum(1 for _ in tree.iter())
    if elements > MAX_ELEMENTS:
        raise InputError(f"the page has more than {MAX_ELEMENTS:,} elements; {OMIT_PAGE}")
    if elements * DEEPEST <= MAX_NESTING:
        return
    depth = nesting = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        nesting += depth
    if nesting > 2 * MAX_NESTING:
        raise InputError(f"the page has too many nested elements; {OMIT_PAGE}")


def _paragraphs(tree: HtmlElement, fields: PageFields) -> tuple[str, ...]:
    _mark_breaks(tree)
    try:
        found = trafilatura.bare_extraction(tree, include_comments=False)
    except Exception:  # noqa: BLE001 - trafilatura may raise any error on arbitrary pages
        found = None
    body = getattr(found, "body", None)
    blocks = [] if body is None else list(_blocks(body, "text"))
    if blocks and _is_title(blocks[0].text, fields.title):
        del blocks[0]
    paragraphs = paragraphs_of(blocks)
    written = fields.text or ""
    if len(written) >= MIN_BODY and (
        sum(map(len, paragraphs)) < MIN_BODY or "\n".join(paragraphs).split() == written.split()
    ):
        return split_paragraphs(written)
    return paragraphs if any(map(_is_prose, paragraphs)) else ()


def _is_prose(paragraph: str) -> bool:
    return len(paragraph) >= MIN_PROSE and SENTENCE.search(paragraph) is not None


def _mark_breaks(tree: HtmlElement) -> None:
    """Insert BREAK after two line breaks, which separate paragraphs in old pages."""
    for first in tree.iter("br"):
        second = first.getnext()
        if second is not None and second.tag == "br" and not (first.tail or "").strip():
            second.tail = BREAK + (second.tail or "")


def _is_title(heading: str, title: str | None) -> bool:
    return " ".join(heading.split()).casefold() == (title or "").casefold()


def _blocks(element: etree._Element, kind: Kind) -> Iterator[Block]:
    """Yield the blocks of an element in trafilatura's result, in order."""
    parts = [line_of(element.text)]
    for child in element:
        if child.tag == "lb":
            parts.append("\n")
        elif child.tag in IN_LINE:
            parts.append(_inside(child))
        else:
            yield from _flushed(parts, kind)
            parts = []
            if child.tag == "row":
                yield from _row(child)
            else:
                yield from _blocks(child, KINDS.get(str(child.tag), kind))
        parts.append(line_of(child.tail))
    yield from _flushed(parts, kind)


def _flushed(parts: list[str], kind: Kind) -> Iterator[Block]:
    for text in "".join(parts).split(BREAK):
        if text.strip():
            yield Block(kind, text)


def _row(row: etree._Element) -> Iterator[Block]:
    cells = [" ".join("".join(cell.itertext()).replace(BREAK, " ").split()) for cell in row]
    if any(len(cell) > LONG_CELL for cell in cells):
        for cell, text in zip(row, cells, strict=True):
            if _is_prose(text):
                yield from _blocks(cell, "text")
    elif any(cells):
        yield Block("row", "\t".join(cells))


def _inside(element: etree._Element) -> str:
    parts = [line_of(element.text)]
    for child in element:
        parts.append("\n" if child.tag == "lb" else _inside(child))
        parts.append(line_of(child.tail))
    return "".join(parts)
