"""Postings: all rows that match a part of a query, with their scores.

tantivy returns each hit as a Python object, at about 0.3 microseconds. A question of ten
words matches a tenth of all rows, and most of its words were in earlier questions. So the
hits of each word are read once, as arrays, and a question adds the arrays of its words.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.keywords.nodes import Node, Union
from nutgraf.index.ranking import Ranking

__all__ = ["Postings", "PostingsCache", "parts_of", "sum_of"]

MAX_BYTES: Final = 128_000_000
"""The most bytes of cached postings, 8 for each row that matches a word.

The 400 most frequent words of 1,362 questions to 1.1 million paragraphs need 123 MB.
"""

FEW: Final = 64
"""Rows of the index for each posting from which on sorting is faster."""

_OVERHEAD: Final = 1_000
"""The bytes of an entry beside its arrays."""


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """All rows that match, ascending: uint32 and float32, both of shape (n,)."""

    rows: NDArray[np.uint32]
    scores: NDArray[np.float32]

    @property
    def size(self) -> int:
        """The size in memory in bytes. Equal scores are one number in memory."""
        scores = self.scores.nbytes if self.scores.strides != (0,) else 0
        return self.rows.nbytes + scores + _OVERHEAD


class PostingsCache:
    """The postings that were used last, up to `most` bytes. Threads may share it.

    All views of an index share one cache, so that older views do not add to its size. `view`
    is the view to which postings belong, because scores change with each commit.
    """

    def __init__(self, most: int = MAX_BYTES) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[Hashable, Node], Postings] = OrderedDict()
        self._lock = threading.Lock()
        self.bytes = 0
        """The size of all postings in the cache."""

    def get(self, view: Hashable, node: Node, read: Callable[[Node], Postings]) -> Postings:
        """Return the postings of a node; `read` reads them if they are not in the cache."""
        key = (view, node)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = read(node)
        with self._lock:
            if key not in self._kept and found.size <= self._most:
                self._kept[key] = found
                self.bytes += found.size
                while self.bytes > self._most:
                    self.bytes -= self._kept.popitem(last=False)[1].size
        return found

    def drop(self, view: Hashable) -> None:
        """Release the postings of a view."""
        with self._lock:
            for key in [key for key in self._kept if key[0] is view]:
                self.bytes -= self._kept.pop(key).size


def parts_of(node: Node) -> tuple[Node, ...]:
    """Return the nodes whose scores add up to the score of `node`."""
    if isinstance(node, Union) and node.tie is None:
        return tuple(part for each in node.nodes for part in parts_of(each))
    return (node,)


def sum_of(parts: Sequence[Postings], allowed: NDArray[np.bool_] | None) -> Ranking:
    """Return the rows of all parts, ascending, each with the sum of its scores.

    `allowed` is a mask of the rows that can be in the result, None for all rows.
    """
    size = max((int(part.rows[-1]) + 1 for part in parts if len(part.rows)), default=0)
    if FEW * sum(len(part.rows) for part in parts) < size:
        return _sum_of_few(parts, allowed)
    scores, found = np.zeros(size, np.float32), np.zeros(size, bool)
    for part in parts:
        rows = part.rows.astype(np.intp)  # Once, because numpy would convert them twice.
        scores[rows] += part.scores
        found[rows] = True
    if allowed is not None:
        found &= allowed[:size]
    rows = np.flatnonzero(found)
    return Ranking(rows, scores[rows])


def _sum_of_few(parts: Sequence[Postings], allowed: NDArray[np.bool_] | None) -> Ranking:
    """Return the same as `sum_of`, without arrays as long as the index."""
    rows, places = np.unique(np.concatenate([part.rows for part in parts]), return_inverse=True)
    scores = np.zeros(len(rows), np.float32)
    np.add.at(scores, places, np.concatenate([part.scores for part in parts]))
    kept = slice(None) if allowed is None else allowed[rows]
    return Ranking(rows[kept].astype(np.int64), scores[kept])
