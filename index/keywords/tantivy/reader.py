"""TantivyReader: rankings and rows of a tantivy index, as of one commit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import tantivy
from numpy.typing import NDArray

from nutgraf.index.keywords.fields import HAS, ROW, TEXT_FIELDS
from nutgraf.index.keywords.nodes import Constant, Node, Union, Word, constant_score
from nutgraf.index.keywords.protocol import TermStatistics
from nutgraf.index.keywords.reduce import reduce_query, require
from nutgraf.index.keywords.tantivy.errors import guarded
from nutgraf.index.keywords.tantivy.postings import Postings, PostingsCache, parts_of, sum_of
from nutgraf.index.keywords.tantivy.queries import Translator
from nutgraf.index.keywords.tantivy.schema import sequence_of
from nutgraf.index.keywords.top_k import is_settled, top_k
from nutgraf.index.ranking import Ranking
from nutgraf.index.schema import TEXT

if TYPE_CHECKING:
    from whoosh.query import Query

__all__ = ["TantivyReader"]

_FIRST_WIDER: Final = 8
# If the last row of a ranking may have the same score as a missing row, the search is repeated.
# The limit of the search is then multiplied by this factor.

_MAX_CANDIDATES: Final = 5_000
# With more candidates, reading all matches is cheaper than a query that lists the candidates.


class TantivyReader:
    """A KeywordReader for tantivy. Searches release the interpreter lock (GIL).

    `files` are the names of the files with a correct checksum. `postings` are those of
    all views of the index.
    """

    def __init__(
        self, path: Path, index: tantivy.Index, files: frozenset[str], postings: PostingsCache
    ) -> None:
        self.files = files
        self.postings = postings
        self._path = path
        self._searcher = index.searcher()
        self._translate = Translator(index.schema, self._searcher)
        self._sequence = sequence_of(self._searcher)

    @property
    def sequence(self) -> int:
        """See KeywordReader."""
        return self._sequence

    @property
    def paragraphs(self) -> int:
        """See KeywordReader."""
        return int(self._searcher.num_docs) - (self._sequence > 0)  # without the marker

    def rank(self, query: Query, depth: int, within: Query | None = None) -> Ranking:
        """See KeywordReader."""
        if depth < 1:
            raise ValueError(f"depth must be at least 1, got {depth}")
        node = reduce_query(query)
        if within is not None:
            node = require(node, reduce_query(within))
        score = constant_score(node)
        if score is None:
            return self._rank_by_score(node, depth)
        rows = self._rows(node, depth + 1)
        scores = np.full(min(len(rows), depth), score, np.float32)
        return Ranking(rows[:depth], scores, complete=len(rows) <= depth)

    def scores(self, query: Query, allowed: NDArray[np.bool_] | None = None) -> Ranking:
        """See KeywordReader."""
        parts = parts_of(reduce_query(query))
        return sum_of([self.postings.get(self, part, self._read) for part in parts], allowed)

    def term_statistics(self, terms: Sequence[str]) -> list[TermStatistics]:
        """See KeywordReader."""
        with guarded(self._path):
            paragraphs = self._searcher.num_docs
            # Frequencies include deleted paragraphs. If a frequency is higher than the number of
            # deleted paragraphs, at least one paragraph with the term is not deleted.
            deleted = self._searcher.doc_freq(HAS, ROW) - self.paragraphs
            return [self._statistics(term, paragraphs, deleted) for term in terms]

    def _statistics(self, term: str, paragraphs: int, deleted: int) -> TermStatistics:
        frequencies = [self._searcher.doc_freq(name, term) for name in TEXT_FIELDS]
        highest, frequency = max(frequencies), frequencies[TEXT_FIELDS.index(TEXT)]
        if known := bool(highest) and highest <= deleted:
            query = self._translate(Union(tuple(Word(name, term) for name in TEXT_FIELDS)))
            known = bool(self._searcher.search(query, 1, count=False).hits)
        else:
            known = bool(highest)
        others = max(paragraphs - frequency, 0)
        return TermStatistics(math.log1p((others + 0.5) / (frequency + 0.5)), frequency, known)

    def count(self, query: Query) -> int:
        """See KeywordReader."""
        return self._count(Constant(reduce_query(query), 0.0))

    def rows(self, query: Query, candidates: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """See KeywordReader."""
        node = reduce_query(query)
        if candidates is None:
            found = self.postings.get(self, Constant(node, 0.0), self._read)
            return found.rows
        if not len(candidates):
            return np.empty(0, np.int64)
        if len(candidates) > _MAX_CANDIDATES:
            return np.intersect1d(self.rows(query), candidates)
        with guarded(self._path):
            chosen = self._translate.among(node, candidates[candidates >= 0].tolist())
            return self._ascending(chosen, len(candidates))

    def close(self) -> None:
        """See KeywordReader. Mapped files are released when nothing uses the view."""
        self.postings.drop(self)

    def _read(self, node: Node) -> Postings:
        """Read all rows that match a node."""
        limit = max(1, self._count(Constant(node, 0.0)))
        score = constant_score(node)
        if score is not None:
            return Postings.equal(self._rows(node, limit), score)
        with guarded(self._path):
            hits = self._searcher.search(self._translate(node), limit, count=False).hits
            places = [address for _, address in hits]
            rows = np.array(self._searcher.fast_field_values(ROW, places), np.uint32)
        scores = np.fromiter((score for score, _ in hits), np.float32, len(hits))
        return Postings.of(rows, scores)

    def _rank_by_score(self, node: Node, depth: int) -> Ranking:
        with guarded(self._path):
            query = self._translate(node)
            limit = depth + 1
            while True:
                hits = self._searcher.search(query, limit, count=False).hits
                scores = np.array([score for score, _ in hits], np.float32)
                if len(hits) < limit or is_settled(scores, depth):
                    break
                limit *= _FIRST_WIDER
            values = self._searcher.fast_field_values(ROW, [address for _, address in hits])
            return top_k(np.array(values, np.int64), scores, depth)

    def _rows(self, node: Node, limit: int) -> NDArray[np.int64]:
        with guarded(self._path):
            return self._ascending(self._translate(node), limit)

    def _ascending(self, query: tantivy.Query, limit: int) -> NDArray[np.int64]:
        order = tantivy.Order.Asc
        hits = self._searcher.search(query, limit, False, ROW, order=order).hits  # noqa: FBT003
        return np.fromiter((row for row, _ in hits), np.int64, len(hits))

    def _count(self, node: Node) -> int:
        with guarded(self._path):
            result = self._searcher.search(self._translate(node), 1)
            return int(result.count)  # type: ignore[attr-defined]  # missing from its stubs
