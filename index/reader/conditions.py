"""Condition: the filters and the constraint that every hit must meet.

A filter allows values of a field. The constraint comes from the text of the
question: its phrases, +, - and fields.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from nutgraf.index.analysis.declared_terms import presence_term, range_terms, term_of
from nutgraf.index.analysis.value_terms import exact_term
from nutgraf.index.fields.declared import DeclaredKind
from nutgraf.index.query import query
from nutgraf.index.schema import DECLARED

__all__ = ["NO_CONDITION", "Condition", "FieldValues", "Members", "Unit", "value_query"]

Unit = Literal["paragraph", "article", "paragraph_story", "article_story"]
"""A kind of group of rows that can be one hit.

A story is a group of paragraphs or articles that are versions of one another. The
number of a unit is the first row of the paragraph, or of the first paragraph of the
story. Articles, and stories of articles, have the number of the article instead.
"""


@dataclass(frozen=True, slots=True)
class Members:
    """All rows of some units, given by the numbers of the units."""

    unit: Unit
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FieldValues:
    """A condition on a field: allowed values, limits, or the presence of any value.

    `kind` is the kind of a declared field, None for other fields. With `values`, the
    row must have one of them. With `limits`, the number or date must be from the first
    to the second of them, both included; None means no limit. Without both, the row
    must have any value. If `excluded` is True, the row must not meet the rest.
    """

    field: str
    kind: DeclaredKind | None = None
    values: tuple[str, ...] = ()
    limits: tuple[float | None, float | None] | None = None
    excluded: bool = False

    def tree(self) -> Any:
        """Return the condition as a query tree."""
        found = self._tree()
        return query.Not(found) if self.excluded else found

    def _tree(self) -> Any:
        if self.values:
            return query.Or([value_query(self.field, value, self.kind) for value in self.values])
        if self.kind is None and self.limits is not None:
            return query.NumericRange(self.field, *self.limits)
        if self.kind is None:
            return query.Every(self.field)
        if self.limits is None:
            return query.Term(DECLARED, presence_term(self.field))
        terms = range_terms(self.field, self.kind, *self.limits)
        return query.Or([query.Term(DECLARED, term) for term in terms])


def value_query(field: str, value: str, kind: DeclaredKind | None = None) -> Any:
    """Return the query for rows with exactly this value of a field."""
    if kind is None:
        return query.Term(field, exact_term(value))
    return query.Term(DECLARED, term_of(field, exact_term(value)))


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on rows. A row must meet every part of the condition.

    `values` are pairs of a field and its allowed values. The field is a keyword
    field or `article`. The value of the row must be equal to one of the allowed
    values. `published` is the first and the last allowed second since 1970 UTC;
    None means no limit. `constraint` is a tree of `whoosh.query` over analysed
    terms. The rows of the article with the id `other_than` are excluded. If `members`
    is not None, the row must be a row of one of these units. `fields` are further
    conditions on fields. `article_constraint` is a tree that the article of the row
    must meet as a whole, see ArticleScope.
    """

    values: tuple[tuple[str, tuple[str, ...]], ...] = ()
    published: tuple[int | None, int | None] = (None, None)
    constraint: Any = None
    other_than: str | None = None
    members: Members | None = None
    fields: tuple[FieldValues, ...] = ()
    article_constraint: Any = None

    @property
    def is_dated(self) -> bool:
        """Whether the condition has a limit on the date of publication."""
        return self.published != (None, None)

    def within(self, members: Members) -> Condition:
        """Return the condition, limited to the rows of some units."""
        return replace(self, members=members)

    def tree(self) -> Any:
        """Return the condition as one query tree, None if every row meets it.

        The tree does not contain `members` and `article_constraint`, because they are
        not fields of a row.
        """
        parts = [] if self.constraint is None else [self.constraint]
        for field, values in self.values:
            parts.append(query.Or([query.Term(field, exact_term(value)) for value in values]))
        if self.is_dated:
            parts.append(query.NumericRange("published", *self.published))
        parts += [each.tree() for each in self.fields]
        if self.other_than is not None:
            parts.append(query.Not(query.Term("article", exact_term(self.other_than))))
        return query.And(parts) if parts else None


NO_CONDITION: Final = Condition()
