"""Check of the columns, including sketches and identities, against the catalog."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, takewhile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.versions.identity import make_identities
from nutgraf.index.analysis.versions.minhash import make_sketches
from nutgraf.index.article import timestamp
from nutgraf.index.catalog.records import Commit, Record
from nutgraf.index.catalog.unchecked import UncheckedCatalog
from nutgraf.index.columns import Columns
from nutgraf.index.columns.codes import Codes, SeveralCodes, flatten
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.fields.declared import DeclaredKind, texts_of, value_of
from nutgraf.index.manifest import Manifest
from nutgraf.index.ranking import NO_DATE
from nutgraf.index.schema import KEYWORD_FIELDS, values_of
from nutgraf.index.storage.layout import COLUMNS
from nutgraf.index.storage.lock import is_locked
from nutgraf.index.verification.check import CheckContext
from nutgraf.index.verification.damaged_catalog import stored_records

__all__ = ["REPAIR_COLUMNS", "check_columns", "open_columns", "rows_with_other_codes"]

REPAIR_COLUMNS: Final = (
    "'nutgraf repair' rebuilds the columns from the catalog, as does opening the index for writing"
)

_BLOCK: Final = 8_192
"""Number of records to compare at a time."""

_TEXTS: Final = 1_024
"""Number of texts whose sketches and identities are computed at a time."""


def open_columns(index: Path, manifest: Manifest, commit: Commit) -> Columns | None:
    """Open the columns as of a commit.

    Return None if the columns are too short and the index has a writer, because the
    writer may extend them. Raises BrokenIndexError if the columns are missing, too short
    or damaged.
    """
    folder = manifest.parts(index) / COLUMNS
    Columns.open(folder, 0, manifest.declared).check()
    try:
        return Columns.open(folder, commit.rows, manifest.declared)
    except BrokenIndexError:
        if is_locked(index):
            return None
        raise


def check_columns(context: CheckContext) -> None:
    """Compare the columns with the catalog, sketches and identities by sample.

    Raises BrokenIndexError if the columns cannot be opened.
    """
    columns = open_columns(context.index, context.manifest, context.commit)
    if columns is None or not context.catalog_check.is_sound:
        return
    records = takewhile(lambda one: one.first_row < context.commit.rows, _records(context.catalog))
    while some := list(islice(records, _BLOCK)):
        rows = slice(some[0].first_row, some[-1].rows.stop)
        differing = {
            name: np.flatnonzero(getattr(columns, name)[rows] != values).tolist()
            for name, values in _column_values(some).items()
        }
        known = context.catalog_check.codes
        for field in KEYWORD_FIELDS:
            texts = [values_of(record, field) for record in some]
            differing[field] = _differing(columns.codes(field), known[field], texts, some)
        for name, kind in context.manifest.declared.items():
            if name in columns.numbers:
                differing[name] = _differing_numbers(columns.numbers[name], name, kind, some)
            else:
                texts = [texts_of(record.extra, name, kind) for record in some]
                differing[name] = _differing(columns.codes(name), known[name], texts, some)
        for name, places in differing.items():
            for at in places:
                what = f"'{name}' differs from the catalog"
                example = f"row {rows.start + at}"
                context.findings.add(COLUMNS, what, REPAIR_COLUMNS, example)
    parts = context.catalog_check.parts
    for row in np.flatnonzero((columns.part != parts) & context.catalog_check.readable).tolist():
        what = "'part' differs from the catalog"
        context.findings.add(COLUMNS, what, REPAIR_COLUMNS, f"row {row}")
    _check_texts(context, columns)


def _check_texts(context: CheckContext, columns: Columns) -> None:
    """Compute the sketches and identities of a sample of texts anew, and compare them.

    A checksum finds any change since they were written. So only a fault of Nutgraf itself can
    make them wrong, and such a fault is not limited to single rows.
    """
    chosen = context.spread(np.flatnonzero(context.catalog_check.readable))
    for start in range(0, len(chosen), _TEXTS):
        read, _ = context.read(chosen[start : start + _TEXTS])
        rows = list(read)
        texts = [row.text for row in read.values()]
        made: dict[str, tuple[NDArray[Any], NDArray[Any]]] = {
            "sketch": (columns.sketch, make_sketches(texts)),
            "identity": (columns.identity, make_identities(texts)),
        }
        for name, (stored, wanted) in made.items():
            for at in np.flatnonzero((stored[rows] != wanted).any(axis=1)):
                what = f"'{name}' does not match the text"
                context.findings.add(COLUMNS, what, REPAIR_COLUMNS, f"row {rows[at]}")


def _records(catalog: UncheckedCatalog) -> Iterator[Record]:
    for stored in stored_records(catalog):
        if not isinstance(stored, int):
            yield stored.record


def _column_values(records: Sequence[Record]) -> dict[str, NDArray[np.int64]]:
    """Return the numbers that columns should have for the rows of consecutive records."""
    values = {
        "article": [record.number for record in records],
        "published": [
            int(NO_DATE) if record.published is None else timestamp(record.published)
            for record in records
        ],
    }
    counts = [record.row_count for record in records]
    return {name: np.repeat(np.array(some, np.int64), counts) for name, some in values.items()}


def _differing(
    stored: Codes,
    known: Mapping[str, int],
    texts: Sequence[tuple[str, ...]],
    records: Sequence[Record],
) -> list[int]:
    """Return the rows of consecutive records with other codes than in the catalog.

    `known` maps values to codes, and `texts` are the values of each record. Rows are
    counted from the first row of the first record.
    """
    codes = [[known.get(value, 0) for value in values] for values in texts]
    counts = [record.row_count for record in records]
    return rows_with_other_codes(stored, records[0].first_row, codes, counts)


def rows_with_other_codes(
    stored: Codes, first: int, codes: Sequence[Sequence[int]], counts: Sequence[int]
) -> list[int]:
    """Return the rows, counted from `first`, with other codes than expected.

    `codes` are the codes that each article should have, and `counts` its number of rows.
    """
    expected, flat = flatten([tuple(some) for some in codes])
    places = np.arange(sum(counts))
    at, found = stored.pairs(first + places)
    wanted_at, wanted = SeveralCodes(np.repeat(expected, counts, 0), flat).pairs(places)
    rows = len(places)
    other = np.bincount(at, minlength=rows) != np.bincount(wanted_at, minlength=rows)
    # The remaining rows have equally many codes, so these are at the same places.
    left = ~other[at]
    other[at[left][found[left] != wanted[~other[wanted_at]]]] = True
    return np.flatnonzero(other).tolist()


def _differing_numbers(
    stored: NDArray[np.float64], name: str, kind: DeclaredKind, records: Sequence[Record]
) -> list[int]:
    none = np.nan if kind == "number" else int(NO_DATE)
    values = [value_of(record.extra, name, kind) for record in records]
    expected = np.repeat(
        np.array([none if value is None else value for value in values], stored.dtype),
        [record.row_count for record in records],
    )
    some = stored[records[0].first_row : records[-1].rows.stop]
    equal = (some == expected) | (np.isnan(some) & np.isnan(expected))
    return np.flatnonzero(~equal).tolist()
