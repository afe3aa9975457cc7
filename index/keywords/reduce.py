"""Reduction of whoosh's query trees to the few nodes that an engine must run.

The meaning of a tree is defined only here, so both engines agree:

- Not matches all rows that its query does not match, and scores 0. A Not can be anywhere
  in a tree.
- Words and phrases in text and title score by BM25. Every other leaf scores 1.
- The score of a leaf is multiplied by its boost and by the boosts of all nodes above it.
- In a Wildcard, only `*` and `?` are special.
- A pattern that starts with a wildcard does not match terms of `exact_term`.
- `minmatch` and `scale` of Or are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from nutgraf.index.keywords.fields import ORDERED_FIELDS, PUBLISHED, ROW, TERM_FIELDS
from nutgraf.index.keywords.nodes import (
    AndMaybe,
    Between,
    Constant,
    Every,
    Fuzzy,
    Intersection,
    Node,
    Nothing,
    Pattern,
    Phrase,
    Union,
    Without,
    Word,
    escaped,
)
from nutgraf.index.query import MAX_PATTERN, MAX_WILDCARDS, query

__all__ = ["reduce_query", "require"]

_MAX_DISTANCE: Final = 2
_SMALLEST: Final = -(2**63)
_LARGEST: Final = 2**63 - 1
_NOTHING: Final = Nothing()


def reduce_query(tree: Any) -> Node:
    """Return the node for a `whoosh.query` tree.

    Raises TypeError for an unsupported kind of query. Raises ValueError for an unknown
    field, and for a pattern that exceeds MAX_PATTERN or MAX_WILDCARDS.
    """
    return _reduce(tree, 1.0)


def _reduce(tree: Any, boost: float) -> Node:
    for kind in type(tree).__mro__:
        reducer = _REDUCERS.get(kind)
        if reducer is not None:
            return reducer(tree, boost * getattr(tree, "boost", 1.0))
    raise TypeError(
        f"a keyword index does not support queries of type {type(tree).__name__}: {tree!r:.200}"
    )


def _nothing(_tree: Any, _boost: float) -> Node:
    return _NOTHING


def _unsupported(tree: Any, _boost: float) -> Node:
    raise TypeError(
        f"a keyword index does not support queries of type {type(tree).__name__}: {tree!r:.200}"
    )


def _word(tree: Any, boost: float) -> Node:
    field = _term_field(tree)
    return Word(field, tree.text, boost) if _is_term(tree.text) else _NOTHING


def _phrase(tree: Any, boost: float) -> Node:
    field = _term_field(tree)
    if field not in ORDERED_FIELDS:
        raise ValueError(
            f"cannot search field {field!r} for a phrase; "
            f"the fields with phrases are {_listed(ORDERED_FIELDS)}"
        )
    words = tuple(tree.words)
    if not words or not all(map(_is_term, words)):
        return _NOTHING
    if len(words) == 1:
        return Word(field, words[0], boost)
    return Phrase(field, words, max(1, int(tree.slop)), boost)


def _prefix(tree: Any, boost: float) -> Node:
    return _pattern(_term_field(tree), [tree.text, "*"], boost)


def _wildcard(tree: Any, boost: float) -> Node:
    return _pattern(_term_field(tree), re.split(r"([*?])", tree.text), boost)


def _pattern(field: str, parts: Iterable[str], boost: float) -> Node:
    parts = [part for part in parts if part]
    parts = [part for i, part in enumerate(parts) if part != "*" or parts[i - 1 : i] != ["*"]]
    if not all(map(_is_term, parts)) or not parts:
        return _NOTHING
    if parts == ["*"]:
        return Every(field, boost)
    if sum(map(len, parts)) > MAX_PATTERN or sum(part in "*?" for part in parts) > MAX_WILDCARDS:
        raise ValueError(
            f"a pattern must have at most {MAX_PATTERN} characters and {MAX_WILDCARDS} "
            f"stars and question marks, got {''.join(parts):.80}"
        )
    start = parts[0] if parts[0] not in ("*", "?") else ""
    regex = [_ANY.get(part) or escaped(part) for part in parts]
    if not start:
        regex[0] = _FIRST[parts[0]]
    return Pattern(field, start, "".join(regex), boost)


_ANY: Final = {"*": ".*", "?": "."}
_FIRST: Final = {"*": "([^ ].*)?", "?": "[^ ]"}


def _fuzzy(tree: Any, boost: float) -> Node:
    field = _term_field(tree)
    word = tree.text
    if not _is_term(word):
        return _NOTHING
    if len(word) > MAX_PATTERN:
        raise ValueError(f"a fuzzy term must have at most {MAX_PATTERN} characters, got {word:.80}")
    distance = min(max(0, int(tree.maxdist)), _MAX_DISTANCE)
    if not distance:
        return Constant(Word(field, word), boost)
    same = min(max(0, int(tree.prefixlength)), len(word))
    return Fuzzy(field, word, distance, same, boost)


def _range(tree: Any, boost: float) -> Node:
    if tree.fieldname != PUBLISHED:
        raise ValueError(
            f"cannot search field {tree.fieldname!r} for a range; only {PUBLISHED!r} has ranges"
        )
    first = _SMALLEST if tree.start is None else int(tree.start) + bool(tree.startexcl)
    last = _LARGEST if tree.end is None else int(tree.end) - bool(tree.endexcl)
    first, last = max(first, _SMALLEST), min(last, _LARGEST)
    return Between(first, last, boost) if first <= last else _NOTHING


def _every(tree: Any, boost: float) -> Node:
    field = tree.fieldname
    if field is None or field == ROW:
        return Every(ROW, boost)
    if field not in (*TERM_FIELDS, PUBLISHED):
        raise _unknown(field)
    return Every(field, boost)


def _constant(tree: Any, boost: float) -> Node:
    return _scored(_reduce(tree.child, 1.0), tree.score * boost)


def _not(tree: Any, _boost: float) -> Node:
    return _negated(_reduce(tree.query, 1.0))


def _and(tree: Any, boost: float) -> Node:
    kept = [_reduce(part, boost) for part in tree.subqueries if not isinstance(part, query.Not)]
    dropped = [_reduce(part.query, 1.0) for part in tree.subqueries if isinstance(part, query.Not)]
    if not kept and not dropped:
        return _NOTHING
    if not kept:
        return _negated(_union(dropped))
    return _without(_intersection(kept), _union(dropped))


def _or(tree: Any, boost: float) -> Node:
    return _union([_reduce(part, boost) for part in tree.subqueries])


def _disjunction_max(tree: Any, boost: float) -> Node:
    return _union([_reduce(part, boost) for part in tree.subqueries], tie=float(tree.tiebreak))


def _and_not(tree: Any, boost: float) -> Node:
    return _without(_reduce(tree.a, boost), _reduce(tree.b, 1.0))


def _and_maybe(tree: Any, boost: float) -> Node:
    kept, preferred = _reduce(tree.a, boost), _reduce(tree.b, boost)
    if isinstance(kept, Nothing) or isinstance(preferred, Nothing):
        return kept
    return AndMaybe(kept, preferred)


def _require(tree: Any, boost: float) -> Node:
    return require(_reduce(tree.a, boost), _reduce(tree.b, 1.0))


def require(kept: Node, within: Node) -> Node:
    """Return the node that matches both nodes and scores as `kept`."""
    return _intersection([kept, _scored(within, 0.0)])


def _union(nodes: list[Node], tie: float | None = None) -> Node:
    nodes = [node for node in nodes if not isinstance(node, Nothing)]
    if len(nodes) > 1:
        return Union(tuple(nodes), tie)
    return nodes[0] if nodes else _NOTHING


def _intersection(nodes: list[Node]) -> Node:
    if any(isinstance(node, Nothing) for node in nodes):
        return _NOTHING
    return Intersection(tuple(nodes)) if len(nodes) > 1 else nodes[0]


def _without(kept: Node, dropped: Node) -> Node:
    if isinstance(kept, Nothing) or isinstance(dropped, Nothing):
        return kept
    return Without(kept, dropped)


def _negated(node: Node) -> Node:
    return _without(Every(ROW, 0.0), node)


def _scored(node: Node, score: float) -> Node:
    return node if isinstance(node, Nothing) else Constant(node, score)


def _term_field(tree: Any) -> str:
    field: str = tree.fieldname
    if field not in TERM_FIELDS:
        raise _unknown(field)
    return field


def _unknown(field: str) -> ValueError:
    return ValueError(f"unknown field {field!r}; the fields with terms are {_listed(TERM_FIELDS)}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _is_term(text: object) -> bool:
    """Return whether an index can contain `text` as a term.

    A term is not empty and contains no lone surrogate, because terms are stored as UTF-8.
    """
    if not isinstance(text, str) or not text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_REDUCERS: Final[dict[type, Callable[[Any, float], Node]]] = {
    query.Term: _word,
    query.Phrase: _phrase,
    query.Prefix: _prefix,
    query.Wildcard: _wildcard,
    query.FuzzyTerm: _fuzzy,
    query.NumericRange: _range,
    query.DateRange: _unsupported,  # The numbers of a DateRange are not in seconds.
    query.Every: _every,
    type(query.NullQuery): _nothing,
    query.ConstantScoreQuery: _constant,
    query.Not: _not,
    query.And: _and,
    query.Or: _or,
    query.DisjunctionMax: _disjunction_max,
    query.AndNot: _and_not,
    query.AndMaybe: _and_maybe,
    query.Require: _require,
}
