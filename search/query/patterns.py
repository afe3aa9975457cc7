"""prefix*, wild?card and fuzzy~ over an index that holds stems."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from nutgraf.index.analysis.multilingual import MultilingualAnalyzer, QuestionToken
from nutgraf.index.query import MAX_PATTERN, MAX_WILDCARDS, query as wq
from nutgraf.search.query.parser import PatternKind

__all__ = [
    "Pattern",
    "can_be_searched",
    "fuzzy_patterns",
    "pattern_query",
    "prefix_patterns",
    "wildcard_patterns",
]


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a prefix*, wild?card or fuzzy~ finds, for highlighting.

    A word matches when its folded form or its term does: starts with `text`,
    equals it with ? for one character and * for any, or differs from it in at
    most `distance` letters.
    """

    kind: PatternKind
    text: str
    distance: int = 0


_ENDINGS: Final = ("", "e", "s", "y", "n", "c", "al", "ed", "ing", "ion")
_FILLINGS: Final = "aeiosz"


def pattern_query(name: str | None, pattern: Pattern) -> Any:
    """Return the query for what `pattern` finds in the field `name`."""
    if pattern.kind == "prefix":
        return wq.Prefix(name, pattern.text)
    if pattern.kind == "wildcard":
        return wq.Wildcard(name, pattern.text)
    return wq.FuzzyTerm(name, pattern.text, maxdist=pattern.distance, prefixlength=0)


def can_be_searched(pattern: Pattern) -> bool:
    """Tell whether a keyword index takes the pattern: folding can make one longer."""
    signs = pattern.text.count("*") + pattern.text.count("?")
    return len(pattern.text) < MAX_PATTERN and signs < MAX_WILDCARDS


def prefix_patterns(word: str, analyzer: MultilingualAnalyzer) -> tuple[list[Pattern], list[str]]:
    """Return the pattern for word*, and terms shorter than it that its words can have.

    The index holds stems: no term starts with radioactiv, as radioactive is
    radioact. So usual endings are put on, and what is then cut to less than
    the prefix is looked for as well.
    """
    prefix = analyzer.fold(word)
    stems = (stem for ending in _ENDINGS for stem in analyzer.stems(prefix + ending))
    shorter = [stem for stem in stems if len(stem) < len(prefix)]
    return [Pattern("prefix", prefix)], list(dict.fromkeys(shorter))


def wildcard_patterns(text: str, analyzer: MultilingualAnalyzer) -> tuple[list[Pattern], list[str]]:
    """Return the patterns, and terms without a sign left, that wild?cards can have as stems.

    Letters are put for the signs, the word is stemmed, and where the letter
    is still there the sign comes back: organi?ation finds organis and organ.
    """
    pattern = analyzer.fold(text)
    found = {pattern: None}
    for letter in dict.fromkeys(_FILLINGS + re.sub(r"[^\w]|\d", "", pattern)):
        for stem in analyzer.stems(re.sub(r"[?*]", letter, pattern)):
            signs = (sign if sign in "?*" else "" for sign in pattern)
            pairs = zip(stem, signs, strict=False)
            restored = "".join(sign if sign and char == letter else char for char, sign in pairs)
            # int*ing must not become int*, which is far more.
            if not restored.endswith("*") or pattern.endswith("*"):
                found[restored] = None
    patterns = [Pattern("wildcard", each) for each in found if "?" in each or "*" in each]
    return patterns, [each for each in found if "?" not in each and "*" not in each]


def fuzzy_patterns(
    text: str, last: QuestionToken, distance: int, analyzer: MultilingualAnalyzer
) -> list[Pattern]:
    """Return the patterns for word~: near the word's stem, and near the word as written.

    The stem of zelensky is zelenski, two letters from the stem of zelenskyy;
    the words are one apart.
    """
    written = analyzer.fold(text[last.start : last.end])
    return [Pattern("fuzzy", each, distance) for each in dict.fromkeys([*last.common, written])]
