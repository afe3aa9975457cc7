"""Postings: all rows that match a part of a query, with their scores.

tantivy returns each hit as a Python object, at about 0.3 microseconds. A question of ten
words matches a tenth of all rows, and most of its words were in earlier questions. So the
hits of each word are read once, as arrays, and a question adds the arrays of its words.

The arrays are stored in 3 bytes for most rows, as more words in memory save more time than
shorter arrays cost: the low 16 bits of a row, and the place of its score among the distinct
scores. These are few, because a score depends on two small numbers: how often the word is in
a text, and the length of the text, which tantivy rounds to one of 256 lengths.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.keywords.nodes import Node, Union
from nutgraf.index.ranking import Ranking

__all__ = ["Postings", "PostingsCache", "parts_of", "sum_of"]

MAX_BYTES: Final = 128_000_000
"""The most bytes of cached postings, 3 for each row that matches a word.

All 5,405 words of 1,000 questions to 1.1 million paragraphs need 84 MB.
"""

_BLOCK: Final = 1 << 16
"""The rows whose numbers differ only in their low 16 bits."""

FEW: Final = 64
"""Rows of the index for each posting from which on sorting is faster."""

_OVERHEAD: Final = 1_000
"""The bytes of an entry beside its arrays."""


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """All rows that match, ascending, with their scores.

    `low` are the low 16 bits of each row, `starts` the place of the first row of each block
    of 65,536 rows, and of the end. `distinct` are the distinct scores, and `places` the
    place of the score of each row among them, as small integers of shape (n,).
    """

    low: NDArray[np.uint16]
    starts: NDArray[np.int64]
    distinct: NDArray[np.float32]
    places: NDArray[np.integer[Any]]

    @classmethod
    def of(cls, rows: NDArray[np.integer[Any]], scores: NDArray[np.float32]) -> Self:
        """Return the postings of rows in any order, with the score of each."""
        order = np.argsort(rows)
        rows = rows[order]
        distinct, places = np.unique(scores, return_inverse=True)
        places = places.astype(np.min_scalar_type(max(len(distinct) - 1, 0)))
        return cls(rows.astype(np.uint16), _starts(rows), distinct, places[order])

    @classmethod
    def equal(cls, rows: NDArray[np.integer[Any]], score: float) -> Self:
        """Return the postings of ascending rows that all have one score."""
        places = np.broadcast_to(np.uint8(0), len(rows))
        return cls(rows.astype(np.uint16), _starts(rows), np.array([score], np.float32), places)

    def __len__(self) -> int:
        return len(self.low)

    @property
    def rows(self) -> NDArray[np.int64]:
        """The rows, ascending: int64 of shape (n,)."""
        rows = self.low.astype(np.int64)
        for block in range(1, len(self.starts) - 1):
            rows[self.starts[block] : self.starts[block + 1]] += block * _BLOCK
        return rows

    @property
    def scores(self) -> NDArray[np.float32]:
        """The score of each row: float32 of shape (n,)."""
        scores: NDArray[np.float32] = self.distinct[self.places]
        return scores

    @property
    def end(self) -> int:
        """The highest row plus 1, 0 without rows."""
        return (len(self.starts) - 2) * _BLOCK + int(self.low[-1]) + 1 if len(self) else 0

    @property
    def size(self) -> int:
        """The size in memory in bytes. Without distinct scores, no place is stored."""
        places = self.places.nbytes if self.places.strides != (0,) else 0
        arrays = self.low.nbytes + self.starts.nbytes + self.distinct.nbytes
        return arrays + places + _OVERHEAD


def _starts(rows: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return the place of the first of ascending rows in each block, and the end."""
    blocks = int(rows[-1]) // _BLOCK + 1 if len(rows) else 0
    return np.searchsorted(rows, np.arange(blocks + 1) * _BLOCK).astype(np.int64)


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
    size = max((part.end for part in parts), default=0)
    if FEW * sum(map(len, parts)) < size:
        return _sum_of_few(parts, allowed)
    scores, found = np.zeros(size, np.float32), np.zeros(size, bool)
    for part in parts:
        rows = part.rows
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
