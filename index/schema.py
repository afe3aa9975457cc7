"""The fields of a keyword index, the same in both engines."""

from __future__ import annotations

from typing import Final

__all__ = [
    "HAS",
    "ORDERED_FIELDS",
    "PUBLISHED",
    "ROW",
    "SEQUENCE",
    "TERM_FIELDS",
    "TEXT",
    "TEXT_FIELDS",
    "VALUE_FIELDS",
    "WHOLE",
]

TEXT: Final = "text"
TEXT_FIELDS: Final = (TEXT, "title")
"""Words in their order, scored by BM25."""

VALUE_FIELDS: Final = ("source", "author", "section", "language", "article")
"""Terms of a value, see `value_terms`; finding one counts 1."""

WHOLE: Final = "whole"
"""The words of the whole paragraph, in each of its parts; a paragraph that is whole has none.

A part is ranked by its `text`; what a question demands or excludes looks at its paragraph.
Finding a word or phrase here counts 1.
"""

ORDERED_FIELDS: Final = (*TEXT_FIELDS, WHOLE)
"""Words in their order, so that phrases are found."""

TERM_FIELDS: Final = (*TEXT_FIELDS, *VALUE_FIELDS, WHOLE)

PUBLISHED: Final = "published"
ROW: Final = "row"

HAS: Final = "has"
"""The names of the fields that a paragraph has, `row` always: 'every paragraph' is one term."""

SEQUENCE: Final = "sequence"
"""Only in the marker, one document that every commit replaces. It has no row.

Neither engine can attach a number to a commit, and a second file could not be
replaced in the same instant.
"""
