"""Words of a question: plain words, prefix*, wild?card and fuzzy~."""

from __future__ import annotations

import re
from typing import Final

from nutgraf.search.query.syntax.nodes import Leaf, Warn

__all__ = ["LETTER", "MAX_DISTANCE", "leaf_of"]

MAX_PATTERN: Final = 64
"""Maximum number of characters in a pattern, the same as in a term."""

MAX_STARS: Final = 3
"""Maximum number of stars in a pattern.

The time for matching grows with a power of this number.
"""

MAX_DISTANCE: Final = 2
"""Maximum of differing letters, as in fuzzy~2. With 3, most short words match."""

LETTER: Final = r"[^\W\d_]"
"""The pattern of a letter."""

_PREFIX: Final = re.compile(r"(\w[\w'’-]*\w)\*")
_WILDCARD: Final = re.compile(rf"(\w+(?:(?<={LETTER})[?*](?={LETTER})\w+)+\*?)")
_FUZZY: Final = re.compile(r"(\w[\w'’-]*\w)~([1-9]\d*)?")
_MEANT: Final = re.compile(rf"{LETTER}[*~]|[*~]{LETTER}")
_EDGES: Final = ".,;:!?'‘’"


def leaf_of(word: str, warn: Warn) -> Leaf:
    """Return the leaf of a word without a field."""
    return _pattern(word, warn) or Leaf("word", word)


def _pattern(text: str, warn: Warn) -> Leaf | None:
    if "*" not in text and "?" not in text and "~" not in text:
        return None
    core = text.strip(_EDGES)
    short = len(core) <= MAX_PATTERN and core.count("*") <= MAX_STARS
    if short and (match := _PREFIX.fullmatch(core)):
        return Leaf("prefix", match[1])
    if short and (match := _WILDCARD.fullmatch(core)):
        return Leaf("wildcard", match[1])
    match = _FUZZY.fullmatch(core) if short else None
    if match and sum(map(str.isalpha, match[1])) >= 3:
        distance = int((match[2] or "1")[:4])
        if distance > MAX_DISTANCE:
            warn(
                f"'{text[:40]}': at most {MAX_DISTANCE} letters may differ; ~{MAX_DISTANCE} is used"
            )
        return Leaf("fuzzy", match[1], distance=min(distance, MAX_DISTANCE))
    if _MEANT.search(core):
        warn(
            f"'{text[:40]}' is searched as a plain word: "
            "* needs at least 2 letters before it (missile*), ~ at least 3 (bakmut~)"
        )
    return None
