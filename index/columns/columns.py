"""Columns: memory-mapped arrays with one value per row, for filters and collapse.

The values of a row never change, so each column is an append-only file of
fixed-width numbers. A keyword field with several values has two files (see codes.py).
Columns are built from the catalog and rebuilt if they are lost. The file checks.json
stores the number of rows, the number of codes and the CRC-32 of each file, and a
fingerprint of the methods that compute sketches and identities. Columns do not say which rows
are deleted, because that depends on the snapshot.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis import identity, minhash
from nutgraf.index.analysis.identity import IDENTITY, make_identities
from nutgraf.index.analysis.minhash import SKETCH, make_sketches
from nutgraf.index.article import timestamp
from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.catalog.records import ColumnValues
from nutgraf.index.catalog.rows import Row
from nutgraf.index.columns.codes import CODE, SPAN, Codes, SeveralCodes, SingleCodes
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.fields.declared import DeclaredKind, value_of
from nutgraf.index.ranking import NO_DATE
from nutgraf.index.schema import KEYWORD_FIELDS, LISTS
from nutgraf.index.storage.files import raising_disk_full, replace_file

__all__ = ["Columns", "catch_up"]

Sketching = Callable[[Sequence[str]], NDArray[np.uint64]]
Identifying = Callable[[Sequence[str]], NDArray[np.uint8]]

CHECKSUMS: Final = "checks.json"

Fields = Mapping[str, DeclaredKind]

DTYPES: Final[Mapping[str, np.dtype[Any]]] = {
    "article": np.dtype("<u4"),
    "published": np.dtype("<i8"),
    **{field: SPAN if field in LISTS else CODE for field in KEYWORD_FIELDS},
    "part": np.dtype("<u2"),
    "sketch": SKETCH,
    "identity": IDENTITY,
}
"""The files with one value per row, in every index."""

DECLARED_DTYPES: Final[Mapping[DeclaredKind, np.dtype[Any]]] = {
    "keyword": CODE,
    "keyword[]": SPAN,
    "number": np.dtype("<f8"),
    "date": np.dtype("<i8"),
}

NUMBERS: Final = ("number", "date")
"""The kinds of declared fields that have numbers, not codes."""

PREFIX: Final = "extra."
"""The beginning of the name of the file of a declared field."""

_BLOCK: Final = 1_024
"""The number of rows to read and sketch in one step."""

_OF_TEXTS: Final = ("part", "sketch", "identity")
"""The columns whose values depend on the text of a row.

In the other columns, all rows of an article have the same value.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The columns of a snapshot.

    Each column has shape (rows,), except `sketch` with shape (rows, 2) and `identity`
    with shape (rows, 32).

    `article` is the number of the article's record in the catalog; it never
    decreases from row to row. `published` is in seconds since 1970 UTC or NO_DATE.
    `part` is the number of the part, 0 for a complete paragraph. `sketch` is the
    sketch of the text, computed by index/analysis/minhash.py, and `identity` its
    identity, computed by index/analysis/identity.py. `coded` maps each keyword field,
    also a declared one, to the codes of its values in the catalog.
    `numbers` maps each declared field of numbers or dates to its column: float64 with
    NaN for no number, and int64 seconds with NO_DATE for no date.
    """

    article: NDArray[np.uint32]
    published: NDArray[np.int64]
    part: NDArray[np.uint16]
    sketch: NDArray[np.uint64]
    identity: NDArray[np.uint8]
    coded: Mapping[str, Codes]
    numbers: Mapping[str, NDArray[Any]]

    @classmethod
    def open(cls, folder: Path, rows: int, fields: Fields = MappingProxyType({})) -> Columns:
        """Map the first `rows` values of every column, also of declared `fields`.

        Raises BrokenIndexError if a column is too short or does not match its checksum.
        """
        files = _Files.of(fields)
        checks = _Checksums.read(folder, files)
        _check(folder, files, checks, checks.of, rows)
        opened = {name: _map(folder / name, dtype, rows) for name, dtype in files.dtypes.items()}
        numbers = {
            name: opened.pop(_file(name)) for name, kind in fields.items() if kind in NUMBERS
        }
        coded = {
            field: _codes(folder, _file(field), opened.pop(_file(field)), checks)
            for field in (*KEYWORD_FIELDS, *fields)
            if field not in numbers
        }
        return cls(**opened, coded=coded, numbers=numbers)

    @staticmethod
    def languages(folder: Path, rows: int) -> NDArray[np.uint32]:
        """Map only the column `language`, which every question needs.

        Raises BrokenIndexError in the same cases as `open`.
        """
        files = _Files.of({})
        _check(folder, files, _Checksums.read(folder, files), ("language",), rows)
        return _map(folder / "language", CODE, rows)

    def paragraphs(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return, for each row, the first row of its paragraph.

        The result is int64 of shape (len(rows),).
        """
        return rows - np.maximum(self.part[rows].astype(np.int64) - 1, 0)

    def codes(self, field: str) -> Codes:
        """Return the column of a keyword field, also of a declared one."""
        return self.coded[field]


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of the columns of an index.

    `dtypes` maps each file with one value per row to the type of its values. `flat` maps
    each of these that has spans to the file with all codes.
    """

    dtypes: Mapping[str, np.dtype[Any]]
    flat: Mapping[str, str]

    @classmethod
    def of(cls, fields: Fields) -> _Files:
        """Return the files of an index with these declared fields."""
        declared = {_file(name): DECLARED_DTYPES[kind] for name, kind in fields.items()}
        dtypes = {**DTYPES, **declared}
        return cls(dtypes, {name: f"{name}.codes" for name in dtypes if dtypes[name] == SPAN})

    def dtype(self, name: str) -> np.dtype[Any]:
        """Return the type of the values of a file."""
        return self.dtypes.get(name, CODE)


@dataclass(frozen=True, slots=True)
class _Checksums:
    """The content of checks.json.

    `rows` is the number of rows in every column. `counts` maps the name of each flat
    file to the number of its codes, and `of` maps the name of each file to its CRC-32.
    `sketches` is the fingerprint of the methods that computed sketches and identities.
    """

    rows: int
    counts: Mapping[str, int]
    of: Mapping[str, int]
    sketches: str

    @classmethod
    def read(cls, folder: Path, files: _Files) -> _Checksums:
        """Read the checksums of `files` from checks.json.

        If there is no file, return the checksums of 0 rows. Raises
        BrokenIndexError if the file is damaged.
        """
        path = folder / CHECKSUMS
        try:
            fields = json.loads(path.read_bytes())
            counts = {name: int(fields["counts"][name]) for name in files.flat.values()}
            of = {name: int(fields["of"][name]) for name in (*files.dtypes, *counts)}
            return cls(int(fields["rows"]), counts, of, str(fields["sketches"]))
        except FileNotFoundError:
            return cls.none(files)
        except (ValueError, KeyError, TypeError):
            raise _damaged(path) from None

    @classmethod
    def none(cls, files: _Files) -> _Checksums:
        """Return the checksums of 0 rows."""
        names = (*files.dtypes, *files.flat.values())
        return cls(0, dict.fromkeys(files.flat.values(), 0), dict.fromkeys(names, 0), "")

    def count(self, name: str) -> int:
        """Return the number of the values in a file."""
        return self.counts.get(name, self.rows)

    def compare(self, folder: Path, files: _Files, names: Iterable[str]) -> None:
        """Raise BrokenIndexError if a file does not match its checksum."""
        for name in names:
            # A file of no codes is empty, but it must be there to be extended.
            if self.rows and not (folder / name).exists():
                raise _damaged(folder / name)
            content = _map(folder / name, files.dtype(name), self.count(name))
            if zlib.crc32(content.data) != self.of[name]:
                raise _damaged(folder / name)

    def write(self, folder: Path) -> None:
        """Write the checksums atomically."""
        fields = {
            "rows": self.rows,
            "counts": dict(self.counts),
            "of": dict(self.of),
            "sketches": self.sketches,
        }
        replace_file(folder / CHECKSUMS, json.dumps(fields).encode())


UNREADABLE_ROW: Final = Row(0, 0, 0, "")


def catch_up(
    folder: Path,
    catalog: Catalog,
    rows: int,
    sketch: Sketching = make_sketches,
    identify: Identifying = make_identities,
    written: Mapping[int, Row] | None = None,
    fields: Fields = MappingProxyType({}),
) -> None:
    """Extend every column to `rows` rows with values from the catalog, durably.

    `sketch` and `identify` are functions that return the same as `make_sketches` and
    `make_identities`, but can be faster. `written` maps row numbers to rows. The
    function does not read these rows from the catalog. `fields` are the declared
    fields.

    Intact columns are extended in place, because readers have mapped them. Rows
    that a crash left at the end are removed. If a column is damaged or missing,
    all columns are rebuilt. They are also rebuilt if a method that computes
    sketches or identities changed. A rebuilt column is written to a new file, which replaces the
    old file when it is complete.

    Raises BrokenIndexError if the catalog cannot be read.
    """
    folder.mkdir(exist_ok=True)
    sketches = f"{minhash.method_fingerprint()}-{identity.method_fingerprint()}"
    files = _Files.of(fields)
    checks = _sound(folder, files, rows, sketches)
    of, counts = {}, dict(checks.counts)
    blocks = list(_read(catalog, checks.rows, rows, written))
    contents = _contents(catalog, files, fields, checks)
    contents |= _contents_of_texts(blocks, sketch, identify)
    for name, content in contents.items():
        size = files.dtype(name).itemsize
        if checks.rows:
            _append(folder / name, content, checks.count(name) * size)
        else:
            replace_file(folder / name, content)
        of[name] = zlib.crc32(content, checks.of[name])
        if name in counts:
            counts[name] += len(content) // size
    _Checksums(rows, counts, of, sketches).write(folder)


def _contents(
    catalog: Catalog, files: _Files, fields: Fields, checks: _Checksums
) -> dict[str, bytes]:
    """Return the content of every file after the values that `checks` counts.

    The columns that depend on texts are left out.
    """
    start = checks.rows
    articles = [
        values
        for values in catalog.column_values(start, fields)
        if values.first_row + values.row_count > start
    ]
    first = articles[0].first_row if articles else 0
    counts = [values.row_count for values in articles]
    contents = {}
    for name, dtype in files.dtypes.items():
        if name not in _OF_TEXTS:
            field = name.removeprefix(PREFIX)
            if flat_file := files.flat.get(name):
                several = [each.codes[field] for each in articles]
                values, flat = _spans(several, checks.counts[flat_file])
                contents[flat_file] = flat.tobytes()
            elif (kind := fields.get(field)) in NUMBERS:
                none = float("nan") if kind == "number" else int(NO_DATE)
                found = (value_of(each.extra, field, kind) for each in articles)
                values = np.array([none if one is None else one for one in found], dtype)
            else:
                values = np.array([_number(field, each) for each in articles], dtype)
            # The columns can already contain some rows of the first article.
            contents[name] = np.repeat(values, counts, 0)[start - first :].tobytes()
    return contents


def _contents_of_texts(
    blocks: Sequence[Sequence[Row]], sketch: Sketching, identify: Identifying
) -> dict[str, bytes]:
    """Return the content of the columns that depend on the texts of new rows."""
    parts = [row.part for block in blocks for row in block]
    texts = [[row.text for row in block] for block in blocks]
    return {
        "part": np.array(parts, DTYPES["part"]).tobytes(),
        "sketch": b"".join(sketch(block).tobytes() for block in texts),
        "identity": b"".join(identify(block).tobytes() for block in texts),
    }


def _read(
    catalog: Catalog, start: int, rows: int, written: Mapping[int, Row] | None
) -> Iterator[list[Row]]:
    for first in range(start, rows, _BLOCK):
        wanted = range(first, min(first + _BLOCK, rows))
        try:
            yield list(catalog.rows(wanted, written).values())
        except BrokenIndexError:
            yield [_readable(catalog, row) for row in wanted]


def _readable(catalog: Catalog, row: int) -> Row:
    """Return a row, or an empty row if the row is damaged in the catalog.

    Readers of the damaged row still get the error. But a writer must be able to
    open the index, because the repair is to delete the article.
    """
    try:
        return catalog.rows([row])[row]
    except BrokenIndexError:
        return UNREADABLE_ROW


def _sound(folder: Path, files: _Files, rows: int, sketches: str) -> _Checksums:
    """Return the checksums of the columns if all columns can be extended.

    If a column is damaged or has other sketches, return the checksums of 0 rows.
    Then all columns are rebuilt.
    """
    try:
        checks = _Checksums.read(folder, files)
        if checks.rows <= rows and checks.sketches == sketches:
            checks.compare(folder, files, checks.of)
            return checks
    except BrokenIndexError:
        pass
    return _Checksums.none(files)


def _check(
    folder: Path, files: _Files, checks: _Checksums, names: Iterable[str], rows: int
) -> None:
    """Raise BrokenIndexError if files do not match the checksums or have too few rows."""
    if checks.rows < rows:
        raise _damaged(folder / CHECKSUMS)
    checks.compare(folder, files, names)


def _file(field: str) -> str:
    """Return the name of the file of a keyword field or a declared field."""
    return field if field in KEYWORD_FIELDS else f"{PREFIX}{field}"


def _codes(folder: Path, name: str, column: NDArray[np.uint32], checks: _Checksums) -> Codes:
    if column.ndim == 1:
        return SingleCodes(column)
    flat = folder / f"{name}.codes"
    codes = SeveralCodes(column, _map(flat, CODE, checks.count(flat.name)))
    if not codes.fits:
        raise _damaged(flat)
    return codes


def _spans(
    several: Sequence[Sequence[int]], start: int
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the span of each article, from `start`, and the codes of all articles."""
    counts = np.array([len(codes) for codes in several], np.int64)
    starts = start + np.cumsum(counts) - counts
    flat = np.array([code for codes in several for code in codes], CODE)
    return np.stack([starts, counts], 1).astype("<u4"), flat


def _number(name: str, values: ColumnValues) -> int:
    if name == "article":
        return values.number
    if name == "published":
        return _seconds(values.published)
    return next(iter(values.codes[name]), 0)


def _seconds(published: str | None) -> int:
    return int(NO_DATE) if published is None else timestamp(published)


def _length(path: Path, dtype: np.dtype[Any]) -> int:
    return path.stat().st_size // dtype.itemsize if path.exists() else 0


def _append(path: Path, content: bytes, at: int) -> None:
    with raising_disk_full(path), path.open("r+b") as file:
        file.truncate(at)
        file.seek(at)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _map(path: Path, dtype: np.dtype[Any], rows: int) -> NDArray[Any]:
    if rows == 0:
        return np.empty(0, dtype)
    if _length(path, dtype) < rows:
        raise _damaged(path)
    return np.memmap(path, dtype, "r", shape=(rows,))


def _damaged(path: Path) -> BrokenIndexError:
    return BrokenIndexError(
        f"{path} is missing, short or damaged; open the index for writing once (any "
        "'nutgraf index' command does) to rebuild it from the catalog"
    )
