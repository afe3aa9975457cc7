"""Filters of a request, converted to a condition of an index query."""

from __future__ import annotations

from typing import Any

from nutgraf.index.reader.protocol import Condition
from nutgraf.search.request.options import Filters

__all__ = ["condition_of"]


def condition_of(
    filters: Filters, constraint: Any = None, *, other_than: str | None = None
) -> Condition:
    """Return the condition of filters and of a question's constraint.

    `other_than` is the id of an article to exclude.
    """
    return Condition(tuple(filters.values().items()), filters.published(), constraint, other_than)
