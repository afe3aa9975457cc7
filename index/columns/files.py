"""The files of the columns, and their checksums in checks.json."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.versions.identity import IDENTITY
from nutgraf.index.analysis.versions.minhash import SKETCH
from nutgraf.index.columns.codes import CODE, PLACE
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.fields.declared import DeclaredKind
from nutgraf.index.schema import KEYWORD_FIELDS, LISTS
from nutgraf.index.storage.files import replace_file

__all__ = [
    "CHECKSUMS",
    "DTYPES",
    "NUMBERS",
    "PREFIX",
    "Checksums",
    "ColumnFiles",
    "Fields",
    "damaged",
    "file_of",
    "map_column",
]

CHECKSUMS: Final = "checks.json"

Fields = Mapping[str, DeclaredKind]

DTYPES: Final[Mapping[str, np.dtype[Any]]] = {
    "article": np.dtype("<u4"),
    "published": np.dtype("<i8"),
    **{field: PLACE if field in LISTS else CODE for field in KEYWORD_FIELDS},
    "part": np.dtype("<u2"),
    "sketch": SKETCH,
    "identity": IDENTITY,
}
"""The files with one value per row, in every index."""

DECLARED_DTYPES: Final[Mapping[DeclaredKind, np.dtype[Any]]] = {
    "keyword": CODE,
    "keyword[]": PLACE,
    "number": np.dtype("<f8"),
    "date": np.dtype("<i8"),
}

NUMBERS: Final = ("number", "date")
"""The kinds of declared fields that have numbers, not codes."""

PREFIX: Final = "extra."
"""The beginning of the name of the file of a declared field."""


@dataclass(frozen=True, slots=True)
class ColumnFiles:
    """The files of the columns of an index.

    `dtypes` maps each file with one value per row to the type of its values. `flat` maps
    each of these that has places to the file with all lists of codes.
    """

    dtypes: Mapping[str, np.dtype[Any]]
    flat: Mapping[str, str]

    @classmethod
    def of(cls, fields: Fields) -> ColumnFiles:
        """Return the files of an index with these declared fields."""
        declared = {file_of(name): DECLARED_DTYPES[kind] for name, kind in fields.items()}
        dtypes = {**DTYPES, **declared}
        return cls(dtypes, {name: f"{name}.codes" for name in dtypes if dtypes[name] == PLACE})

    def dtype(self, name: str) -> np.dtype[Any]:
        """Return the type of the values of a file."""
        return self.dtypes.get(name, CODE)


@dataclass(frozen=True, slots=True)
class Checksums:
    """The content of checks.json.

    `rows` is the number of rows in every column. `counts` maps the name of each flat
    file to the number of its values, and `of` maps the name of each file to its CRC-32.
    `sketches` is the fingerprint of the methods that computed sketches and identities.
    """

    rows: int
    counts: Mapping[str, int]
    of: Mapping[str, int]
    sketches: str

    @classmethod
    def read(cls, folder: Path, files: ColumnFiles) -> Checksums:
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
            raise damaged(path) from None

    @classmethod
    def none(cls, files: ColumnFiles) -> Checksums:
        """Return the checksums of 0 rows."""
        names = (*files.dtypes, *files.flat.values())
        return cls(0, dict.fromkeys(files.flat.values(), 0), dict.fromkeys(names, 0), "")

    def count(self, name: str) -> int:
        """Return the number of the values in a file."""
        return self.counts.get(name, self.rows)

    def compare(self, folder: Path, files: ColumnFiles, names: Iterable[str]) -> None:
        """Raise BrokenIndexError if a file does not match its checksum."""
        for name in names:
            # A file of no codes is empty, but it must be there to be extended.
            if self.rows and not (folder / name).exists():
                raise damaged(folder / name)
            content = map_column(folder / name, files.dtype(name), self.count(name))
            if zlib.crc32(content.data) != self.of[name]:
                raise damaged(folder / name)

    def write(self, folder: Path) -> None:
        """Write the checksums atomically."""
        fields = {
            "rows": self.rows,
            "counts": dict(self.counts),
            "of": dict(self.of),
            "sketches": self.sketches,
        }
        replace_file(folder / CHECKSUMS, json.dumps(fields).encode())


def file_of(field: str) -> str:
    """Return the name of the file of a keyword field or a declared field."""
    return field if field in KEYWORD_FIELDS else f"{PREFIX}{field}"


def map_column(path: Path, dtype: np.dtype[Any], rows: int) -> NDArray[Any]:
    """Map the first `rows` values of a file. Raises BrokenIndexError if it has fewer."""
    if rows == 0:
        return np.empty(0, dtype)
    if _length(path, dtype) < rows:
        raise damaged(path)
    return np.memmap(path, dtype, "r", shape=(rows,))


def damaged(path: Path) -> BrokenIndexError:
    """Return the error for a damaged file of a column."""
    return BrokenIndexError(
        f"{path} is missing, short or damaged; open the index for writing once (any "
        "'nutgraf index' command does) to rebuild it from the catalog"
    )


def _length(path: Path, dtype: np.dtype[Any]) -> int:
    return path.stat().st_size // dtype.itemsize if path.exists() else 0
