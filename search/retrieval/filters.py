"""Filters of a request as a condition that an index can be asked for."""

from __future__ import annotations

from typing import Any

from nutgraf.index.reader.protocol import Condition
from nutgraf.search.request.options import Filters

__all__ = ["condition_of"]


def condition_of(
    filters: Filters, constraint: Any = None, *, other_than: str | None = None
) -> Condition:
    """Return the condition of filters, of a question's constraint, and of another article's id."""
    return Condition(tuple(filters.values().items()), filters.published(), constraint, other_than)
