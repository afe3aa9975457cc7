"""prefix*, wild?card and fuzzy~ in an index of stems."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final

from nutgraf.index.analysis.declared_terms import term_of
from nutgraf.index.analysis.multilingual import MultilingualAnalyzer, QuestionToken
from nutgraf.index.query import MAX_PATTERN, MAX_WILDCARDS, query as wq
from nutgraf.index.schema import DECLARED
from nutgraf.search.query.parser import PatternKind

__all__ = [
    "Pattern",
    "can_be_searched",
    "fuzzy_patterns",
    "pattern_query",
    "prefix_patterns",
    "value_pattern",
    "wildcard_patterns",
]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A prefix*, wild?card or fuzzy~, for queries and highlighting.

    A word matches if its folded form (without case and accents) matches, or if its term matches. A
    prefix matches words that start with `text`. In a wildcard, ? matches one character, and *
    matches any number of characters. A fuzzy pattern matches words that differ from `text` in at
    most `distance` letters.
    """

    kind: PatternKind
    text: str
    distance: int = 0


_ENDINGS: Final = ("", "e", "s", "y", "n", "c", "al", "ed", "ing", "ion")
_FILLINGS: Final = "aeiosz"


def pattern_query(name: str | None, pattern: Pattern) -> Any:
    """Return the query for the matches of `pattern` in the field `name`."""
    if pattern.kind == "prefix":
        return wq.Prefix(name, pattern.text)
    if pattern.kind == "wildcard":
        return wq.Wildcard(name, pattern.text)
    return wq.FuzzyTerm(name, pattern.text, maxdist=pattern.distance, prefixlength=0)


def value_pattern(name: str, pattern: Pattern, *, declared: bool) -> Any:
    """Return the query for the values of a field that match `pattern`."""
    if not declared:
        return pattern_query(name, pattern)
    text = term_of(name, pattern.text)
    if pattern.kind == "fuzzy":
        same = len(text) - len(pattern.text)
        return wq.FuzzyTerm(DECLARED, text, maxdist=pattern.distance, prefixlength=same)
    return pattern_query(DECLARED, replace(pattern, text=text))


def can_be_searched(pattern: Pattern) -> bool:
    """Return whether a keyword index accepts a pattern.

    The parser limits the length of patterns, but folding can make a pattern longer.
    """
    signs = pattern.text.count("*") + pattern.text.count("?")
    return len(pattern.text) < MAX_PATTERN and signs < MAX_WILDCARDS


def prefix_patterns(word: str, analyzer: MultilingualAnalyzer) -> tuple[list[Pattern], list[str]]:
    """Return the pattern for word*, and stems that are shorter than the prefix.

    The index contains stems. No term starts with radioactiv, because radioactive has the stem
    radioact. So usual endings are added to the prefix, and the results are stemmed. The search also
    includes stems that are shorter than the prefix.
    """
    prefix = analyzer.fold(word)
    stems = (stem for ending in _ENDINGS for stem in analyzer.stems(prefix + ending))
    shorter = [stem for stem in stems if len(stem) < len(prefix)]
    return [Pattern("prefix", prefix)], list(dict.fromkeys(shorter))


def wildcard_patterns(text: str, analyzer: MultilingualAnalyzer) -> tuple[list[Pattern], list[str]]:
    """Return the patterns for the stems of wild?card, and its stems without a sign.

    The signs are replaced by letters, and the word is stemmed. If the stem contains such a letter,
    the letter is replaced by the sign again. So organi?ation finds organis and organ.
    """
    pattern = analyzer.fold(text)
    found = {pattern: None}
    for letter in dict.fromkeys(_FILLINGS + re.sub(r"[^\w]|\d", "", pattern)):
        for stem in analyzer.stems(re.sub(r"[?*]", letter, pattern)):
            signs = (sign if sign in "?*" else "" for sign in pattern)
            pairs = zip(stem, signs, strict=False)
            restored = "".join(sign if sign and char == letter else char for char, sign in pairs)
            # int*ing must not become int*, which matches far more words.
            if not restored.endswith("*") or pattern.endswith("*"):
                found[restored] = None
    patterns = [Pattern("wildcard", each) for each in found if "?" in each or "*" in each]
    return patterns, [each for each in found if "?" not in each and "*" not in each]


def fuzzy_patterns(
    text: str, last: QuestionToken, distance: int, analyzer: MultilingualAnalyzer
) -> list[Pattern]:
    """Return the patterns for word~: near its stem, and near the word as written.

    The stem of zelensky is zelenski. This stem differs from the stem of zelenskyy in 2 letters, but
    the words differ in only 1.
    """
    written = analyzer.fold(text[last.start : last.end])
    return [Pattern("fuzzy", each, distance) for each in dict.fromkeys([*last.common, written])]
