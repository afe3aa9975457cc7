"""Read the metadata of a page: from JSON-LD, or else meta tags, or else the text.

In the text, trafilatura finds bylines, and htmldate finds dates.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from htmldate import find_date
from lxml.html import HtmlElement
from trafilatura.metadata import extract_author, extract_title

from nutgraf.index.article import MAX_ID, MAX_VALUE
from nutgraf.index.errors import InputError
from nutgraf.index.fields.values import MAX_LIST_VALUE, MAX_VALUES
from nutgraf.index.sources.fields.dates import iso_date
from nutgraf.index.sources.fields.split import split_values
from nutgraf.index.sources.html.jsonld import Described, described_article

__all__ = ["PageFields", "page_fields", "whole_url"]

TAG: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")
"""A language tag: "en", "en-GB", "pt_BR"."""

CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

BY: Final = re.compile(r"^\s*(?:by|von|par|por|di|door|av|af)\s*:?\s+", re.IGNORECASE)
"""The word before a name in a byline."""

ROOTS: Final = re.compile(r"/?(?:(?:index|home|default)\.\w{2,5})?", re.IGNORECASE)
"""Paths of the home page of a site, which is not an article."""

URL_SAFE: Final = "!#$%&'()*+,/:;=?@[]~"


@dataclass(frozen=True, slots=True)
class PageFields:
    """The metadata of the article of a page; `text` is its text in JSON-LD."""

    title: str | None
    author: str | None
    published: str | None
    language: str | None
    source: str | None
    section: str | None
    url: str | None
    text: str | None
    summary: str | None = None
    image: str | None = None
    sections: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    byline: tuple[str, ...] = ()


def page_fields(tree: HtmlElement, address: str | None = None) -> PageFields:
    """Return the metadata of a page; `address` is the URL of the page, if known.

    In the result, `url` is absolute, has no fragment, and is not a home page.
    `published` is in ISO 8601, with a time zone if the page states one.
    """
    described = described_article(_scripts(tree))
    meta = _Meta(tree)
    source = _one([described.source, *meta.all("og:site_name", "application-name")])
    language = _language(
        [tree.get("lang"), tree.get("{http://www.w3.org/XML/1998/namespace}lang"),
         described.language, *meta.all("content-language", "og:locale", "dc.language")]
    )  # fmt: skip
    sections = _several([*described.sections, *meta.all("article:section")])
    tags = [*described.tags, *meta.all("article:tag", "news_keywords", "keywords")]
    author = _author(tree, described, meta)
    return PageFields(
        title=_title(tree, described, meta, source),
        author=author,
        published=_published(tree, described, meta, language, address),
        language=language,
        source=source,
        section=next(iter(sections), None),
        url=_url(tree, described, meta, address),
        text=described.text,
        summary=_one([described.summary, *meta.all("og:description", "description")]),
        image=_image([*meta.all("og:image", "twitter:image"), described.image], address),
        sections=sections,
        tags=_several(tag for each in tags for tag in split_values(each, commas=True)),
        byline=_several(described.byline) if author == described.author else (),
    )


def whole_url(url: str | None, base: str | None = None) -> str | None:
    """Return `url` as an absolute web address that can be an id, or None.

    A relative `url` is resolved against `base`. The fragment is removed, and invalid
    characters are percent-encoded. The result is None if `url` is invalid, is not a
    web address, or is longer than MAX_ID.
    """
    try:
        parts = urlsplit(urljoin(base or "", (url or "").strip()))
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
            return None
        whole = quote(urlunsplit((*parts[:4], "")), safe=URL_SAFE)
    except ValueError:
        return None
    return whole if whole.isprintable() and len(whole) <= MAX_ID else None


class _Meta:
    """The values of the meta tags of a page, by the name of the tag in lower case."""

    def __init__(self, tree: HtmlElement) -> None:
        self._values: dict[str, list[str]] = {}
        for element in tree.iter("meta"):
            content = element.get("content")
            for attribute in ("property", "name", "itemprop", "http-equiv"):
                if content and (name := element.get(attribute)):
                    self._values.setdefault(name.strip().lower(), []).append(content)

    def all(self, *names: str) -> Iterator[str]:
        """Yield the values of each name, in the order of `names`."""
        for name in names:
            yield from self._values.get(name, ())


def _scripts(tree: HtmlElement) -> Iterator[str]:
    for element in tree.iter("script"):
        if "ld+json" in (element.get("type") or "").lower():
            yield element.text or ""


def _title(tree: HtmlElement, described: Described, meta: _Meta, source: str | None) -> str | None:
    given = _one([described.title, *meta.all("og:title", "twitter:title", "dc.title", "title")])
    title = given or _one([_tried(extract_title, tree)])
    if title and source:
        # Sites append their name to the title, for search engines.
        return re.sub(rf"\s+[|\u2013\u2014·:»-]\s+{re.escape(source)}$", "", title)
    return title


def _author(tree: HtmlElement, described: Described, meta: _Meta) -> str | None:
    tags = meta.all("author", "article:author", "dc.creator", "parsely-author", "byl")
    names = (described.author, *(name for name in tags if not name.startswith(("http", "@"))))
    found = _one(names) or _one([_tried(extract_author, tree)])
    return (BY.sub("", found) or None) if found else None


def _published(
    tree: HtmlElement,
    described: Described,
    meta: _Meta,
    language: str | None,
    address: str | None,
) -> str | None:
    tags = meta.all(
        "article:published_time", "datepublished", "date", "dc.date.issued", "dc.date",
        "dcterms.created", "pubdate", "publishdate", "parsely-pub-date", "sailthru.date",
    )  # fmt: skip
    times = (
        element.get("datetime")
        for element in tree.iter("time")
        if element.get("itemprop") == "datePublished" or element.get("pubdate") is not None
    )
    for text in (described.published, *tags, *times):
        try:
            if text and text.strip():
                return iso_date(text.strip(), language)
        except InputError:
            continue
    return _tried(
        lambda page: find_date(page, extensive_search=False, original_date=True, url=address),
        tree,
    )


def _url(tree: HtmlElement, described: Described, meta: _Meta, address: str | None) -> str | None:
    links = (
        element.get("href")
        for element in tree.iter("link")
        if "canonical" in (element.get("rel") or "").lower().split()
    )
    base = next((element.get("href") for element in tree.iter("base")), None)
    for url in (*links, *meta.all("og:url"), described.url):
        found = whole_url(url, whole_url(base, address) or address)
        if found is not None and not _is_root(found):
            return found
    return None


def _is_root(url: str) -> bool:
    parts = urlsplit(url)
    return ROOTS.fullmatch(parts.path) is not None and not parts.query


def _language(tags: Iterable[str | None]) -> str | None:
    """Return the language of the first valid tag, without its region."""
    for tag in tags:
        if tag and TAG.fullmatch(tag.strip()):
            return re.split("[-_]", tag.strip())[0].lower()
    return None


def _one(values: Iterable[str | None]) -> str | None:
    """Return the first value that is not empty or too long, in one line."""
    for value in values:
        line = " ".join(CONTROLS.sub(" ", html.unescape(value or "")).split())
        if line and len(line) <= MAX_VALUE:
            return line
    return None


def _several(values: Iterable[str]) -> tuple[str, ...]:
    """Return the values that are not empty or too long for a list, each in one line."""
    lines = (_one([value]) for value in values)
    fitting = dict.fromkeys(line for line in lines if line and len(line) <= MAX_LIST_VALUE)
    return tuple(fitting)[:MAX_VALUES]


def _image(values: Iterable[str | None], address: str | None) -> str | None:
    """Return the first address of a picture on the web."""
    found = (whole_url(value, address) for value in values if value)
    return next((each for each in found if each), None)


def _tried(find: Callable[[HtmlElement], str | None], tree: HtmlElement) -> str | None:
    """Return the result of `find`, or None if `find` raises an error for the page."""
    try:
        return find(tree)
    except Exception:  # noqa: BLE001 - libraries may raise any error on arbitrary pages
        return None
