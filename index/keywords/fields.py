"""The fields of a keyword index, the same in both engines."""

from __future__ import annotations

from typing import Final

from nutgraf.index import schema
from nutgraf.index.schema import PUBLISHED, TEXT_FIELDS, WHOLE

__all__ = [
    "DECLARED",
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

DECLARED: Final = "declared"
"""A field with the terms of all declared fields.

An index cannot get new fields later.
"""

VALUE_FIELDS: Final = (*schema.VALUE_FIELDS, DECLARED)
"""Fields that store terms without their order."""

ORDERED_FIELDS: Final = (*TEXT_FIELDS, WHOLE)
"""Fields that store words in order, so that phrases can be searched."""

TERM_FIELDS: Final = (*TEXT_FIELDS, *VALUE_FIELDS, WHOLE)

ROW: Final = "row"

HAS: Final = "has"
"""A field that contains the names of the other fields of a paragraph.

Every paragraph has the field `row`, so one term finds all paragraphs.
"""

SEQUENCE: Final = "sequence"
"""The sequence of the last commit. Only the marker has this field.

The marker is an entry without a row. Every commit replaces the marker. It is needed because
no engine can attach a number to a commit. A second file with the number is no solution: it
could not be replaced atomically with the commit.
"""
