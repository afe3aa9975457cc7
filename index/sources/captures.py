"""Choose the newest of several copies of an article."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import overload

from nutgraf.index.article import Article
from nutgraf.index.prepared import Prepared
from nutgraf.index.sources.items import Capture, Flagged, Item, Rejected, Skipped, UnknownFields

__all__ = ["newest_captures"]


@overload
def newest_captures(
    items: Iterable[Item | Skipped],
) -> Iterator[Article | Rejected | Skipped | Flagged | UnknownFields]: ...


@overload
def newest_captures(
    items: Iterable[Item | Skipped | Prepared],
) -> Iterator[Article | Prepared | Rejected | Skipped | Flagged | UnknownFields]: ...


def newest_captures(
    items: Iterable[Item | Skipped | Prepared],
) -> Iterator[Article | Prepared | Rejected | Skipped | Flagged | UnknownFields]:
    """Yield the items, with each Capture replaced by its article or a report.

    If an earlier Capture with the same id is as new or newer, the result is a
    Skipped. If the time of one of the two is unknown, the result is a Rejected:
    different pages can declare the same URL by mistake, and would replace one
    another. Only items of the same call are compared. The function stores about
    150 bytes for each id.
    """
    seen: dict[bytes, tuple[float | None, str]] = {}
    for item in items:
        if not isinstance(item, Capture):
            yield item
            continue
        url = item.article.id
        key = hashlib.blake2b(url.encode(), digest_size=16).digest()
        at, place = seen.get(key, (None, ""))
        if not place or (at is not None and item.at is not None and item.at > at):
            seen[key] = item.at, item.place
            yield item.article
        elif at is not None and item.at is not None:
            yield Skipped(item.place, f"{place} has an equally new or newer copy of {url}")
        else:
            yield Rejected(
                item.place,
                f"it declares the URL {url}, as {place} does; remove one of the two, or, if they "
                "are different articles, the wrong URL",
            )
