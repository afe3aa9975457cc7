"""The values of filters: as articles have them, or the nearest known ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nutgraf.index.query import query
from nutgraf.index.reader.protocol import IndexReader
from nutgraf.index.schema import KEYWORD_FIELDS
from nutgraf.search.query.question import Question
from nutgraf.search.request.options import MAX_VALUES, Filters
from nutgraf.search.request.where import FieldCondition

__all__ = [
    "Known",
    "Values",
    "asked_values",
    "resolved",
    "unknown_in_question",
    "unknown_values",
    "warn_of_unknown",
]

Known = Mapping[str, Mapping[str, Sequence[str]]]
"""The result of `IndexReader.known_values`: by field and value, the values meant."""

Values = tuple[tuple[str, str], ...]
"""Pairs of a field and a value."""


def asked_values(index: IndexReader, filters: Filters) -> dict[str, tuple[str, ...]]:
    """Return the values of the filters and conditions on keyword fields."""
    found = {name: one for name, one in filters.values().items() if name in KEYWORD_FIELDS}
    for each in filters.conditions():
        if _has_values(index, each):
            found[each.field] = (*found.get(each.field, ()), *each.values)
    return found


def resolved(index: IndexReader, filters: Filters, known: Known) -> Filters:
    """Return the filters with each value as articles have it: BBC for bbc.

    A value that an article has, and a value that no article has, stay as they are.
    """
    changed: dict[str, Any] = {}
    for name, values in filters.values().items():
        if (meant := _meant(name, values, known)) != values:
            changed[name] = meant
    where = tuple(
        _rewritten(each, _meant(each.field, each.values, known))
        if _has_values(index, each)
        else text
        for text, each in zip(filters.where, filters.conditions(), strict=True)
    )
    if where != filters.where:
        changed["where"] = where
    return replace(filters, **changed) if changed else filters


def _has_values(index: IndexReader, asked: FieldCondition) -> bool:
    kind = index.declared.get(asked.field, "keyword" if asked.field in KEYWORD_FIELDS else "")
    return kind.startswith("keyword") and not asked.is_presence


def _meant(name: str, values: tuple[str, ...], known: Known) -> tuple[str, ...]:
    spellings = known.get(name, {})
    meant = dict.fromkeys(one for value in values for one in spellings.get(value, [value]))
    return tuple(meant)[:MAX_VALUES]


def _rewritten(asked: FieldCondition, values: tuple[str, ...]) -> str:
    sign = "-" if asked.excluded else ""
    return f"{sign}{asked.field}:" + " OR ".join(f'"{value}"' for value in values)


def unknown_values(index: IndexReader, filters: Filters, known: Known) -> Values:
    """Return the field and the value of each filter value that no article has."""
    return tuple(
        (name, value)
        for name, values in asked_values(index, filters).items()
        for value in values
        if value not in known.get(name, {})
    )


def unknown_in_question(index: IndexReader, question: Question) -> Values:
    """Return the pairs for each source:value of a question that no article has."""
    asked = [pair for pair in dict.fromkeys(question.values) if pair[0] in KEYWORD_FIELDS]
    if not asked:
        return ()
    fold = question.analyzer.fold
    counts = index.counts([query.Term(name, " ".join(fold(one).split())) for name, one in asked])
    return tuple(pair for pair, count in zip(asked, counts, strict=True) if not count)


def warn_of_unknown(index: IndexReader, unknown: Values) -> Iterator[str]:
    """Yield a warning for each unknown value, with the nearest known value."""
    asked: dict[str, list[str]] = {}
    for name, value in dict.fromkeys(unknown):
        asked.setdefault(name, []).append(value)
    near = index.near_values(asked) if asked else {}
    for name, values in asked.items():
        for value in values:
            nearest = near.get((name, value))
            hint = f"the nearest is {nearest!r}" if nearest else f"the facet {name!r} lists all"
            yield f"no article has the {name} {value!r}; {hint}"
