"""Read the article that a page describes in JSON-LD: https://schema.org/Article."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Described", "described_article"]

MAX_NODES: Final = 2_000
"""Largest number of nodes that are read in a page. A node is a JSON object.

A page that lists articles has hundreds of nodes.
"""

TYPES: Final = ("Article", "BlogPosting", "LiveBlogPosting", "Report")
"""The ends of the names of article types, such as NewsArticle."""

WRAPPED: Final = re.compile(r"^\s*(?://\s*)?(?:<!\[CDATA\[|<!--)|(?://\s*)?(?:\]\]>|-->)\s*$")
"""Comment and CDATA marks that old templates put around scripts."""

INSIDE: Final = ("@graph", "mainEntity", "mainEntityOfPage", "hasPart", "itemListElement", "item")
"""Keys whose values are other nodes.

The nodes of the last 3 keys are entries of a list.
"""


@dataclass(frozen=True, slots=True)
class Described:
    """The unchanged fields of an article in JSON-LD; a missing field is None."""

    title: str | None = None
    author: str | None = None
    published: str | None = None
    language: str | None = None
    source: str | None = None
    section: str | None = None
    url: str | None = None
    text: str | None = None
    summary: str | None = None
    image: str | None = None
    sections: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    byline: tuple[str, ...] = ()


def described_article(scripts: Iterable[str]) -> Described:
    """Return the fields of the article that the scripts of a page describe.

    If there are several articles, the first one that is not an entry of a list is
    the article of the page. A script that is not JSON is skipped.
    """
    nodes = list(_nodes(scripts))
    by_id = {
        str(node["@id"]): node for node, _ in reversed(nodes) if len(node) > 1 and "@id" in node
    }
    articles = [(node, listed) for node, listed in nodes if _is_article(node)]
    article = next((node for node, listed in articles if not listed), None)
    if article is None:
        # A page whose lists contain 1 article is about that article. A page whose lists contain
        # several articles is about none of them.
        article = articles[0][0] if len(articles) == 1 else {}
    byline = _names(article.get("author") or article.get("creator"), by_id)
    sections = _names(article.get("articleSection"), by_id)
    return Described(
        title=_first(article, "headline", "name"),
        author=", ".join(byline) or None,
        published=_first(article, "datePublished", "dateCreated"),
        language=_name(article.get("inLanguage"), by_id, "alternateName", "name"),
        source=_name(article.get("publisher"), by_id, "name"),
        section=next(iter(sections), None),
        url=_address(article),
        text=_first(article, "articleBody"),
        summary=_first(article, "description", "abstract"),
        image=_name(article.get("image"), by_id, "url", "contentUrl", "@id"),
        sections=sections,
        tags=_names(article.get("keywords"), by_id),
        byline=byline,
    )


def _nodes(scripts: Iterable[str]) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Yield each node of the scripts, with True if the node is an entry of a list."""
    waiting: deque[tuple[Any, bool]] = deque()
    for script in scripts:
        try:
            waiting.append((json.loads(WRAPPED.sub("", script), strict=False), False))
        except (ValueError, RecursionError):
            continue
    for _ in range(MAX_NODES):
        if not waiting:
            return
        value, listed = waiting.popleft()
        if isinstance(value, list):
            waiting.extend((item, listed) for item in value[:MAX_NODES])
        elif isinstance(value, dict):
            yield value, listed
            for name in INSIDE:
                if name in value:
                    waiting.append((value[name], listed or name in INSIDE[3:]))


def _is_article(node: Mapping[str, Any]) -> bool:
    types = node.get("@type")
    names = types if isinstance(types, list) else [types]
    return any(isinstance(name, str) and name.rstrip("/").endswith(TYPES) for name in names)


def _first(node: Mapping[str, Any], *names: str) -> str | None:
    """Return the text of the first field in `names` that has a text, or None.

    The value of a field can be a text, or an object with a text as "@value". If the
    value is a list, its first entry is used.
    """
    for name in names:
        value = node.get(name)
        if isinstance(value, list):
            value = value[0] if value else None
        if isinstance(value, dict):
            value = value.get("@value")
        if isinstance(value, str) and value.strip():
            return value
    return None


def _name(value: Any, by_id: Mapping[str, Mapping[str, Any]], *names: str) -> str | None:
    """Return a value that is text, or the name of a value that is a node.

    `names` are the keys of the name. If the node has only an "@id", its name is
    that of the node with the same "@id" in `by_id`.
    """
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        node = by_id.get(str(value.get("@id")), value) if not _first(value, *names) else value
        return _first(node, *names) or _first(value, "@value")
    return value if isinstance(value, str) and value.strip() else None


def _names(value: Any, by_id: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the names of one or several nodes, such as authors."""
    values = value if isinstance(value, list) else [value]
    names = (_name(item, by_id, "name") for item in values[:50])
    return tuple(dict.fromkeys(name.strip() for name in names if name))


def _address(article: Mapping[str, Any]) -> str | None:
    page = article.get("mainEntityOfPage")
    if isinstance(page, dict):
        page = page.get("@id") or page.get("url")
    return next((one for one in (_first(article, "url"), page) if isinstance(one, str)), None)
