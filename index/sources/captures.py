"""Articles that are called by their URLs: of several copies, which one is indexed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import overload

from nutgraf.index.article import Article
from nutgraf.index.prepared import Prepared
from nutgraf.index.sources.items import Capture, Flagged, Item, Rejected, Skipped

__all__ = ["newest_captures"]


@overload
def newest_captures(
    items: Iterable[Item | Skipped],
) -> Iterator[Article | Rejected | Skipped | Flagged]: ...


@overload
def newest_captures(
    items: Iterable[Item | Skipped | Prepared],
) -> Iterator[Article | Prepared | Rejected | Skipped | Flagged]: ...


def newest_captures(
    items: Iterable[Item | Skipped | Prepared],
) -> Iterator[Article | Prepared | Rejected | Skipped | Flagged]:
    """Yield the items, of the copies of a captured article only those newer than all before.

    An older copy is Skipped. Where nobody knows which is newer, the second is
    Rejected: pages that name a wrong URL as theirs would replace one another.
    It remembers some 150 bytes a URL, and nothing of earlier runs.
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
            yield Skipped(item.place, f"{place} has a copy of {url} that is as new or newer")
        else:
            yield Rejected(
                item.place,
                f"it says that its URL is {url}, as {place} does: remove one of the two, or the "
                "URL from one that is another article",
            )
