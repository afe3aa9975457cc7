"""Check of the keyword index against the rows and the last commit of the catalog."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index import keywords
from nutgraf.index.analysis.analyzer import Analyzers
from nutgraf.index.catalog.records import Record
from nutgraf.index.catalog.rows import Row
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.keywords import KeywordEntry, KeywordReader
from nutgraf.index.keywords.entries import entries_of
from nutgraf.index.keywords.fields import ORDERED_FIELDS, PUBLISHED, TERM_FIELDS
from nutgraf.index.manifest import Manifest
from nutgraf.index.query import query
from nutgraf.index.storage.layout import KEYWORDS
from nutgraf.index.verification.check import CATCH_UP, CheckContext

__all__ = ["REPAIR_KEYWORDS", "check_lag", "check_rows", "check_terms", "open_keywords"]

REPAIR_KEYWORDS: Final = "'nutgraf repair' rebuilds the keyword index from the catalog"

_MOST_CONDITIONS: Final = 256
"""Most search conditions to try for one paragraph.

The longest paragraphs have thousands of terms.
"""


def open_keywords(parts: Path, manifest: Manifest, *, trust: bool) -> KeywordReader:
    """Open the keyword index.

    Raises UntrustedIndexError for a whoosh index without `trust`, and BrokenIndexError if
    the keyword index is missing or damaged.
    """
    return keywords.open_reader(parts / KEYWORDS, manifest.keyword_engine, trust=trust)


def check_rows(context: CheckContext, reader: KeywordReader) -> None:
    """Check that the keyword index contains each ranked row once, and nothing else."""
    if not context.catalog_check.is_sound:
        return
    found, times = np.unique(reader.rows(query.Every()), return_counts=True)
    there = np.flatnonzero(context.catalog_check.ranked)
    _tell_rows(
        context,
        "it contains paragraphs that are deleted, unknown or boilerplate",
        np.setdiff1d(found, there),
    )
    _tell_rows(context, "it lacks paragraphs", np.setdiff1d(there, found))
    _tell_rows(context, "it contains paragraphs more than once", found[times > 1])
    if len(found) == len(there) and reader.paragraphs != len(there):
        what = f"it counts {reader.paragraphs:,} paragraphs, but the catalog has {len(there):,}"
        context.findings.add(KEYWORDS, what, REPAIR_KEYWORDS)


def check_terms(context: CheckContext, reader: KeywordReader) -> None:
    """Check that a sample of paragraphs is found by each of their terms."""
    if not context.catalog_check.is_sound:
        return
    there = np.isin(np.arange(len(context.catalog_check.ranked)), reader.rows(query.Every()))
    chosen = context.spread(
        np.flatnonzero(context.catalog_check.ranked & context.catalog_check.readable & there)
    )
    analyzers = Analyzers(context.manifest.language)
    rows, records = context.read(chosen)
    for row in rows:
        entry = _entry(context, row, rows[row], records[row], analyzers)
        for lacking in [] if entry is None else _not_found(reader, entry):
            what = "a paragraph is not found by its own terms"
            context.findings.add(KEYWORDS, what, REPAIR_KEYWORDS, f"row {row} by {lacking!s:.60}")


def check_lag(context: CheckContext, reader: KeywordReader, *, trust: bool) -> None:
    """Report a keyword index that is behind the catalog, unless a writer is active."""
    last = context.catalog.last_commit()
    if reader.sequence >= last.sequence or context.is_written:
        return
    # No writer is active now, but one may have updated the keyword index after `reader` was
    # opened.
    again = open_keywords(context.parts, context.manifest, trust=trust)
    seen = again.sequence
    again.close()
    if seen < last.sequence:
        what = f"it shows commit {seen}, but the catalog is at commit {last.sequence}"
        context.findings.add(KEYWORDS, what, CATCH_UP)


def _entry(
    context: CheckContext, number: int, row: Row, record: Record, analyzers: Analyzers
) -> KeywordEntry | None:
    """Return the entry that the keyword index should have for a row.

    Return None if another part of the paragraph is damaged.
    """
    rows = {number: row}
    if row.part:
        try:
            rows = context.catalog.rows_at(record, row.position)
        except BrokenIndexError:
            return None  # The check of the catalog reports the damage.
    entries = entries_of(record, rows, analyzers, context.manifest.declared)
    return next(entry for entry in entries if entry.row == number)


def _tell_rows(context: CheckContext, what: str, rows: NDArray[np.int64]) -> None:
    for row in rows:
        context.findings.add(KEYWORDS, what, REPAIR_KEYWORDS, f"row {row}")


def _not_found(reader: KeywordReader, entry: KeywordEntry) -> list[query.Query]:
    """Return the search conditions that should find this paragraph, but do not."""
    conditions: list[query.Query] = [
        query.Term(field, term)
        for field in TERM_FIELDS
        for term in dict.fromkeys(entry.terms(field))
    ]
    if entry.published is not None:
        conditions.insert(0, query.NumericRange(PUBLISHED, entry.published, entry.published))
    for field in ORDERED_FIELDS:
        if len(words := entry.terms(field)) > 1:
            conditions.insert(0, query.Phrase(field, list(words[:2])))
    row = np.array([entry.row])
    asked = conditions[:_MOST_CONDITIONS]
    if len(reader.rows(query.And(asked), row)):
        return []
    return [condition for condition in asked if not len(reader.rows(condition, row))]
