"""HTML to a tree of elements, whole pages and fragments alike. Nothing is fetched."""

from __future__ import annotations

from typing import Final

from lxml import etree
from lxml.html import HtmlElement, HTMLParser

from nutgraf.index.errors import InputError

__all__ = ["DEEPEST", "line_of", "parse"]

DEEPEST: Final = 255
"""Elements that can be around one: libxml2 gives up beyond."""

TOO_DEEP: Final = "ERR_RESOURCE_LIMIT"
"""How libxml2 says so."""


def parse(html: str) -> HtmlElement | None:
    """Return the tree of HTML, None where there is none.

    Raises InputError where elements are nested too deeply: what is below would be missing.
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
        raise InputError(f"its elements are nested too deeply, in more than {DEEPEST} others")
    return tree


def line_of(text: str | None) -> str:
    """Return text of HTML, in which line breaks are spaces as others are."""
    return " ".join(f"|{text or ''}|".split())[1:-1]
