"""Clause: the meaning of a node of a question's tree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Clause"]


@dataclass(frozen=True, slots=True)
class Clause:
    """The meaning of a node of the question's tree.

    `holds` returns the condition if an operator such as + or AND requires the node. It is None if
    the node has no words. `insists` is the condition without such an operator. It is None for plain
    words. `value_of` is the field of a value, such as source in source:bbc. `stops` are the
    languages in which all words of the node are stop words.
    """

    holds: Callable[[], Any] | None = None
    insists: Any = None
    value_of: str | None = None
    stops: frozenset[str] = frozenset()

    @classmethod
    def of(cls, demand: Any, value_of: str | None = None) -> Clause:
        """Return the clause of a node that an operator or a field requires."""
        return cls(lambda: demand, demand, value_of)
