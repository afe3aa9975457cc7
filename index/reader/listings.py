"""Listings: the units of a set of matches, counted and in the order of a field."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.distinct import are_repeated
from nutgraf.index.reader.protocol import NO_DATE, Listing, ListQuery, Order, Position
from nutgraf.index.reader.retrieval import QueryExecution

if TYPE_CHECKING:
    from nutgraf.index.reader.snapshot import IndexSnapshot

__all__ = ["list_units"]


def list_units(snapshot: IndexSnapshot, execution: QueryExecution, asked: ListQuery) -> Listing:
    """Return the listing of a query. Queries of the same rows share one search."""
    rows, units = execution.units(asked.matching, asked.by)
    if asked.by.endswith("_story"):
        several = are_repeated(units)
        shown = _shown_versions(snapshot, rows[several], units[several], newest=asked.newest)
        listed = ~several
        listed[np.searchsorted(rows, shown)] = True
        rows = rows[listed]
    total = len(rows)
    if not asked.limit:
        return Listing(total, rows[:0])
    if asked.added_before is not None:
        rows = rows[rows < asked.added_before]
    keys = _Keys.read(snapshot, asked.order, rows)
    if asked.after is not None:
        left = keys.after(asked.after)
        rows, keys = rows[left], keys.take(left)
    places = keys.first(asked.start + asked.limit)[asked.start :]
    return Listing(total, rows[places], tuple(map(keys.position, places.tolist())))


def _text_key(text: str) -> tuple[str, str]:
    """Return the sort key of a text: case decides only between equal texts."""
    return text.casefold(), text


def _first_codes(snapshot: IndexSnapshot, field: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the code of the first value of each row, 0 for a row without a value."""
    positions, codes = snapshot.columns.codes(field).pairs(rows)
    found, first = np.unique(positions, return_index=True)
    firsts = np.zeros(len(rows), np.int64)
    firsts[found] = codes[first]
    return firsts


def _shown_versions(
    snapshot: IndexSnapshot,
    rows: NDArray[np.int64],
    stories: NDArray[np.int64],
    *,
    newest: bool,
) -> NDArray[np.int64]:
    """Return one row for each story: the row of the version that decides the order.

    That is the version with the newest date, or with the oldest one. If two versions have
    the same date, or no date, the version with the higher row counts as newer. Versions
    without a date are used only if no version has a date.
    """
    published = snapshot.columns.published[rows]
    if newest:
        order = np.lexsort((-rows, -published, published == NO_DATE, stories))
    else:
        order = np.lexsort((rows, published, published == NO_DATE, stories))
    ordered = stories[order]
    firsts = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))
    return rows[order[firsts]]


@dataclass(frozen=True, slots=True, eq=False)
class _Keys:
    """The sort keys of rows: arrays of shape (n,).

    `values` ascend in the requested order. They are 0 where `missing` is True, which means
    that a row has no value. `texts` are the sorted texts of a keyword field; the values
    are positions in this list.
    """

    rows: NDArray[np.int64]
    values: NDArray[Any]
    missing: NDArray[np.bool_]
    descending: bool
    texts: tuple[str, ...] | None = None

    @classmethod
    def read(cls, snapshot: IndexSnapshot, order: Order | None, rows: NDArray[np.int64]) -> _Keys:
        if order is None:
            return cls(rows, np.zeros(len(rows)), np.zeros(len(rows), bool), descending=False)
        texts = None
        if order.field == "published":
            values: NDArray[Any] = snapshot.columns.published[rows]
            missing = values == NO_DATE
        elif order.field in snapshot.columns.numbers:
            values = snapshot.columns.numbers[order.field][rows]
            missing = values == NO_DATE if values.dtype.kind == "i" else np.isnan(values)
        else:
            codes = _first_codes(snapshot, order.field, rows)
            known = snapshot.catalog.all_values(order.field)
            texts = tuple(sorted(known, key=_text_key))
            place = np.zeros(max(known.values(), default=0) + 1, np.int64)
            place[[known[text] for text in texts]] = np.arange(len(texts))
            values, missing = place[codes], codes == 0
        values = np.where(missing, 0, -values if order.descending else values)
        return cls(rows, values, missing, order.descending, texts)

    def take(self, places: NDArray[np.int64]) -> _Keys:
        return _Keys(
            self.rows[places],
            self.values[places],
            self.missing[places],
            self.descending,
            self.texts,
        )

    def first(self, count: int) -> NDArray[np.int64]:
        """Return the positions of the first `count` rows in their order."""
        places = np.flatnonzero(~self.missing)
        if count <= len(places):
            # Sort only the rows that can be among the first.
            values = self.values[places]
            places = places[values <= np.partition(values, count - 1)[count - 1]]
        else:
            places = np.arange(len(self.rows))
        keys = (self.rows[places], self.values[places], self.missing[places])
        return places[np.lexsort(keys)[:count]]

    def after(self, position: Position) -> NDArray[np.int64]:
        """Return the positions of the rows that come after a position."""
        later = self.rows > position.row
        if position.value is None:
            return np.flatnonzero(self.missing & later)
        value: Any = position.value
        if self.texts is not None:
            value = bisect_left(self.texts, _text_key(value), key=_text_key)
        value = -value if self.descending else value
        beyond = (self.values > value) | ((self.values == value) & later)
        return np.flatnonzero(self.missing | beyond)

    def position(self, at: int) -> Position:
        """Return the Position of the row at the position `at`."""
        row = int(self.rows[at])
        if self.missing[at]:
            return Position(None, row)
        value = -self.values[at] if self.descending else self.values[at]
        return Position(self.texts[value] if self.texts is not None else value.item(), row)
