"""Filters of a request, converted to a condition of an index query."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from nutgraf.index.reader.protocol import Condition
from nutgraf.search.request.options import Filters

__all__ = ["condition_of"]


def condition_of(
    filters: Filters,
    constraint: Any = None,
    *,
    now: datetime,
    other_than: str | None = None,
) -> Condition:
    """Return the condition of filters and of a question's constraint.

    `now` is the time for dates such as yesterday. `other_than` is the id of an article to exclude.
    """
    published = filters.published(now)
    return Condition(tuple(filters.values().items()), published, constraint, other_than)
