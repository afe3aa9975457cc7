"""Condition: the filters and the constraint that every hit must meet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from nutgraf.index.analysis.analyzer import exact_term
from nutgraf.index.query import query

__all__ = ["NO_CONDITION", "Condition"]


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on rows. A row must meet all its fields.

    `values` are pairs of a field and exact values; the row must have one of
    them. The field is a keyword field or `article`. `published` is the first
    and the last second allowed, since 1970 UTC; None means no limit.
    `constraint` is a tree of `whoosh.query` over analysed terms. `other_than`
    is the id of an article whose rows are excluded.
    """

    values: tuple[tuple[str, tuple[str, ...]], ...] = ()
    published: tuple[int | None, int | None] = (None, None)
    constraint: Any = None
    other_than: str | None = None

    @property
    def is_dated(self) -> bool:
        """Whether the condition has a limit on the date of publication."""
        return self.published != (None, None)

    @property
    def without_constraint(self) -> Condition:
        """The same condition without its constraint."""
        return replace(self, constraint=None)

    def tree(self) -> Any:
        """Return the condition as one query tree, None if every row meets it."""
        parts = [] if self.constraint is None else [self.constraint]
        for field, values in self.values:
            parts.append(query.Or([query.Term(field, exact_term(value)) for value in values]))
        if self.is_dated:
            parts.append(query.NumericRange("published", *self.published))
        if self.other_than is not None:
            parts.append(query.Not(query.Term("article", exact_term(self.other_than))))
        return query.And(parts) if parts else None


NO_CONDITION: Final = Condition()
