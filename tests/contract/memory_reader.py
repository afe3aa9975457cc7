"""MemoryReader: a second IndexReader, in dicts and numpy.

It shows that search needs only the IndexReader protocol. It runs each query in the
simplest way, row by row, on a copy of the articles of another reader.
"""

from __future__ import annotations

import fnmatch
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from rapidfuzz.distance import OSA

from nutgraf.index.analysis.minhash import make_sketches
from nutgraf.index.article import Paragraph
from nutgraf.index.catalog.rows import Row
from nutgraf.index.keywords.entries import entries_of
from nutgraf.index.keywords.protocol import KeywordEntry, TermStatistics
from nutgraf.index.query import query as q
from nutgraf.index.ranking import NO_DATE, Ranking
from nutgraf.index.reader.protocol import (
    FacetCounts,
    FacetQuery,
    FoundParagraph,
    KeywordQuery,
    Page,
    Record,
    Retrieved,
    RowValues,
    VectorQuery,
)
from nutgraf.index.reader.snapshot import IndexSnapshot
from nutgraf.index.schema import TEXT_FIELDS, values_of

K1, B = 1.2, 0.75
FORMATS = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}


class Stored(NamedTuple):
    """A ranked row."""

    record: Record
    paragraph: Paragraph
    entry: KeywordEntry


class MemoryReader:
    """An IndexReader of complete paragraphs, without parts."""

    has_split_paragraphs = False

    def __init__(self, other: IndexSnapshot) -> None:
        self._other = other
        self._records = {record.id: record for record in other.catalog.alive(other.sequence)}
        self._rows: dict[int, Stored] = {}
        for record in self._records.values():
            texts = enumerate(other.article_texts(record))
            rows = {
                row: Row(at, 0, 0, text) for row, (at, text) in zip(record.rows, texts, strict=True)
            }
            ranked = set(other.ranked_rows(record).tolist())
            for entry in entries_of(record, rows, other.analyzers, other.declared):
                if entry.row in ranked:
                    row = rows[entry.row]
                    paragraph = Paragraph(entry.row, record.id, row.position, row.text)
                    self._rows[entry.row] = Stored(record, paragraph, entry)
        self._embeddings = other.embeddings(np.arange(max(self._rows, default=-1) + 1))
        self._lengths = {
            field: np.mean([len(one.entry.terms(field)) for one in self._rows.values()] or [1]) or 1
            for field in TEXT_FIELDS
        }
        self._frequencies = {
            field: Counter(t for one in self._rows.values() for t in {*one.entry.terms(field)})
            for field in TEXT_FIELDS
        }
        self._known: dict[str, TermStatistics] = {}
        self.key, self.paragraph_count = id(self), len(self._rows)

    def __getattr__(self, name: str) -> Any:
        """Return models, analyzers and facts about the complete index of the other reader."""
        return getattr(self._other, name)

    def term_statistics(self, terms: Sequence[str]) -> Mapping[str, TermStatistics]:
        new = [term for term in terms if term not in self._known]
        for term in new:
            counts = [self._frequencies[field][term] for field in TEXT_FIELDS]
            self._known[term] = TermStatistics(self._idf("text", term), counts[0], any(counts))
        return {term: self._known[term] for term in terms}

    def retrieve(
        self, rankings: Sequence[KeywordQuery | VectorQuery], facets: Sequence[FacetQuery] = ()
    ) -> Retrieved:
        return Retrieved(tuple(map(self._rank, rankings)), tuple(map(self._facet, facets)))

    def cosines(self, embedding: Any, rows: Any) -> Any:
        return self._embeddings[rows] @ embedding

    def embeddings(self, rows: Any) -> Any:
        return self._embeddings[rows]

    def values(self, rows: Any) -> RowValues:
        found = [self._rows[row] for row in rows.tolist()]
        dates = [NO_DATE if one.entry.published is None else one.entry.published for one in found]
        return RowValues(
            np.array([one.record.number for one in found], np.int64),
            np.array(dates, np.int64),
            rows,
            make_sketches([one.paragraph.text for one in found]),
        )

    def article_sketches(self, articles: Sequence[int]) -> list[Any]:
        records = {record.number: record for record in self._records.values()}
        return [make_sketches(self._other.article_texts(records[number])) for number in articles]

    def paragraphs(self, rows: Sequence[int]) -> Mapping[int, tuple[Record, Paragraph]]:
        return {row: self._rows[row][:2] for row in rows}

    def page(self, rows: Sequence[int], named: Sequence[int] = ()) -> Page:
        found = {row: FoundParagraph(*self._rows[row][:2], self._rows[row][1].text) for row in rows}
        ids = {row: self._rows[row].paragraph.id for row in named}
        return Page(found, ids)

    def counts(self, queries: Sequence[Any]) -> list[int]:
        return [len(list(self._matching(query))) for query in queries]

    def unknown_values(self, values: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
        records = self._records.values()
        known = {(name, value) for r in records for name in values for value in values_of(r, name)}
        pairs = [(name, value) for name, wanted in values.items() for value in sorted(set(wanted))]
        return [pair for pair in pairs if pair not in known]

    def article(self, article: str) -> Record | None:
        return self._records.get(article)

    def ranked_rows(self, record: Record, position: int | None = None) -> Any:
        rows = [
            row
            for row, one in self._rows.items()
            if one.record == record and position in (None, one.paragraph.position)
        ]
        return np.array(rows, np.int64)

    def _rank(self, asked: KeywordQuery | VectorQuery) -> Ranking:
        within = asked.condition.tree()
        if isinstance(asked, VectorQuery):
            rows = np.array(list(self._matching(within)), np.int64)
            scores = (self._embeddings[rows] @ asked.embedding).astype(np.float32)
        else:
            found = [
                (row, score)
                for row in self._matching(within)
                if (score := self._score(asked.query, self._rows[row].entry)) is not None
            ]
            rows = np.array([row for row, _ in found], np.int64)
            scores = np.array([score for _, score in found], np.float32)
        best = np.lexsort((rows, -scores))[: asked.depth]
        return Ranking(rows[best], scores[best], complete=len(rows) <= asked.depth)

    def _facet(self, asked: FacetQuery) -> FacetCounts:
        units: dict[Any, Stored] = {}
        for each in asked.matching:
            if isinstance(each, VectorQuery):
                rows: Iterable[int] = self._rank(each).rows.tolist()
            else:
                rows = self._matching(q.And([each.query, each.condition.tree() or q.Every()]))
            for row in rows:
                one = self._rows[row]
                units[row if asked.by == "paragraph" else one.record.number] = one
        counts = Counter(value for one in units.values() for value in _values(asked, one))
        if asked.unit is not None:
            return FacetCounts(tuple(sorted(counts.items())[-asked.most :]), len(counts))
        ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        return FacetCounts(tuple(ordered[: asked.most]), len(counts))

    def _matching(self, tree: Any) -> Iterator[int]:
        for row, one in sorted(self._rows.items()):
            if tree is None or self._score(tree, one.entry) is not None:
                yield row

    def _idf(self, field: str, term: str) -> float:
        holding = self._frequencies[field][term]
        return math.log1p((len(self._rows) - holding + 0.5) / (holding + 0.5))

    def _bm25(self, field: str, terms: Sequence[str], times: int, entry: KeywordEntry) -> float:
        length = len(entry.terms(field)) / self._lengths[field]
        weight = sum(self._idf(field, term) for term in terms)
        return weight * times * (K1 + 1) / (times + K1 * (1 - B + B * length))

    def _score(self, tree: Any, entry: KeywordEntry) -> float | None:
        """Return the score of an entry for a query tree, or None if it does not match."""
        if isinstance(tree, q.And):
            parts = [self._score(part, entry) for part in tree.subqueries]
            return None if None in parts or not parts else sum(parts) * tree.boost
        if isinstance(tree, q.Or | q.DisjunctionMax):
            found = [s for part in tree.subqueries if (s := self._score(part, entry)) is not None]
            if not found:
                return None
            return (max if isinstance(tree, q.DisjunctionMax) else sum)(found) * tree.boost
        if isinstance(tree, q.Not):
            return 0.0 if self._score(tree.query, entry) is None else None
        if isinstance(tree, q.Every):
            return 1.0
        if isinstance(tree, q.NumericRange):
            return tree.boost if _within(entry.published, tree.start, tree.end) else None
        if not hasattr(tree, "fieldname") or tree is q.NullQuery:
            return None
        terms = entry.terms(tree.fieldname)
        scored = tree.fieldname in self._lengths
        if type(tree) in (q.Phrase, q.Term) and scored:
            words = tree.words if isinstance(tree, q.Phrase) else [tree.text]
            slop = tree.slop if isinstance(tree, q.Phrase) else 1
            times = sum(_follow(terms, at, words, slop) for at in range(len(terms)))
            score = tree.boost * self._bm25(tree.fieldname, words, times, entry)
            return score if times else None
        return tree.boost if any(_fits(tree, term) for term in terms) else None


def _follow(terms: Sequence[str], at: int, words: Sequence[str], slop: int) -> bool:
    after = range(at + 1, min(at + slop + 1, len(terms)))
    rest = words[1:]
    return terms[at] == words[0] and (
        not rest or any(_follow(terms, each, rest, slop) for each in after)
    )


def _fits(tree: Any, term: str) -> bool:
    if isinstance(tree, q.FuzzyTerm):
        return OSA.distance(tree.text, term) <= tree.maxdist
    if isinstance(tree, q.Prefix):
        return term.startswith(tree.text)
    if isinstance(tree, q.Wildcard):
        return fnmatch.fnmatchcase(term, tree.text)
    return bool(term == tree.text)


def _within(published: int | None, start: int | None, end: int | None) -> bool:
    return published is not None and (start or NO_DATE) <= published <= (end or 2**62)


def _values(asked: FacetQuery, one: Stored) -> tuple[str, ...]:
    if asked.unit is None:
        return values_of(one.record, asked.field)
    if one.entry.published is None:
        return ()
    return (datetime.fromtimestamp(one.entry.published, UTC).strftime(FORMATS[asked.unit]),)
