"""ExactSegments: search that compares a question with every row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from nutgraf.index.vectors.rows import VectorRows

__all__ = ["ExactSegments", "selector_of"]

_BLOCK: Final = 8_192
"""The number of embeddings to convert at a time."""

_MARGIN: Final = 32
"""The number of rows to find in addition to the wanted ones."""

_WIDER: Final = 4
"""The factor by which a search is widened if other rows could have a higher score."""

_ERROR: Final = 6e-4
"""The largest error of a score by float16 numbers.

The relative error of a number is 2^-11. No norm is above 1, so the error of a score is
not above 2^-11, plus a little for the smallest numbers.
"""


@dataclass(frozen=True, slots=True, eq=False)
class _Segment:
    """A flat FAISS index over a range of rows that begins at `first`."""

    first: int
    flat: faiss.IndexScalarQuantizer

    @property
    def stop(self) -> int:
        return self.first + int(self.flat.ntotal)


class ExactSegments:
    """Flat FAISS indexes over the rows from `start` on, in float16.

    The indexes have their own copies of the embeddings, in segments of consecutive rows.
    After a commit, the new segments share those of the older ones. The class is
    thread-safe.
    """

    def __init__(self, rows: VectorRows, start: int, older: ExactSegments | None = None) -> None:
        self._rows = rows
        self.start = start
        shared: tuple[_Segment, ...] = (
            () if older is None or older.start != start else older._segments
        )
        self._segments: tuple[_Segment, ...] = _grown(rows, start, shared)

    @property
    def count(self) -> int:
        """The number of segments, which grows with the logarithm of the row count."""
        return len(self._segments)

    def candidates(
        self, question: NDArray[np.float32], wanted: int, allowed: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return rows with their exact scores, among them the `wanted` best.

        All rows with the score of the last of them are included. `allowed` is a mask over
        all rows of the index, or None.
        """
        found = [self._best(segment, question, wanted, allowed) for segment in self._segments]
        empty = (np.empty(0, np.int64), np.empty(0, np.float32))
        rows, scores = zip(empty, *found, strict=True)
        return np.concatenate(rows), np.concatenate(scores)

    def _best(
        self,
        segment: _Segment,
        question: NDArray[np.float32],
        wanted: int,
        allowed: NDArray[np.bool_] | None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        limit = wanted + _MARGIN
        while True:
            rows, near = _search(segment, question, limit, allowed)
            scores = self._rows.scores(question, rows)
            if len(rows) < limit:
                return rows, scores
            last = np.partition(scores, len(scores) - wanted)[len(scores) - wanted]
            if near[-1] + _ERROR < last:
                return rows, scores
            limit *= _WIDER


def _search(
    segment: _Segment,
    question: NDArray[np.float32],
    wanted: int,
    allowed: NDArray[np.bool_] | None,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    part = None if allowed is None else allowed[segment.first : segment.stop]
    params = None
    if part is not None:
        wrapped: Any = faiss
        params = wrapped.SearchParameters(sel=selector_of(part))
    most = min(wanted, int(segment.flat.ntotal))
    scores, rows = segment.flat.search(question[None, :], most, params=params)
    there = rows[0] >= 0  # FAISS fills up with -1 if fewer rows than wanted are allowed.
    return rows[0][there] + segment.first, scores[0][there]


def _grown(rows: VectorRows, start: int, segments: Sequence[_Segment]) -> tuple[_Segment, ...]:
    """Return segments over all rows from `start`, with one over the new rows.

    If a segment has at most as many rows as come after it, it is merged with them.
    This keeps the number of segments low. When the index grows by many commits,
    each row is copied only a few times.
    """
    kept = list(segments)
    first = kept[-1].stop if kept else start
    if first < len(rows):
        while kept and int(kept[-1].flat.ntotal) <= len(rows) - first:
            first = kept.pop().first
        kept.append(_Segment(first, _flat(rows, first)))
    return tuple(kept)


def _flat(rows: VectorRows, first: int) -> faiss.IndexScalarQuantizer:
    """Return a flat float16 index over the rows from `first` on.

    FAISS has no flat index of int8 numbers with a scale for each row.
    """
    flat = faiss.IndexScalarQuantizer(
        rows.dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    count = len(rows) - first
    flat.codes.resize(count * rows.dimension * np.float16().itemsize)
    codes = faiss.rev_swig_ptr(flat.codes.data(), flat.codes.size()).view(np.float16)
    codes = codes.reshape(count, rows.dimension)
    for start in range(0, count, _BLOCK):
        some = np.arange(first + start, min(first + start + _BLOCK, len(rows)))
        # The method `add` gives the same bytes, but takes 4 times as long.
        codes[start : start + len(some)] = rows.embeddings(some)
    flat.ntotal = count
    return flat


def selector_of(allowed: NDArray[np.bool_]) -> Any:
    """Return the FAISS selector of the rows that a mask allows."""
    # The stubs describe the C++ constructors, not the wrappers of FAISS for numpy.
    wrapped: Any = faiss
    return wrapped.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
