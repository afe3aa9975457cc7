"""The fields of a keyword index, the same in both engines."""

from __future__ import annotations

from typing import Final

from nutgraf.index import schema
from nutgraf.index.schema import DECLARED, PUBLISHED, TEXT_FIELDS, WHOLE_PARAGRAPH

__all__ = [
    "DECLARED",
    "FILLER",
    "HAS",
    "ORDERED_FIELDS",
    "PUBLISHED",
    "ROW",
    "SEQUENCE",
    "TERM_FIELDS",
    "TEXT_FIELDS",
    "VALUE_FIELDS",
    "WHOLE_PARAGRAPH",
]

VALUE_FIELDS: Final = (*schema.VALUE_FIELDS, DECLARED)
"""Fields that store terms without their order."""

ORDERED_FIELDS: Final = (*TEXT_FIELDS, WHOLE_PARAGRAPH)
"""Fields that store words in order, so that phrases can be searched."""

TERM_FIELDS: Final = (*TEXT_FIELDS, *VALUE_FIELDS, WHOLE_PARAGRAPH)

ROW: Final = "row"

FILLER: Final = "\ue000" * 9
"""A term that fills up a text and is not a word of any text.

Its characters belong to no script. It is longer than any pattern of question marks.
"""

HAS: Final = "has"
"""A field that contains the names of the other fields with terms of a paragraph.

Every paragraph has the field `row`, so one term finds all paragraphs.
"""

SEQUENCE: Final = "sequence"
"""The sequence of the last commit. Only the marker has this field.

The marker is an entry without a row. Every commit replaces the marker. It is needed because
no engine can attach a number to a commit. A second file with the number is no solution: it
could not be replaced atomically with the commit.
"""
