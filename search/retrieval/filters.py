"""Filters of a request, converted to a condition of an index query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from nutgraf.index.analysis.edit_distance import distance
from nutgraf.index.fields.declared import DeclaredKind
from nutgraf.index.reader.protocol import Condition, FieldValues, IndexReader
from nutgraf.index.schema import PUBLISHED, VALUE_FIELDS
from nutgraf.search.errors import RequestError
from nutgraf.search.query.numbers import date_limits, number_range
from nutgraf.search.request.options import Filters
from nutgraf.search.request.where import FieldCondition

__all__ = ["condition_of"]

MAX_EDITS: Final = 2
"""The highest number of edits between a misspelled field and a field."""

WHERE_FIELDS: Final = (*VALUE_FIELDS, PUBLISHED)
"""The fields of every index that `where` accepts."""


def condition_of(
    index: IndexReader,
    filters: Filters,
    constraint: Any = None,
    *,
    now: datetime,
    other_than: str | None = None,
) -> Condition:
    """Return the condition of filters and of a question's constraint.

    `now` is the time for dates such as yesterday. `other_than` is the id of an article to exclude.
    Raises RequestError if a condition of `where` does not fit the fields of the index.
    """
    return Condition(
        tuple(filters.values().items()),
        filters.published(now),
        constraint,
        other_than,
        fields=tuple(_field_values(index, each, now) for each in filters.conditions()),
    )


def _field_values(index: IndexReader, asked: FieldCondition, now: datetime) -> FieldValues:
    field, kind = asked.field, index.declared.get(asked.field)
    if kind is None and field not in WHERE_FIELDS:
        raise _unknown_field(field, (*WHERE_FIELDS, *index.declared))
    if asked.is_presence:
        if field == "article":
            raise RequestError("where", "'article:*' matches every article; omit it")
        return FieldValues(field, kind, excluded=asked.excluded)
    if field == PUBLISHED or kind in ("number", "date"):
        limits = _limits(asked, kind, now)
        return FieldValues(field, kind, limits=limits, excluded=asked.excluded)
    return FieldValues(field, kind, asked.values, excluded=asked.excluded)


def _limits(
    asked: FieldCondition, kind: DeclaredKind | None, now: datetime
) -> tuple[float | None, float | None]:
    is_number = kind == "number"
    limits = number_range(asked.text) if is_number else date_limits(asked.text, now)
    if limits is None and asked.text.startswith(("[", "{")) and " TO " in asked.text:
        raise RequestError(
            "where",
            f"has the range {asked.text[:40]!r} for {asked.field}; write [A TO B], with two "
            f"{'numbers' if is_number else 'dates'}, the lower one first",
        )
    if limits is None:
        forms = "300, >300 or [300 TO 500]" if is_number else "2023, last week or [2022 TO 2023]"
        raise RequestError(
            "where",
            f"has {asked.text[:40]!r} for {asked.field}, which is not a "
            f"{'number' if is_number else 'date'}; write {forms}",
        )
    return limits


def _unknown_field(field: str, known: Sequence[str]) -> RequestError:
    edits, near = min((distance(field, each), each) for each in known)
    meant = f"did you mean {near!r}? " if edits <= MAX_EDITS else ""
    return RequestError(
        "where",
        f"names {field[:40]!r}, which is not a field; {meant}choose one of {', '.join(known)}",
    )
