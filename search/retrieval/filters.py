"""Filters on both sides: a mask over rows for vectors, a query tree for keywords."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.analyzer import exact_term
from nutgraf.index.columns import NO_DATE
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.keywords.query import query
from nutgraf.index.reader.snapshot import IndexSnapshot
from nutgraf.search.request.options import Filters

__all__ = ["filter_mask", "filter_tree"]


def filter_mask(snapshot: IndexSnapshot, filters: Filters) -> NDArray[np.bool_] | None:
    """Return which rows are ranked and pass, of shape (rows,); None where all do."""
    masks = [] if snapshot.ranked is None else [snapshot.ranked]
    for field, values in filters.values().items():
        masks.append(_value_mask(snapshot, field, values))
    masks += _published_masks(snapshot, filters)
    return np.logical_and.reduce(masks) if masks else None


def filter_tree(filters: Filters) -> query.Query | None:
    """Return the same as a query tree; None where nothing is filtered."""
    parts: list[query.Query] = [
        query.Or([query.Term(field, exact_term(value)) for value in values])
        for field, values in filters.values().items()
    ]
    start, end = filters.published()
    if start is not None or end is not None:
        parts.append(query.NumericRange("published", start, end))
    return query.And(parts) if parts else None


def _value_mask(snapshot: IndexSnapshot, field: str, values: tuple[str, ...]) -> NDArray[np.bool_]:
    if field == "article":
        records = [snapshot.article(value) for value in values]
        numbers = [record.number for record in records if record is not None]
        return np.isin(snapshot.columns.article, np.array(numbers, np.uint32))
    codes = snapshot.catalog.codes(field, values)
    for value in set(values) - codes.keys():
        # No article has it, then; or the disk has changed the code's entry.
        if snapshot.keywords.count(query.Term(field, exact_term(value))):
            raise BrokenIndexError(
                f"the catalog of {snapshot.path} has lost the code of {field} {value!r}; "
                "'nutgraf repair' makes it again"
            )
    return np.isin(snapshot.columns.code(field), np.array(list(codes.values()), np.uint32))


def _published_masks(snapshot: IndexSnapshot, filters: Filters) -> list[NDArray[np.bool_]]:
    start, end = filters.published()
    if start is None and end is None:
        return []
    published = snapshot.columns.published
    masks = [published != NO_DATE]
    if start is not None:
        masks.append(published >= start)
    if end is not None:
        masks.append(published <= end)
    return masks
