"""The few kinds of node that an engine must run, and what each matches and scores."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from nutgraf.index.analysis.edit_distance import distance
from nutgraf.index.schema import TEXT_FIELDS

__all__ = [
    "Between",
    "Constant",
    "Every",
    "Fuzzy",
    "Intersection",
    "Node",
    "Nothing",
    "Pattern",
    "Phrase",
    "Preferring",
    "Union",
    "Without",
    "Word",
    "constant_score",
    "escaped",
]


@dataclass(frozen=True, slots=True)
class Nothing:
    """No paragraph."""


@dataclass(frozen=True, slots=True)
class Every:
    """Every paragraph that has the field; scores `boost`."""

    field: str
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Word:
    """Paragraphs with this term. BM25 in text and title, `boost` in other fields."""

    field: str
    term: str
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Phrase:
    """At least two words in this order, each 1 to `slop` places after the last.

    BM25 in text and title, `boost` in `whole`.
    """

    field: str
    words: tuple[str, ...]
    slop: int = 1
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Pattern:
    """Paragraphs with a term that starts with `start` and fully matches `regex`; scores `boost`.

    `regex` uses only literals, `.`, `*`, `?`, `[^ ]` and groups, which mean
    the same to Python and to tantivy.
    """

    field: str
    start: str
    regex: str
    boost: float = 1.0

    def fits(self, term: str) -> bool:
        """Say whether `term` matches."""
        return re.fullmatch(self.regex, term) is not None


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """Paragraphs with a term within `distance` edits whose first `same` letters are the word's.

    An edit inserts, deletes or replaces a letter, or swaps two neighbours.
    """

    field: str
    word: str
    distance: int
    same: int
    boost: float = 1.0

    def fits(self, term: str) -> bool:
        """Say whether `term` matches: optimal string alignment distance."""
        if abs(len(term) - len(self.word)) > self.distance:
            return False
        if term[: self.same] != self.word[: self.same]:
            return False
        return distance(self.word, term) <= self.distance


@dataclass(frozen=True, slots=True)
class Between:
    """Paragraphs published from `first` to `last`, both included; scores `boost`."""

    first: int
    last: int
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Intersection:
    """What all of at least two nodes match; scores their sum."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Union:
    """What any of at least two nodes matches.

    Scores the sum, or where `tie` is given the best score and `tie` times the others.
    """

    nodes: tuple[Node, ...]
    tie: float | None = None


@dataclass(frozen=True, slots=True)
class Without:
    """What `kept` matches and `dropped` does not; scores as `kept`."""

    kept: Node
    dropped: Node


@dataclass(frozen=True, slots=True)
class Preferring:
    """What `kept` matches; `preferred` adds its score where it matches, too."""

    kept: Node
    preferred: Node


@dataclass(frozen=True, slots=True)
class Constant:
    """What `node` matches; scores `score`."""

    node: Node
    score: float


Node: TypeAlias = (
    Nothing
    | Every
    | Word
    | Phrase
    | Pattern
    | Fuzzy
    | Between
    | Intersection
    | Union
    | Without
    | Preferring
    | Constant
)


def constant_score(node: Node) -> float | None:
    """Return the score that all of a node's paragraphs share, or None where they may differ."""
    match node:
        case Word(field=field) | Phrase(field=field):
            return None if field in TEXT_FIELDS else node.boost
        case Every() | Pattern() | Fuzzy() | Between():
            return node.boost
        case Constant():
            return node.score
        case Without():
            return constant_score(node.kept)
        case Intersection():
            scores = [constant_score(part) for part in node.nodes]
            known = [score for score in scores if score is not None]
            return sum(known) if len(known) == len(scores) else None
        case Nothing():
            return 0.0
        case _:
            return None


def escaped(literal: str) -> str:
    """Return the regular expression, Python's and tantivy's, for a text itself."""
    return re.sub(r"[.+*?()|\[\]{}^$\\]", r"\\\g<0>", literal)
