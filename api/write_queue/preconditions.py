"""ETag, If-Match and If-None-Match: conditions that prevent lost updates.

RFC 9110, sections 8.8.3 and 13. A tag is made from the content of an article, so
the same content has the same tag in every commit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from fastapi import HTTPException
from starlette.datastructures import Headers

__all__ = ["ALWAYS", "Precondition", "Tags", "etag", "parse_precondition"]

ELEMENT: Final = re.compile(r'[ \t]*(?:(W/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*)?(?:,|$)')
"""An element of a list of tags. Elements may be empty (RFC 9110, 5.6.1.2)."""


def etag(digest: bytes) -> str:
    """Return the strong tag of an article with this digest."""
    return f'"{digest.hex()}"'


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of a header, without their quotes. `anything` is True for `*`."""

    strong: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()
    anything: bool = False

    def name(self, digest: bytes | None, *, weakly: bool) -> bool:
        """Return whether the ETags include that of an article with this digest.

        `digest` is None if the article does not exist. With `weakly`, weak ETags count too.
        """
        if digest is None:
            return False
        tag = digest.hex()
        return self.anything or tag in self.strong or (weakly and tag in self.weak)


@dataclass(frozen=True, slots=True)
class Precondition:
    """The conditions that a request sets."""

    if_match: Tags | None = None
    if_none_match: Tags | None = None

    def failed(self, digest: bytes | None) -> Literal["If-Match", "If-None-Match"] | None:
        """Return the header whose condition an article does not meet, or None.

        `digest` is the digest of the article, or None if there is no such article.
        """
        if self.if_match is not None and not self.if_match.name(digest, weakly=False):
            return "If-Match"
        if self.if_none_match is not None and self.if_none_match.name(digest, weakly=True):
            return "If-None-Match"
        return None


ALWAYS: Final = Precondition()


def parse_precondition(headers: Headers) -> Precondition:
    """Return the conditions of a request. Raises HTTPException 400 if one is invalid."""
    return Precondition(_tags(headers, "If-Match"), _tags(headers, "If-None-Match"))


def _tags(headers: Headers, name: str) -> Tags | None:
    lines = headers.getlist(name)
    if not lines:
        return None
    value = ",".join(lines).strip()
    if value == "*":
        return Tags(anything=True)
    found: dict[bool, set[str]] = {True: set(), False: set()}
    at = 0
    while at < len(value):
        tag = ELEMENT.match(value, at)
        if tag is None:
            raise HTTPException(
                400, f'{name} is not a list of tags: send {name}: "TAG" as in an ETag header, or *'
            )
        if tag[2] is not None:
            found[tag[1] is not None].add(tag[2])
        at = tag.end()
    return Tags(frozenset(found[False]), frozenset(found[True]))
