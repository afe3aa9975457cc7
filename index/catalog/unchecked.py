"""The catalog as stored on disk, including damaged entries."""

from __future__ import annotations

from nutgraf.index.catalog.articles import CHECKSUMMED
from nutgraf.index.catalog.connection import MANY
from nutgraf.index.catalog.paragraphs import CHECKSUMMED_ROW
from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.catalog.records import (
    Record,
    StoredRecord,
    StoredRow,
    fields_checksum,
    matches_checksum,
)

__all__ = ["UncheckedCatalog"]


class UncheckedCatalog(Catalog):
    """A catalog that also returns damaged entries, for verification and repair."""

    def complaints(self, most: int) -> list[str]:
        """Return up to `most` faults that SQLite finds in the file."""
        found = self.fetch(f"PRAGMA integrity_check({most:d})", ())
        return [str(each) for (each,) in found if each != "ok"]

    def rebuild_indexes(self) -> None:
        """Rebuild the SQLite indexes from the tables of the catalog.

        Raises BrokenIndexError if SQLite reports an error.
        """
        self.fetch("REINDEX", ())

    def stored_records(self, after: int, until: int | None = None) -> list[StoredRecord]:
        """Return records with numbers above `after` and at most `until`, in order.

        Return at most MANY records.
        """
        statement = (
            f"SELECT number, seal, {CHECKSUMMED} FROM articles "
            "WHERE number > ? AND number <= ? ORDER BY number LIMIT ?"
        )
        values = (after, 2**63 - 1 if until is None else until, MANY)
        return [
            StoredRecord(
                Record.read(number, sealed[:-2]), fields_checksum(sealed) == seal, *sealed[-2:]
            )
            for number, seal, *sealed in self.fetch(statement, values)
        ]

    def stored_rows(self, rows: range) -> dict[int, StoredRow]:
        """Return the stored rows in a range of numbers; omit missing rows."""
        statement = (
            f"SELECT dictionary, text, seal, {CHECKSUMMED_ROW} FROM paragraphs "
            "WHERE row >= ? AND row < ?"
        )
        return {
            sealed[0]: StoredRow(
                self.read_text(dictionary, stored), matches_checksum(sealed, seal), *sealed[1:]
            )
            for dictionary, stored, seal, *sealed in self.fetch(statement, (rows.start, rows.stop))
        }

    def stored_dictionaries(self) -> dict[tuple[int, int], bool]:
        """Return the number and the copy of each dictionary, and whether it is intact."""
        statement = "SELECT number, copy, rows, content, seal FROM dictionaries"
        return {
            (entry[0], entry[1]): fields_checksum(entry) == seal
            for *entry, seal in self.fetch(statement, ())
        }

    def stored_boilerplate(self) -> list[tuple[int, int, bool]]:
        """Return the entry of each boilerplate row.

        An entry has the row, the number of the commit that excluded the row from rankings,
        and whether the checksum of the entry matches.
        """
        found = self.fetch("SELECT row, added, seal FROM boilerplate ORDER BY row", ())
        return [(row, added, fields_checksum((row, added)) == seal) for row, added, seal in found]

    def strays(self) -> tuple[int, int]:
        """Return the number of records, and of texts, that belong to no commit.

        Such a record was added or removed by a commit that the catalog does not contain.
        Such a text has a row number outside the rows of all commits.
        """
        ((records, texts),) = self.fetch(
            "SELECT (SELECT count(*) FROM articles "
            "WHERE added NOT IN (SELECT sequence FROM commits) "
            "OR removed NOT IN (SELECT sequence FROM commits)), "
            "(SELECT count(*) FROM paragraphs WHERE row < 0 "
            "OR row >= (SELECT coalesce(max(rows), 0) FROM commits))",
            (),
        )
        return records, texts

    def alive_twice(self, sequence: int) -> list[str]:
        """Return the article ids that have several records alive at `sequence`."""
        statement = (
            "SELECT id FROM articles WHERE added <= ? AND (removed IS NULL OR removed > ?) "
            "GROUP BY id HAVING count(*) > 1"
        )
        return [found for (found,) in self.fetch(statement, (sequence, sequence))]

    def codes_of(self, field: str) -> list[tuple[str, int, bool]]:
        """Return each value of a field with its code and whether the checksum matches."""
        found = self.fetch("SELECT value, code, seal FROM codes WHERE field = ?", (field,))
        return [
            (value, code, fields_checksum((field, value, code)) == seal)
            for value, code, seal in found
        ]
