"""Condition: what every hit must meet, as values that any engine can be asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from nutgraf.index.analysis.analyzer import exact_term
from nutgraf.index.query import query

__all__ = ["NO_CONDITION", "Condition"]


@dataclass(frozen=True, slots=True)
class Condition:
    """All of these must hold of a row.

    `values` are pairs of a keyword field, or `article`, and the exact values of which it must
    have one. `published` is the first and the last second (1970 UTC), None where open.
    `constraint` is a tree of `whoosh.query` over analysed terms. `other_than` is the id of an
    article whose rows are left out.
    """

    values: tuple[tuple[str, tuple[str, ...]], ...] = ()
    published: tuple[int | None, int | None] = (None, None)
    constraint: Any = None
    other_than: str | None = None

    @property
    def is_dated(self) -> bool:
        """Whether the date of publication matters."""
        return self.published != (None, None)

    @property
    def without_constraint(self) -> Condition:
        """The same without its constraint."""
        return replace(self, constraint=None)

    def tree(self) -> Any:
        """Return the condition as one query tree; None where every row meets it."""
        parts = [] if self.constraint is None else [self.constraint]
        for field, values in self.values:
            parts.append(query.Or([query.Term(field, exact_term(value)) for value in values]))
        if self.is_dated:
            parts.append(query.NumericRange("published", *self.published))
        if self.other_than is not None:
            parts.append(query.Not(query.Term("article", exact_term(self.other_than))))
        return query.And(parts) if parts else None


NO_CONDITION: Final = Condition()
