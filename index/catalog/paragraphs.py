"""The rows of the catalog: paragraphs, or parts of long ones, with their texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain, compress
from typing import Any, Final

from nutgraf.index.catalog.compression import DamagedTextError
from nutgraf.index.catalog.connection import CHANGED, LOST, CatalogConnection, batches
from nutgraf.index.catalog.dictionaries import Dictionaries
from nutgraf.index.catalog.records import Record, matches_checksum, text_digest
from nutgraf.index.catalog.rows import Row
from nutgraf.index.errors import BrokenIndexError

__all__ = ["CHECKSUMMED_ROW", "ParagraphTable"]

CHECKSUMMED_ROW: Final = "row, position, part, start, digest, context"
"""Columns covered by the checksum of a row: all except the text.

The text has its own digest, which is one of these columns.
"""

PARTS_AHEAD: Final = 4
"""Rows that are read after a part, to find the other parts of its paragraph.

Almost all paragraphs with parts have 2 or 3 of them.
"""


class ParagraphTable(CatalogConnection):
    """The rows with their texts."""

    @cached_property
    def dictionaries(self) -> Dictionaries:
        """The dictionaries with which the texts are compressed."""
        return Dictionaries(self.fetch)

    def texts(self, rows: Iterable[int]) -> dict[int, str]:
        """Return the text of each row.

        Raises BrokenIndexError if a text is missing or damaged.
        """
        return {number: row.text for number, row in self.rows(rows).items()}

    def rows(self, rows: Iterable[int], written: Mapping[int, Row] | None = None) -> dict[int, Row]:
        """Return the rows with the given numbers, sorted by number.

        `written` holds rows that were just written. If it contains all the given
        numbers, the catalog is not read. Otherwise all rows come from the catalog.
        Raises BrokenIndexError if the text of a row is missing or damaged.
        """
        wanted = sorted(set(rows))
        if written and all(row in written for row in wanted):
            return {row: written[row] for row in wanted}
        found: dict[int, Row] = {}
        for some in batches(wanted):
            marks = ",".join("?" * len(some))
            statement = (
                f"SELECT {CHECKSUMMED_ROW}, seal, dictionary, text "
                f"FROM paragraphs WHERE row IN ({marks})"
            )
            for *sealed, seal, dictionary, stored in self.fetch(statement, some):
                row, position, part, start, digest, context = sealed
                text = self.read_text(dictionary, stored)
                if (
                    not matches_checksum(sealed, seal)
                    or text is None
                    or text_digest(text) != digest
                ):
                    raise BrokenIndexError(f"{self._path}: the text of row {row} {CHANGED}")
                found[row] = Row(position, part, start, text, boilerplate=not context)
        if len(found) < len(wanted):
            missing = next(row for row in wanted if row not in found)
            raise BrokenIndexError(f"{self._path}: the text of row {missing} {LOST}")
        return {row: found[row] for row in wanted}

    def read_text(self, dictionary: Any, stored: Any) -> str | None:
        """Return a text as stored with a dictionary, or None if it is damaged."""
        try:
            return self.dictionaries.text(dictionary, stored)
        except DamagedTextError:
            return None

    def positions(self, rows: Iterable[int]) -> dict[int, int]:
        """Return the position of each row's paragraph in its article.

        Raises BrokenIndexError if a row is missing or damaged.
        """
        wanted = list(set(rows))
        found: dict[int, int] = {}
        for some in batches(wanted):
            marks = ",".join("?" * len(some))
            statement = f"SELECT {CHECKSUMMED_ROW}, seal FROM paragraphs WHERE row IN ({marks})"
            for *sealed, seal in self.fetch(statement, some):
                if matches_checksum(sealed, seal):
                    found[sealed[0]] = sealed[1]
        if len(found) < len(wanted):
            missing = next(row for row in wanted if row not in found)
            raise BrokenIndexError(f"{self._path}: the position of row {missing} {LOST}")
        return found

    def rows_at(self, record: Record, position: int) -> dict[int, Row]:
        """Return the rows of the paragraph at `position` of a record.

        Raises BrokenIndexError if the text of a row is missing or damaged.
        """
        if record.row_count == record.paragraphs:
            return self.rows(record.rows[position : position + 1])
        found = self.rows(record.rows)
        return {number: row for number, row in found.items() if row.position == position}

    def whole_texts(self, parts: Mapping[int, tuple[Record, Row]]) -> dict[int, str]:
        """Return the complete text of the paragraph of each part, by the row of the part.

        Only rows beside the part are read, not all of its article. Raises BrokenIndexError if the
        text of a row is missing or damaged.
        """
        texts: dict[int, str] = {}
        left = dict(parts)
        ahead = PARTS_AHEAD
        while left:
            beside = {
                number: range(number - row.part + 1, min(number + ahead, record.rows.stop))
                for number, (record, row) in left.items()
            }
            found = self.rows(chain.from_iterable(beside.values()))
            for number, near in beside.items():
                record, part = left[number]
                of_paragraph = [found[row].position == part.position for row in near]
                if near.stop == record.rows.stop or not of_paragraph[-1]:
                    texts[number] = "".join(found[row].text for row in compress(near, of_paragraph))
                    del left[number]
            ahead *= PARTS_AHEAD
        return texts

    def rows_of_contexts(self, digests: Sequence[bytes]) -> dict[bytes, int]:
        """Return the lowest row of each TitledText, by digest.

        A row belongs to the TitledText that the encoder read for it. Digests without a
        row are omitted.
        """
        found: dict[bytes, int] = {}
        for some in batches(digests):
            marks = ",".join(["(?)"] * len(some))
            statement = (
                "SELECT column1, (SELECT row FROM paragraphs WHERE context = column1 "
                "AND substr(context, 1, 6) = substr(column1, 1, 6) ORDER BY row LIMIT 1) AS lowest "
                f"FROM (VALUES {marks}) WHERE lowest IS NOT NULL"
            )
            found.update(self.fetch(statement, some))
        return found
