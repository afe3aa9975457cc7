"""Map the columns of a table, or the keys of JSONL, to the fields of an article."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from nutgraf.index.errors import InputError, UserError
from nutgraf.index.schema import OPTIONAL_FIELDS

__all__ = ["INPUT_FIELDS", "choose_columns", "parse_columns", "rename", "unknown_columns"]

INPUT_FIELDS: Final = ("id", "title", "text", "paragraphs", *OPTIONAL_FIELDS)
"""Input fields of an article; `text` and `paragraphs` exclude each other."""

MAX_NAMES: Final = 20
"""Most columns that an error lists."""

ALTERNATIVES: Final = {"text": "paragraphs", "paragraphs": "text"}
"""Fields that exclude each other: if one is mapped, the other is ignored."""


def parse_columns(pairs: Iterable[str]) -> dict[str, str]:
    """Return field -> column for pairs such as "title=headline".

    Raises UserError for invalid pairs.
    """
    columns: dict[str, str] = {}
    for pair in pairs:
        field, sign, column = pair.partition("=")
        if not sign or not column or field not in INPUT_FIELDS:
            raise UserError(
                f"--map {pair!r} is not FIELD=COLUMN, as in title=headline; the fields are "
                f"{', '.join(INPUT_FIELDS)}"
            )
        if field in columns:
            raise UserError(f"--map names a column for {field!r} twice")
        columns[field] = column
    if columns.keys() >= ALTERNATIVES.keys():
        raise UserError("--map names a column for 'text' and one for 'paragraphs': give one")
    return columns


def choose_columns(header: Sequence[str], columns: Mapping[str, str]) -> dict[str, int]:
    """Return field -> position of its column in `header`.

    The column of a field is the one to which `columns` maps the field, or else the
    column with the name of the field. Case is ignored, but an exact match of a
    mapped name is preferred. Raises InputError if a mapped or a required column is
    missing, or if two columns match one field.
    """
    names = [name.strip() for name in header]
    lower = [name.lower() for name in names]
    chosen: dict[str, int] = {}
    for field in INPUT_FIELDS:
        column = columns.get(field)
        if column is None and ALTERNATIVES.get(field) in columns:
            continue
        found = [at for at, name in enumerate(names) if name == column]
        found = found or [at for at, name in enumerate(lower) if name == (column or field).lower()]
        if len(found) > 1:
            raise InputError(
                f"{len(found)} columns are called {(column or field)!r}; rename all but one"
            )
        if found:
            chosen[field] = found[0]
        elif column is not None:
            raise InputError(
                f"there is no column {column!r}, to which '{field}' is mapped; {_listed(names)}"
            )
    if "title" not in chosen:
        raise InputError(_unknown_column("title", names))
    if not chosen.keys() & ALTERNATIVES.keys():
        raise InputError(_unknown_column("text", names))
    return chosen


def unknown_columns(header: Sequence[str], chosen: Mapping[str, int]) -> dict[str, int]:
    """Return the name and position of each column that is no field of an article.

    A column without a name is left out, and so is one that `choose_columns` did not choose
    because another column is mapped to its field.
    """
    names = [name.strip() for name in header]
    return {
        name: at
        for at, name in enumerate(names)
        if name and at not in chosen.values() and name.lower() not in INPUT_FIELDS
    }


def rename(fields: dict[str, Any], columns: Mapping[str, str]) -> dict[str, Any]:
    """Return `fields` with each mapped field set to the value of its column.

    If one of `text` and `paragraphs` is mapped, the other is removed. A column to which a
    field is mapped is no unknown field. Raises InputError if `title`, `text` or
    `paragraphs` is mapped to a missing column.
    """
    if not columns:
        return fields
    own = {name: value for name, value in fields.items() if ALTERNATIVES.get(name) not in columns}
    for field, column in columns.items():
        if field in ("title", "text", "paragraphs") and fields.get(column) is None:
            raise InputError(
                f"there is no {column!r}, to which '{field}' is mapped; {_listed(list(fields))}"
            )
        own[field] = fields.get(column)
    return {
        name: value
        for name, value in own.items()
        if name in INPUT_FIELDS or name not in columns.values()
    }


def _unknown_column(field: str, names: Sequence[str]) -> str:
    others = " or 'paragraphs'" if field == "text" else ""
    return (
        f"no column is called '{field}'{others}; {_listed(names)}; name the column with "
        f"--map {field}=COLUMN"
    )


def _listed(names: Sequence[str]) -> str:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    shown = list(dict.fromkeys(name[:40] for name in names if name))[:MAX_NAMES]
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    twice = f" ({', '.join(repeated[:3])} twice)" if any(repeated) else ""
    return f"there are {', '.join(map(repr, shown)) or 'none'}{more}{twice}"
