"""Reading a damaged catalog in small pieces, so that one fault hides little."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from nutgraf.index.catalog.records import StoredRecord, StoredRow
from nutgraf.index.catalog.unchecked import UncheckedCatalog
from nutgraf.index.errors import BrokenIndexError

__all__ = ["stored_records", "stored_rows"]

WINDOW: Final = 500
"""Number of records to read one at a time if SQLite cannot read them together."""


def stored_records(catalog: UncheckedCatalog) -> Iterator[StoredRecord | int]:
    """Yield all records in order of their numbers, damaged ones included.

    For a record that cannot be read at all, yield its number.
    """
    last = 0
    while True:
        found: list[StoredRecord | int]
        try:
            found = [*catalog.stored_records(last)]
            more = bool(found)
        except BrokenIndexError:
            found = _one_by_one(catalog, last)
            more = any(not isinstance(each, int) for each in found)
        for each in found:
            number = each if isinstance(each, int) else each.record.number
            if number <= last:
                return  # Damaged pages could repeat the same records for ever.
            last = number
            yield each
        if not more:
            return


def stored_rows(catalog: UncheckedCatalog, rows: range) -> dict[int, StoredRow]:
    """Return the stored rows in a range of numbers; omit rows that cannot be read."""
    try:
        return catalog.stored_rows(rows)
    except BrokenIndexError:
        if len(rows) == 1:
            return {}
        half = rows.start + len(rows) // 2
        first, second = range(rows.start, half), range(half, rows.stop)
        return stored_rows(catalog, first) | stored_rows(catalog, second)


def _one_by_one(catalog: UncheckedCatalog, last: int) -> list[StoredRecord | int]:
    found: list[StoredRecord | int] = []
    for number in range(last + 1, last + 1 + WINDOW):
        try:
            found += catalog.stored_records(number - 1, number)
        except BrokenIndexError:
            found.append(number)
    return found
