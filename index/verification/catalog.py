"""Verification of a catalog: all its entries are read and checked for consistency.

The content of a catalog is never changed in place. So the check can read it as
of one commit, in batches of records, while a writer adds later commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.article import paragraph_id
from nutgraf.index.catalog.dictionaries import COPIES
from nutgraf.index.catalog.records import (
    NO_COMMIT,
    Commit,
    Record,
    StoredRecord,
    StoredRow,
    article_of,
)
from nutgraf.index.catalog.rows import Row
from nutgraf.index.catalog.unchecked import UncheckedCatalog
from nutgraf.index.errors import BrokenIndexError, InputError
from nutgraf.index.fields.declared import DeclaredKind, texts_of
from nutgraf.index.schema import KEYWORD_FIELDS, values_of
from nutgraf.index.storage.layout import CATALOG
from nutgraf.index.verification.commit_counts import CommitCounts
from nutgraf.index.verification.damaged_catalog import stored_records, stored_rows
from nutgraf.index.verification.remedies import PUT_AGAIN, RENUMBER, RESTORE, REWRITE
from nutgraf.index.verification.report import FindingCollector, OnRows, without_advice

__all__ = ["CatalogCheck"]

MOST_COMPLAINTS: Final = 5
"""Number of faults to report from SQLite's check of the file.

Further faults repeat the first ones.
"""


class CatalogCheck:
    """The check of a catalog as of `commit`; it adds each fault to `findings`.

    These arrays have one bool per row:

    - `alive`: the article of the row is neither replaced nor deleted.
    - `readable`: the text of the row is undamaged.
    - `ranked`: the row is alive and is not boilerplate.
    - `unread`: the row was added as boilerplate, so the encoder did not read it.

    `parts` has the number of the part of each row, 0 for a complete paragraph.
    `fields` are the declared fields. `on_rows` is called with the number of rows that are
    done. `codes` maps each keyword field to its values and their codes. `is_sound` is True if
    records, commits and codes are undamaged. Then other parts can be compared with the
    catalog. Texts may be damaged even if `is_sound` is True.
    """

    def __init__(
        self,
        catalog: UncheckedCatalog,
        commit: Commit,
        findings: FindingCollector,
        fields: Mapping[str, DeclaredKind],
        on_rows: OnRows,
    ) -> None:
        self.articles = 0
        self.paragraphs = 0
        self.alive: NDArray[np.bool_] = np.zeros(0, bool)
        self.readable: NDArray[np.bool_] = np.zeros(0, bool)
        self.ranked: NDArray[np.bool_] = np.zeros(0, bool)
        self.unread: NDArray[np.bool_] = np.zeros(0, bool)
        self.parts: NDArray[np.int64] = np.zeros(0, np.int64)
        self.codes: dict[str, Mapping[str, int]] = {}
        self.is_sound = True
        self._catalog = catalog
        self._commit = commit
        self._findings = findings
        self._fields = fields
        self._on_rows = on_rows
        self._counts = CommitCounts()
        self._alive: list[range] = []
        self._damaged: list[int] = []
        self._unread: list[int] = []
        self._split: list[tuple[int, int]] = []
        for check in (
            self._check_commits,
            self._check_dictionaries,
            self._check_codes,
            self._check_records,
            self._check_boilerplate,
            self._check_counts,
            self._check_strays,
        ):
            try:
                check()
            except BrokenIndexError as error:
                self._wrong("SQLite cannot read it", without_advice(error))
        self._check_file()

    def _wrong(self, what: str, example: str, remedy: str = RESTORE) -> None:
        self.is_sound = False
        self._findings.add(CATALOG, what, remedy, example)

    def _check_commits(self) -> None:
        last = NO_COMMIT
        for commit in self._catalog.commits():
            if not _follows(commit, last):
                # Stop: damaged pages could repeat the same commits for ever.
                self._wrong("commits are invalid or out of order", f"commit {commit.sequence}")
                break
            if commit.sequence > self._commit.sequence:
                break
            self._counts.add_commit(commit)
            last = commit
        if last != self._commit:
            self._wrong("commits are missing", f"commit {self._commit.sequence}")

    def _check_dictionaries(self) -> None:
        stored = self._catalog.stored_dictionaries()
        for number in sorted({number for number, _ in stored}):
            intact = sum(stored.get((number, copy), False) for copy in COPIES)
            example = f"dictionary {number}"
            if not intact:
                what = "a dictionary is damaged, so the texts compressed with it are lost"
                self._findings.add(CATALOG, what, RESTORE, example)
            elif intact < len(COPIES):
                what = "a copy of a dictionary is damaged or missing"
                self._findings.add(CATALOG, what, REWRITE, example)

    def _check_codes(self) -> None:
        for field in (*KEYWORD_FIELDS, *self._fields):
            found = self._catalog.codes_of(field)
            self.codes[field] = {value: code for value, code, _ in found}
            for value, _, sealed in found:
                if not sealed:
                    self._wrong("a code is damaged", f"{field} {value!r:.60}", RENUMBER)
            if {code for _, code, _ in found} != set(range(1, len(found) + 1)):
                self._wrong("codes are not numbered from 1 without gaps", field, RENUMBER)

    def _check_records(self) -> None:
        expected: int | None = 0
        for stored in stored_records(self._catalog):
            if isinstance(stored, int):
                self._wrong("a record cannot be read", f"number {stored}")
                expected = None
                continue
            record = stored.record
            if not stored.is_intact:
                self._wrong("a record is damaged", f"article {record.id!r:.60}")
                expected = None
                continue
            if record.first_row >= self._commit.rows:
                break  # This record and all later ones belong to later commits.
            if expected not in (None, record.first_row):
                self._wrong("rows have no article or two articles", f"row {record.first_row}")
            expected = record.rows.stop
            self._check_record(stored)
            self._on_rows(expected)
        if expected not in (None, self._commit.rows):
            self._wrong("rows have no article or two articles", f"row {expected}")
        self._draw_rows()

    def _check_record(self, stored: StoredRecord) -> None:
        record = stored.record
        alive = self._check_life(stored)
        if alive:
            self.articles += 1
            self.paragraphs += record.paragraphs
            self._alive.append(record.rows)
        self._check_texts(record, alive=alive)
        values = {field: values_of(record, field) for field in KEYWORD_FIELDS}
        for name, kind in self._fields.items():
            values[name] = texts_of(record.extra, name, kind)
        for field, texts in values.items():
            if not set(texts) <= self.codes.get(field, {}).keys():
                example = f"{field} of article {record.id!r:.60}"
                self._wrong("a value has no code", example, RENUMBER)

    def _check_life(self, stored: StoredRecord) -> bool:
        """Tell whether a record is alive, and add it to the counts of its two commits.

        These are the commit that added the record and the commit that removed it.
        """
        record, added, removed = stored.record, stored.added, stored.removed
        if not self._counts.add(record, added):
            self._wrong(
                "an article was not added by the commit that assigned its rows", _named(record)
            )
            return False
        if removed is None or (isinstance(removed, int) and removed > self._commit.sequence):
            return True
        if not self._counts.remove(record, added, removed):
            what = "an article was removed by an unknown commit, or not after it was added"
            self._wrong(what, _named(record))
        return False

    def _check_texts(self, record: Record, *, alive: bool) -> None:
        stored = stored_rows(self._catalog, record.rows)
        rows = {at: row for at in record.rows if (row := _read(stored, at)) is not None}
        self._unread += [at for at, row in rows.items() if row.boilerplate]
        self._split += [(at, row.part) for at, row in rows.items() if row.part]
        remedy = PUT_AGAIN if alive else REWRITE
        for at in record.rows:
            if at not in rows:
                self._damaged.append(at)
                whole = record.row_count == record.paragraphs
                name = paragraph_id(record.id, at - record.first_row) if whole else record.id
                what = "a text is missing or damaged"
                self._findings.add(CATALOG, what, remedy, f"row {at} ({name})")
        if len(rows) == record.row_count and not _is_whole(record, rows):
            self._damaged += record.rows  # Each text is undamaged, but in the wrong row.
            what = "the paragraphs of an article do not match its digest"
            self._findings.add(CATALOG, what, remedy, _named(record))

    def _draw_rows(self) -> None:
        rows = self._counts.rows
        if not self.is_sound:
            rows = max((alive.stop for alive in self._alive), default=0)
        self.alive = np.zeros(rows, bool)
        for alive in self._alive:
            self.alive[alive.start : alive.stop] = True
        self.readable = np.ones(rows, bool) if self.is_sound else self.alive.copy()
        self.readable[[row for row in self._damaged if row < rows]] = False
        self.ranked = self.alive.copy()
        self.unread = np.zeros(rows, bool)
        self.unread[[row for row in self._unread if row < rows]] = True
        self.parts = np.zeros(rows, np.int64)
        for row, part in self._split:
            if row < rows:
                self.parts[row] = part

    def _check_boilerplate(self) -> None:
        """Check boilerplate rows; subtract them from the ranked rows of each commit."""
        if not self.is_sound:
            return
        for row, added, sealed in self._catalog.stored_boilerplate():
            if not sealed:
                self._wrong("a boilerplate entry is damaged", f"row {row}")
            elif added <= self._commit.sequence:
                self._counts.exclude(row, added)
                self.ranked[row] = False
        if unmarked := np.flatnonzero(self.unread & self.ranked).tolist():
            self._wrong(
                "a row that the encoder did not read is not excluded from rankings",
                f"row {unmarked[0]}",
            )

    def _check_counts(self) -> None:
        if not self.is_sound:
            return
        if (difference := self._counts.first_difference()) is not None:
            # The counts of later commits have the same error.
            commit, counted, right = difference
            self._wrong(
                "the counts of a commit do not match its records",
                f"commit {commit.sequence} counts {counted} articles, paragraphs, rows and "
                f"ranked rows, but its records have {right}",
            )

    def _check_strays(self) -> None:
        records, texts = self._catalog.strays()
        if records:
            self._wrong("records belong to unknown commits", f"{records:,} of them")
        if texts:
            self._wrong("texts are beyond the last row", f"{texts:,} of them")
        for name in self._catalog.alive_twice(self._commit.sequence):
            self._wrong("an article is stored twice", f"{name!r:.60}")

    def _check_file(self) -> None:
        # If all articles are undamaged, only the file is damaged: a new file is the repair.
        remedy = REWRITE if self.is_sound and not self._damaged else RESTORE
        try:
            for complaint in self._catalog.complaints(MOST_COMPLAINTS):
                line = " ".join(complaint.split())
                self._findings.add(CATALOG, "SQLite reports damage", remedy, f"{line:.120}")
        except BrokenIndexError as error:
            self._findings.add(CATALOG, "SQLite reports damage", remedy, without_advice(error))


def _read(stored: Mapping[int, StoredRow], number: int) -> Row | None:
    return stored[number].read() if number in stored else None


def _is_whole(record: Record, rows: Mapping[int, Row]) -> bool:
    try:
        return article_of(record, rows).digest() == record.digest
    except InputError:
        return False


def _follows(commit: Commit, last: Commit) -> bool:
    *numbers, at = astuple(commit)
    if not all(isinstance(number, int) for number in numbers):
        return False
    try:
        datetime.fromisoformat(at)
    except (ValueError, TypeError):
        return False
    return commit.sequence > last.sequence and commit.rows >= last.rows


def _named(record: Record) -> str:
    return f"article {record.id!r:.60}"
