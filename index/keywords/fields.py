"""The fields of a keyword index, the same in both engines."""

from __future__ import annotations

from typing import Final

from nutgraf.index.schema import PUBLISHED, TEXT_FIELDS, VALUE_FIELDS, WHOLE

__all__ = [
    "HAS",
    "ORDERED_FIELDS",
    "PUBLISHED",
    "ROW",
    "SEQUENCE",
    "TERM_FIELDS",
    "TEXT_FIELDS",
    "VALUE_FIELDS",
    "WHOLE",
]

ORDERED_FIELDS: Final = (*TEXT_FIELDS, WHOLE)
"""Words in their order, so that phrases are found."""

TERM_FIELDS: Final = (*TEXT_FIELDS, *VALUE_FIELDS, WHOLE)

ROW: Final = "row"

HAS: Final = "has"
"""The names of the fields that a paragraph has, `row` always: 'every paragraph' is one term."""

SEQUENCE: Final = "sequence"
"""Only in the marker, one document that every commit replaces. It has no row.

Neither engine can attach a number to a commit, and a second file could not be
replaced in the same instant.
"""
