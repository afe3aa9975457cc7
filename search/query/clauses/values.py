"""ValueReader: conditions on values of articles, as in source:bbc.

Values are not words of the question: neither the encoder nor the ranking gets them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from nutgraf.index.analysis.declared_terms import presence_term, range_terms, term_of
from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.index.fields.declared import DeclaredKind
from nutgraf.index.query import query as wq
from nutgraf.index.schema import DECLARED, VALUE_FIELDS
from nutgraf.search.query.clauses.clause import Clause
from nutgraf.search.query.numbers import date_limits, number_range
from nutgraf.search.query.patterns import Pattern, can_be_searched, value_pattern
from nutgraf.search.query.syntax.nodes import Leaf, Warn
from nutgraf.search.query.trees import any_of
from nutgraf.search.request.dates import date_range

__all__ = ["ValueReader", "warn_of_no_pattern"]


@dataclass(slots=True)
class ValueReader:
    """A reader of fields with values.

    `found` are the fields and values that it read for ranking, such as source and bbc.
    """

    analyzer: MultilingualAnalyzer
    now: datetime
    warn: Warn
    declared: Mapping[str, DeclaredKind]
    found: dict[tuple[str, str], None] = field(default_factory=dict)

    def accepts(self, leaf: Leaf) -> bool:
        """Return whether a leaf is a field with a value, or a range."""
        name = leaf.field
        is_field = name == "published" or name in VALUE_FIELDS or name in self.declared
        return is_field or leaf.kind == "range"

    def read(self, leaf: Leaf, *, scoring: bool) -> Clause | None:
        """Return the clause of a leaf that is accepted.

        Return None, after a warning, if it is not valid and its words should be searched.
        """
        if leaf.field == "published":
            return self._published(leaf)
        kind = self.declared.get(leaf.field or "")
        if leaf.text == "*" and (kind is not None or leaf.field in VALUE_FIELDS):
            return self._presence(leaf)
        if kind in ("number", "date"):
            return self._number(leaf, kind)
        if leaf.kind == "range":
            self.warn(
                f"'{leaf.field}:{leaf.text[:40]}': only published: and declared numbers and dates "
                "accept a range; its words are searched"
            )
            return None
        return self._value(leaf, scoring=scoring)

    def _value(self, leaf: Leaf, *, scoring: bool) -> Clause | None:
        """Read a field with a value: source:bbc. The encoder does not get the value."""
        name = leaf.field or ""
        text = leaf.text.rstrip(",;!?") if leaf.kind == "word" else leaf.text
        folded = " ".join(self.analyzer.fold(text).split())
        if not any(map(str.isalnum, folded)):
            self.warn(f"'{name}:' needs a value directly after the colon; it is ignored")
            return None
        if leaf.kind == "prefix" or leaf.kind == "wildcard" or leaf.kind == "fuzzy":
            pattern = Pattern(leaf.kind, folded, leaf.distance)
            if not can_be_searched(pattern):
                warn_of_no_pattern(leaf, self.warn)
                return None
            holds = value_pattern(name, pattern, declared=name in self.declared)
        elif name in self.declared:
            holds = wq.Term(DECLARED, term_of(name, folded))
        else:
            holds = wq.Term(name, folded)
            if scoring:
                self.found[name, text] = None
        return Clause.of(holds, name)

    def _presence(self, leaf: Leaf) -> Clause:
        """Read a field with a star, topic:*, which finds articles with a value."""
        name = leaf.field or ""
        declared = name in self.declared
        holds = wq.Term(DECLARED, presence_term(name)) if declared else wq.Every(name)
        return Clause.of(holds, name)

    def _number(self, leaf: Leaf, kind: DeclaredKind) -> Clause | None:
        """Read a number or a date of a declared field, a limit or a range of them."""
        name = leaf.field or ""
        limits = number_range(leaf.text) if kind == "number" else date_limits(leaf.text, self.now)
        if limits is None:
            example = "300, >300 or [300 TO 500]" if kind == "number" else "2023 or [2022 TO 2023]"
            self.warn(
                f"'{name}:{leaf.text[:40]}' is not a {kind} and is searched as text; write "
                f"{name}:{example}"
            )
            return None
        terms = [wq.Term(DECLARED, term) for term in range_terms(name, kind, *limits)]
        holds = any_of(terms) if terms else wq.NullQuery
        return Clause.of(holds, name)

    def _published(self, leaf: Leaf) -> Clause | None:
        """Read a date, a named time or a range of either."""
        seconds = date_range(leaf.text, self.now)
        if seconds is None:
            self.warn(
                f"'published:{leaf.text[:40]}' is not a date and is searched as text; write "
                "published:2023, published:2023-01-04 or published:[2022 TO 2023-06]"
            )
            return None
        holds = wq.NumericRange("published", *seconds)
        return Clause.of(holds, "published")


def warn_of_no_pattern(leaf: Leaf, warn: Warn) -> None:
    """Warn that a pattern is too complex."""
    warn(f"'{leaf.text[:40]}' has too many letters or signs for a pattern; it is searched as words")
