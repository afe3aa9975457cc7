"""The nodes of a query tree that an engine must run.

The docstring of each class says which paragraphs the node matches, and their score.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from nutgraf.index.analysis.edit_distance import distance
from nutgraf.index.schema import TEXT_FIELDS

__all__ = [
    "AndMaybe",
    "Between",
    "Constant",
    "Every",
    "Fuzzy",
    "Intersection",
    "Node",
    "Nothing",
    "Pattern",
    "Phrase",
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
    """Matches each paragraph that has the field. The score is `boost`."""

    field: str
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Word:
    """Matches paragraphs with this term.

    The score is BM25 times `boost` in text, title and summary, and `boost` in other fields.
    """

    field: str
    term: str
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Phrase:
    """Matches paragraphs with these words, at least 2, in this order.

    Each word is 1 to `slop` positions after the word before. The score is BM25 times
    `boost` in text, title and summary, and `boost` in `whole`.
    """

    field: str
    words: tuple[str, ...]
    slop: int = 1
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Pattern:
    """Matches paragraphs with a term that completely matches `regex`.

    The term also begins with `start`. The score is `boost`. `regex` contains only
    literals, `.`, `*`, `?`, `[^ ]` and groups: they have the same meaning in Python and
    in tantivy.
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
    """Matches paragraphs with a term that is at most `distance` edits from `word`.

    The first `same` letters of the term and the word must be equal. An edit inserts,
    deletes or replaces a letter, or swaps 2 adjacent letters. The score is `boost`.
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
    """Matches paragraphs published from `first` to `last`, inclusive.

    `first` and `last` are in seconds since 1970 UTC. The score is `boost`.
    """

    first: int
    last: int
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Intersection:
    """Matches paragraphs that all of `nodes` match. There are at least 2 nodes.

    The score is the sum of the scores of the nodes.
    """

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Union:
    """Matches paragraphs that any of `nodes` matches. There are at least 2 nodes.

    Without `tie`, the score is the sum of the scores of the matching nodes. With `tie`,
    the score is the best of these scores plus `tie` times the sum of the others.
    """

    nodes: tuple[Node, ...]
    tie: float | None = None


@dataclass(frozen=True, slots=True)
class Without:
    """Matches paragraphs that `kept` matches and `dropped` does not match.

    The score is that of `kept`.
    """

    kept: Node
    dropped: Node


@dataclass(frozen=True, slots=True)
class AndMaybe:
    """Matches paragraphs that `kept` matches.

    The score is that of `kept`, plus that of `preferred` if `preferred` also matches.
    """

    kept: Node
    preferred: Node


@dataclass(frozen=True, slots=True)
class Constant:
    """Matches paragraphs that `node` matches, with the constant score `score`."""

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
    | AndMaybe
    | Constant
)


def constant_score(node: Node) -> float | None:
    """Return the score that all matches of a node have, or None if scores may differ."""
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
