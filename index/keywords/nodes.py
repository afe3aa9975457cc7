"""The nodes that an engine must run, with the matches and the score of each."""

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
    """Matches no paragraph."""


@dataclass(frozen=True, slots=True)
class Every:
    """Matches each paragraph that has the field; scores `boost`."""

    field: str
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Word:
    """Matches paragraphs with this term.

    Scores BM25 in text and title, `boost` in other fields.
    """

    field: str
    term: str
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Phrase:
    """Matches at least 2 words in this order.

    Each word is 1 to `slop` positions after the one before. Scores BM25 in text and
    title, `boost` in `whole`.
    """

    field: str
    words: tuple[str, ...]
    slop: int = 1
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Pattern:
    """Matches terms that start with `start` and fully match `regex`; scores `boost`.

    `regex` contains only literals, `.`, `*`, `?`, `[^ ]` and groups, which have the
    same meaning in Python and in tantivy.
    """

    field: str
    start: str
    regex: str
    boost: float = 1.0

    def fits(self, term: str) -> bool:
        """Return whether `term` matches."""
        return re.fullmatch(self.regex, term) is not None


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """Matches terms within `distance` edits of `word`; scores `boost`.

    The first `same` letters of the term and the word must be equal. An edit inserts,
    deletes or replaces a letter, or swaps 2 adjacent letters.
    """

    field: str
    word: str
    distance: int
    same: int
    boost: float = 1.0

    def fits(self, term: str) -> bool:
        """Return whether `term` matches, by optimal string alignment distance."""
        if abs(len(term) - len(self.word)) > self.distance:
            return False
        if term[: self.same] != self.word[: self.same]:
            return False
        return distance(self.word, term) <= self.distance


@dataclass(frozen=True, slots=True)
class Between:
    """Matches paragraphs published from `first` to `last`, inclusive; scores `boost`."""

    first: int
    last: int
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Intersection:
    """Matches if all of at least 2 nodes match; scores their sum."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Union:
    """Matches if any of at least 2 nodes matches.

    Scores the sum. If `tie` is given, scores the best score plus `tie` times the others.
    """

    nodes: tuple[Node, ...]
    tie: float | None = None


@dataclass(frozen=True, slots=True)
class Without:
    """Matches if `kept` matches and `dropped` does not; scores as `kept`."""

    kept: Node
    dropped: Node


@dataclass(frozen=True, slots=True)
class Preferring:
    """Matches if `kept` matches; adds the score of `preferred` if it also matches."""

    kept: Node
    preferred: Node


@dataclass(frozen=True, slots=True)
class Constant:
    """Matches if `node` matches; scores `score`."""

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
    """Return the score of all matches of a node, or None if scores may differ."""
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
    """Return a regular expression for Python and tantivy that matches a literal."""
    return re.sub(r"[.+*?()|\[\]{}^$\\]", r"\\\g<0>", literal)
