"""The tree of a question, as the parser returns it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

__all__ = ["Group", "Kind", "Leaf", "Node", "PatternKind", "Warn"]

Warn = Callable[[str], None]
PatternKind = Literal["prefix", "wildcard", "fuzzy"]
Kind = Literal["plain", "and", "or", "required", "excluded"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One word, "phrase", prefix*, wild?card, fuzzy~ or [a TO b], with its field.

    `text` does not contain the quotes of a phrase, the * of a prefix or the ~ of a fuzzy word.
    `distance` is the slop of a phrase (1: side by side), or the number of letters in which a fuzzy
    word may differ.
    """

    kind: Literal["word", "phrase", "range"] | PatternKind
    text: str
    field: str | None = None
    distance: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes and their operator; "plain" means no operator between them."""

    kind: Kind
    members: tuple[Node, ...]


Node = Leaf | Group
