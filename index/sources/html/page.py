"""An HTML page to its article: the main text by trafilatura, the rest by page_fields.

Nothing is fetched: neither trafilatura nor lxml is given an address to open.
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
from nutgraf.index.sources.fields.paragraphs import Block, Kind, paragraphs_of, split_paragraphs
from nutgraf.index.sources.files.encoding import declared_encoding, decode_any
from nutgraf.index.sources.html.metadata import PageFields, page_fields
from nutgraf.index.sources.html.parse import DEEPEST, line_of, parse

__all__ = ["MAX_PAGE", "NoArticleError", "Page", "read_page"]

MAX_PAGE: Final = 8 * 1024 * 1024
"""Bytes in a page; an article of a megabyte is most of it images and scripts."""

MAX_ELEMENTS: Final = 50_000
"""Elements in a page. To find the main text among as many takes some 8 s."""

MAX_NESTING: Final = 500_000
"""Elements, each counted as often as there are others around it: 8 s again by the worst, and then
it grows with the square. A long page of an encyclopedia has half of it."""

KINDS: Final[dict[str, Kind]] = {"head": "heading", "item": "item"}
"""What trafilatura's elements are; all others are text."""

IN_LINE: Final = frozenset({"hi", "ref", "del", "span", "graphic", "a", "b", "i", "em", "strong"})

LONG_CELL: Final = 500
"""Characters in a cell that are no entry of a table: it is there for the layout, and what is beside
it without a sentence is a menu."""

BREAK: Final = "\ufdd0"
"""What stands for two line breaks on their way through trafilatura, which makes one of them.
Unicode has set it aside for use inside a program, so no page has it."""

MIN_PROSE: Final = 30
"""Characters in one paragraph at least that has a sentence: a page without one is no article, but
has its menus taken for one."""

SENTENCE: Final = re.compile(
    r"[.!?\u2026\u3002\uff01\uff1f\u061f\u06d4\u0964]|[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"
)
"""What a sentence ends in, or is written in where nothing ends it: Thai, Lao, Burmese, Khmer."""

MIN_BODY: Final = 200
"""Characters of an article in JSON-LD that is taken where the page shows none."""

NO_TEXT: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
    r"|&#[xX]0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]|[fF]{3}[eEfF])(?![0-9a-fA-F]);?"
    r"|&#0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|6553[45])(?![0-9]);?"
)
"""Characters that HTML may have, as such or by number, and lxml does not let anyone write."""

# Python prints what nobody listens to. What it says of a page is said by our own errors.
logging.getLogger("trafilatura").addHandler(logging.NullHandler())
logging.getLogger("htmldate").addHandler(logging.NullHandler())


class NoArticleError(InputError):
    """The page has no main text: a list of links, a form, an error message."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page's article; `oddity` is what is odd about its encoding, None where nothing is."""

    title: str
    paragraphs: tuple[str, ...]
    fields: PageFields
    oddity: str | None

    def article(self, name: str, url: str | None) -> Article:
        """Return the article, `name` its id. Raises InputError where it cannot be one."""
        return Article(
            id=name,
            title=self.title,
            paragraphs=self.paragraphs,
            url=url,
            source=self.fields.source,
            author=self.fields.author,
            section=self.fields.section,
            published=self.fields.published,
            language=self.fields.language,
        )


def read_page(content: bytes, charset: str | None = None, address: str | None = None) -> Page:
    """Return the article of an HTML page.

    `charset` is what came with it over HTTP, and counts for more than what the
    page declares; `address` where it was found. Raises NoArticleError where
    there is none, InputError where it cannot be read.
    """
    if len(content) > MAX_PAGE:
        raise InputError(f"the page is larger than {MAX_PAGE:,} bytes")
    decoded = decode_any(content, charset or declared_encoding(content))
    tree = _parsed(decoded.text)
    fields = page_fields(tree, address)
    paragraphs = _paragraphs(tree, fields)
    if not paragraphs:
        raise NoArticleError("no article was found in the page")
    if not fields.title:
        raise NoArticleError("no title was found in the page")
    return Page(fields.title, paragraphs, fields, decoded.oddity)


def _parsed(text: str) -> HtmlElement:
    tree = parse(NO_TEXT.sub(" ", text))
    if tree is None:
        raise NoArticleError("there is no HTML in the page")
    _check_size(tree)
    etree.strip_elements(tree, "noscript", with_tail=False)  # "Please enable JavaScript."
    for cell in tree.iter("td", "th"):
        # trafilatura would make the cells that a cell stands for: a million, if it says so.
        cell.attrib.pop("rowspan", None)
        cell.attrib.pop("colspan", None)
    return tree


def _check_size(tree: HtmlElement) -> None:
    elements = sum(1 for _ in tree.iter())
    if elements > MAX_ELEMENTS:
        raise InputError(f"the page has more than {MAX_ELEMENTS:,} elements")
    if elements * DEEPEST <= MAX_NESTING:
        return
    depth = nesting = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        nesting += depth
    if nesting > 2 * MAX_NESTING:
        raise InputError("the page has too many elements in one another")


def _paragraphs(tree: HtmlElement, fields: PageFields) -> tuple[str, ...]:
    _mark_breaks(tree)
    try:
        found = trafilatura.bare_extraction(tree, include_comments=False)
    except Exception:  # noqa: BLE001 - it is others' code over anybody's pages
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
    """Mark where two line breaks follow one another: old pages have no other paragraphs."""
    for first in tree.iter("br"):
        second = first.getnext()
        if second is not None and second.tag == "br" and not (first.tail or "").strip():
            second.tail = BREAK + (second.tail or "")


def _is_title(heading: str, title: str | None) -> bool:
    return " ".join(heading.split()).casefold() == (title or "").casefold()


def _blocks(element: etree._Element, kind: Kind) -> Iterator[Block]:
    """Yield the blocks of an element of trafilatura's body, in their order."""
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
