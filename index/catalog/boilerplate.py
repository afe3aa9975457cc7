"""The boilerplate in the catalog: rows that are excluded from rankings."""

from __future__ import annotations

from nutgraf.index.catalog.connection import CHANGED, CatalogConnection
from nutgraf.index.catalog.records import RecurringText, fields_checksum
from nutgraf.index.errors import BrokenIndexError

__all__ = ["BoilerplateTable"]


class BoilerplateTable(CatalogConnection):
    """The rows that are boilerplate, and the texts that were learned as boilerplate."""

    def boilerplate_rows(self, sequence: int, after: int = 0) -> list[int]:
        """Return rows that became boilerplate after commit `after`, up to `sequence`.

        The rows are in ascending order and can include dead rows.
        Raises BrokenIndexError if an entry is damaged.
        """
        found = self.fetch(
            "SELECT row, added, seal FROM boilerplate WHERE added > ? AND added <= ? ORDER BY row",
            (after, sequence),
        )
        if not all(fields_checksum((row, added)) == seal for row, added, seal in found):
            raise BrokenIndexError(f"{self._path}: the list of boilerplate rows {CHANGED}")
        return [row for row, _, _ in found]

    def learned_boilerplate(self) -> set[RecurringText]:
        """Return all texts that were learned as boilerplate, each with its source.

        Damaged entries are skipped: a later commit learns their texts again.
        """
        found = self.fetch("SELECT source, digest, added, seal FROM learned", ())
        return {
            RecurringText(source, digest)
            for source, digest, added, seal in found
            if fields_checksum((source, digest, added)) == seal
        }
