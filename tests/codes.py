"""The codes of a column, row by row."""

from __future__ import annotations

import numpy as np

from nutgraf.index.columns import Columns


def codes_by_row(columns: Columns, field: str) -> list[list[int]]:
    """Return the codes of each row, in order."""
    rows = np.arange(len(columns.article))
    found: list[list[int]] = [[] for _ in rows]
    for at, code in zip(*(some.tolist() for some in columns.codes(field).pairs(rows)), strict=True):
        found[at].append(code)
    return found
