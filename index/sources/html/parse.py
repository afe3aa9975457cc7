"""Parse HTML pages and fragments into trees of elements. Nothing is fetched."""

from __future__ import annotations

from typing import Final

from lxml import etree
from lxml.html import HtmlElement, HTMLParser

from nutgraf.index.errors import InputError

__all__ = ["DEEPEST", "line_of", "parse"]

DEEPEST: Final = 255
"""Largest depth of nested elements. libxml2 does not parse deeper elements."""

TOO_DEEP: Final = "ERR_RESOURCE_LIMIT"
"""The error type of libxml2 for deeper nesting."""


def parse(html: str) -> HtmlElement | None:
    """Return the tree of HTML, or None if there are no elements.

    Raises InputError if elements are nested too deeply, because the tree would lack
    the deeper elements.
    """
    parser = HTMLParser(
        encoding="utf-8", collect_ids=False, default_doctype=False, remove_comments=True,
        remove_pis=True,
    )  # fmt: skip
    try:
        tree = etree.fromstring(html.encode(errors="replace"), parser=parser)
    except (etree.LxmlError, ValueError):
        return None
    if any(entry.type_name == TOO_DEEP for entry in parser.error_log):
        raise InputError(
            f"elements are nested too deeply, in more than {DEEPEST} others; simplify the HTML, or "
            "write the article as JSONL"
        )
    return tree


def line_of(text: str | None) -> str:
    """Return text of HTML with single spaces and without line breaks."""
    return " ".join(f"|{text or ''}|".split())[1:-1]
