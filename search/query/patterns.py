"""prefix*, wild?card and fuzzy~ in an index of stems."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from nutgraf.index.analysis.declared_terms import term_of
from nutgraf.index.analysis.multilingual import MultilingualAnalyzer, QuestionToken
from nutgraf.index.query import MAX_PATTERN, MAX_WILDCARDS, query as wq
from nutgraf.index.schema import DECLARED
from nutgraf.search.query.syntax.nodes import PatternKind

__all__ = [
    "Pattern",
    "Readings",
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


Readings: TypeAlias = dict[Pattern | str, frozenset[str]]
"""The patterns and stems that a pattern of a question means, with their languages."""

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


def prefix_patterns(word: str, analyzer: MultilingualAnalyzer) -> Readings:
    """Return the pattern for word*, and stems that are shorter than the prefix.

    The index contains stems. No term starts with radioactiv, because radioactive has the stem
    radioact. So usual endings are added to the prefix, and the results are stemmed. The search also
    includes stems that are shorter than the prefix.
    """
    prefix = analyzer.fold(word)
    found: Readings = {Pattern("prefix", prefix): analyzer.every}
    for ending in _ENDINGS:
        for stem, languages in analyzer.stems(prefix + ending).items():
            if len(stem) < len(prefix):
                _add(found, stem, languages)
    return found


def wildcard_patterns(text: str, analyzer: MultilingualAnalyzer) -> Readings:
    """Return the patterns for the stems of wild?card, and its stems without a sign.

    The signs are replaced by letters, and the word is stemmed. If the stem contains such a letter,
    the letter is replaced by the sign again. So organi?ation finds organis and organ.
    """
    pattern = analyzer.fold(text)
    found: Readings = {_wildcard(pattern): analyzer.every}
    for letter in dict.fromkeys(_FILLINGS + re.sub(r"[^\w]|\d", "", pattern)):
        for stem, languages in analyzer.stems(re.sub(r"[?*]", letter, pattern)).items():
            signs = (sign if sign in "?*" else "" for sign in pattern)
            pairs = zip(stem, signs, strict=False)
            restored = "".join(sign if sign and char == letter else char for char, sign in pairs)
            # int*ing must not become int*, which matches far more words.
            if not restored.endswith("*") or pattern.endswith("*"):
                _add(found, _wildcard(restored), languages)
    return found


def fuzzy_patterns(
    text: str, last: QuestionToken, distance: int, analyzer: MultilingualAnalyzer
) -> Readings:
    """Return the patterns for word~: near its stem, and near the word as written.

    The stem of zelensky is zelenski. This stem differs from the stem of zelenskyy in 2 letters, but
    the words differ in only 1.
    """
    found: Readings = {}
    for (term,), languages in analyzer.by_language([last.terms]).items():
        _add(found, Pattern("fuzzy", term, distance), languages)
    written = analyzer.fold(text[last.start : last.end])
    _add(found, Pattern("fuzzy", written, distance), analyzer.every)
    return found


def _wildcard(text: str) -> Pattern | str:
    return Pattern("wildcard", text) if "?" in text or "*" in text else text


def _add(found: Readings, reading: Pattern | str, languages: frozenset[str]) -> None:
    found[reading] = found.get(reading, frozenset()) | languages
