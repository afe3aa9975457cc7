"""Read RSS, Atom and RDF feeds: one article per entry. No links are fetched."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from nutgraf.index.article import MAX_ID, MAX_VALUE, Article, timestamp
from nutgraf.index.errors import InputError
from nutgraf.index.fields.values import MAX_LIST_VALUE, MAX_VALUES
from nutgraf.index.sources.fields.clean import clean_fields
from nutgraf.index.sources.fields.dates import iso_date, warnings_of
from nutgraf.index.sources.fields.paragraphs import paragraphs_of, split_paragraphs
from nutgraf.index.sources.files.encoding import declared_encoding, decode_any
from nutgraf.index.sources.items import Capture, Flagged, Item, OpenedFile, Rejected

__all__ = ["begins_as_feed", "read_feed"]

MAX_FEED: Final = 16 * 1024 * 1024
"""Largest size of a feed, in bytes.

To read a feed takes about 10 times as many bytes of memory.
"""

ROOT: Final = re.compile(r"<(?:[\w.-]{1,20}:)?(?:rss|feed|RDF)[\s>]", re.IGNORECASE)
"""The start tag of the root element of a feed."""

MARK: Final = re.compile(r"[^\s\ufeff]")
"""A character that is neither white space nor a byte order mark."""

CONTROLS: Final = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that XML forbids; a single one would make a feed ill-formed."""

WEB: Final = ("http://", "https://")

UTF_8: Final = {"content-type": "application/xml; charset=utf-8"}


def begins_as_feed(head: bytes) -> bool:
    """Tell whether the first bytes of a file prove that it is a feed."""
    _, rest = _split_prologue(head.removeprefix(b"\xef\xbb\xbf").decode("latin-1"))
    return ROOT.match(rest) is not None


def read_feed(opened: OpenedFile) -> Iterator[Item]:
    """Yield an article or a report for each entry, in order.

    The id of an article is the id (guid) of its entry, or else the link, or else
    a digest of the text. A feed that is not well-formed XML is read as far as
    possible, with a warning.
    """
    content = opened.file.read(MAX_FEED + 1)
    try:
        if len(content) > MAX_FEED:
            raise InputError(f"the feed is larger than {MAX_FEED:,} bytes; split it")
        decoded = decode_any(content, declared_encoding(content))
        feed = _parsed(decoded.text)
    except InputError as error:
        yield Rejected(opened.place, str(error))
        return
    reason = _parse_error(feed)
    if not feed["entries"]:
        why = f"; it is not well-formed XML: {reason}" if reason else ""
        yield Rejected(opened.place, f"there is no entry in the feed{why}")
        return
    if decoded.oddity:
        yield Flagged(opened.place, decoded.oddity)
    if reason:
        yield Flagged(
            opened.place, f"it is not well-formed XML, so entries may lack text: {reason}"
        )
    for number, entry in enumerate(feed["entries"], 1):
        yield from _items(entry, feed["feed"], f"{opened.place}:entry {number}")


def _split_prologue(text: str) -> tuple[str, str]:
    """Return the text before the root element, and the rest, without a DOCTYPE.

    The entities in a DOCTYPE can contain one another, so that a small feed becomes
    huge. Entities can also include other files.
    """
    at = 0
    while True:
        mark = MARK.search(text, at)
        if mark is None:
            return text, ""
        start = mark.start()
        if text.startswith("<!DOCTYPE", start):
            root = ROOT.search(text, start)
            return text[:start], "" if root is None else text[root.start() :]
        if text.startswith("<?", start):
            end = text.find("?>", start) + len("?>")
        elif text.startswith("<!--", start):
            end = text.find("-->", start) + len("-->")
        else:
            return text[:start], text[start:]
        if end < start:
            return text[:start], text[start:]
        at = end


def _parsed(text: str) -> dict[str, Any]:
    import feedparser  # 0.1 s to import

    # feedparser would fetch a text that looks like a URL. It never fetches anything for a stream.
    content = io.BytesIO(CONTROLS.sub("", "".join(_split_prologue(text))).encode())
    try:
        parsed: dict[str, Any] = feedparser.parse(
            content, response_headers=UTF_8, resolve_relative_uris=False, sanitize_html=False
        )
    except Exception as error:  # noqa: BLE001 - feedparser may raise any error on arbitrary files
        raise InputError(
            f"the feed cannot be read: {type(error).__name__}: {error}; download it again"
        ) from None
    return parsed


def _parse_error(feed: dict[str, Any]) -> str:
    """Return the error and the line where XML is not well-formed, or "" if it is."""
    if not feed.get("bozo"):
        return ""
    return str(feed.get("bozo_exception"))[:200].replace("<unknown>:", "line ")


def _items(entry: dict[str, Any], feed: dict[str, Any], place: str) -> Iterator[Item]:
    try:
        title, paragraphs = _title(entry), _paragraphs(entry)
        language = _language(entry, feed)
        published, oddity = _published(entry, language)
        source = _source(entry, feed)
        name = _name(entry, source)
        tags, byline = _tags(entry), _byline(entry)
        author = ", ".join(byline) or _value(_text(entry, "author"))
        fields, removed = clean_fields(
            {
                "id": name or _digest(title, paragraphs),
                "title": title,
                "paragraphs": paragraphs,
                "url": _link(entry),
                "source": source,
                "author": author,
                "byline": byline,
                "section": next(iter(tags), None),
                "tags": tags,
                "summary": _summary(entry),
                "image": _image(entry),
                "published": published,
                "language": language,
            }
        )
        article = Article(**fields)
    except InputError as error:
        yield Rejected(place, str(error))
        return
    yield from warnings_of(article, place, oddity, removed)
    yield Capture(article, place, _changed(entry, language)) if name else article


def _title(entry: dict[str, Any]) -> str:
    from nutgraf.index.sources.html.fragments import inline_text

    if not (title := inline_text(_text(entry, "title"))):
        raise InputError("'title' is missing; add it to the entry, or omit the entry")
    return title


def _paragraphs(entry: dict[str, Any]) -> tuple[str, ...]:
    """Return the paragraphs of the full text of an entry, or else of its summary."""
    from nutgraf.index.sources.html.fragments import blocks_of

    details = [*(dict.get(entry, "content") or ()), dict.get(entry, "summary_detail") or {}]
    for detail in details:
        value = detail.get("value") or ""
        plain = detail.get("type") == "text/plain" and "<" not in value
        if found := split_paragraphs(value) if plain else paragraphs_of(blocks_of(value)):
            return found
    raise InputError("there is no text: neither content nor a summary; add one, or omit the entry")


def _published(entry: dict[str, Any], language: str | None) -> tuple[str | None, str | None]:
    """Return the date of publication, or else of change, and a warning or None.

    If the date is invalid, the result is None and a warning.
    """
    given = _text(entry, "published") or _text(entry, "updated")
    try:
        return (iso_date(given, language) if given else None), None
    except InputError as error:
        return None, f"{error}; the article is indexed without a date"


def _changed(entry: dict[str, Any], language: str | None) -> float | None:
    """Return the time of the last change, or else of publication, or None.

    The time is in seconds since 1970. The latest time decides the newest copy.
    """
    given = _text(entry, "updated") or _text(entry, "published")
    try:
        return timestamp(iso_date(given, language)) if given else None
    except InputError:
        return None


def _name(entry: dict[str, Any], source: str | None) -> str | None:
    """Return the id of an entry, or else its link, or None.

    An id without a colon, such as 1001, is unique in one feed only. So the name of
    the feed precedes such an id.
    """
    given = _text(entry, "id")
    whose = given if ":" in given or not source else f"{source}:{given}"
    for name in (whose if given else "", _link(entry)):
        if name and len(name) <= MAX_ID and name.isprintable():
            return name
    return None


def _digest(title: str, paragraphs: tuple[str, ...]) -> str:
    content = "\n\n".join((title, *paragraphs)).encode(errors="replace")
    return f"entry:{hashlib.blake2b(content, digest_size=8).hexdigest()}"


def _link(entry: dict[str, Any]) -> str | None:
    link = _text(entry, "link")
    return link if link.startswith(WEB) and len(link) <= MAX_VALUE else None


def _source(entry: dict[str, Any], feed: dict[str, Any]) -> str | None:
    """Return the name of the feed of an entry.

    A feed can collect the entries of several feeds. Then each entry names its feed.
    """
    own = dict.get(entry, "source")
    title = _text(own, "title") if isinstance(own, dict) else ""
    return _value(title or _text(feed, "title"))


def _byline(entry: dict[str, Any]) -> tuple[str, ...]:
    people = dict.get(entry, "authors") or ()
    return _values(_text(one, "name") for one in people)


def _tags(entry: dict[str, Any]) -> tuple[str, ...]:
    tags = dict.get(entry, "tags") or ()
    return _values(_text(tag, "label") or _text(tag, "term") for tag in tags)


def _summary(entry: dict[str, Any]) -> str | None:
    """Return the summary of an entry that also has its full text."""
    texts = [_text(detail, "value") for detail in dict.get(entry, "content") or ()]
    summary = _text(entry, "summary")
    return _value(summary) if any(texts) and summary not in texts else None


def _image(entry: dict[str, Any]) -> str | None:
    """Return the address of a picture: a thumbnail, other media, or an enclosure."""
    media = [*(dict.get(entry, "media_thumbnail") or ()), *(dict.get(entry, "media_content") or ())]
    files = [one for one in dict.get(entry, "links") or () if _text(one, "rel") == "enclosure"]
    for one in (*media, *files):
        address = _text(one, "url") or _text(one, "href")
        kind = _text(one, "type") or _text(one, "medium") or "image"
        if kind.startswith("image") and address.startswith(WEB) and len(address) <= MAX_VALUE:
            return address
    return None


def _values(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the values that are not empty or too long for a list, each in one line."""
    values = dict.fromkeys(value for text in texts if (value := _value(text)))
    return tuple(value for value in values if len(value) <= MAX_LIST_VALUE)[:MAX_VALUES]


def _language(entry: dict[str, Any], feed: dict[str, Any]) -> str | None:
    details = [*(dict.get(entry, "content") or ()), dict.get(entry, "summary_detail") or {}]
    own = next((found for one in details if (found := _text(one, "language"))), "")
    return _value(own or _text(feed, "language"))


def _value(text: str) -> str | None:
    """Return the text of a field in one line, or None if the text is empty."""
    from nutgraf.index.sources.html.fragments import inline_text

    return inline_text(text)[:MAX_VALUE].strip() or None


def _text(fields: dict[str, Any], name: str) -> str:
    # If a field is missing, get() of feedparser returns another field, with a warning.
    value = dict.get(fields, name)
    return value.strip() if isinstance(value, str) else ""
