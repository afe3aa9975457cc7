"""IndexSnapshot: the IndexReader of a directory."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.analyzer import Analyzer
from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.index.article import Paragraph, paragraph_id
from nutgraf.index.catalog.records import Record
from nutgraf.index.catalog.rows import Row, whole_texts
from nutgraf.index.fields.declared import DeclaredKind
from nutgraf.index.keywords.protocol import TermStatistics
from nutgraf.index.reader.conditions import value_query
from nutgraf.index.reader.facet_counts import count_facet
from nutgraf.index.reader.listings import list_units
from nutgraf.index.reader.parts import IndexParts
from nutgraf.index.reader.protocol import (
    FacetQuery,
    FoundParagraph,
    KeywordQuery,
    ListQuery,
    Page,
    Retrieved,
    Statistics,
    Unit,
    VectorQuery,
)
from nutgraf.index.reader.retrieval import QueryExecution, lost_code
from nutgraf.index.reader.suggestions import SnapshotSuggestions
from nutgraf.index.schema import SORTABLE_FIELDS
from nutgraf.index.storage.sizes import SHARED, part_sizes

__all__ = ["IndexSnapshot"]

_MAX_TERMS: Final = 1 << 16
"""The highest number of terms in the cache of statistics.

A full cache takes about 10 MB.
"""


class IndexSnapshot(IndexParts):
    """An IndexReader of one directory, with all parts as of one commit.

    A part is opened at its first use, so a question opens only the parts that it
    needs. A compaction deletes the files of this commit, and then parts that are not
    yet open cannot be opened any more. Call `warm` to open all parts at once. The
    class is thread-safe.
    """

    @cached_property
    def _term_cache(self) -> dict[str, TermStatistics]:
        return {}

    @property
    def suggestions(self) -> SnapshotSuggestions:
        """See IndexReader.

        Raises BrokenIndexError if the suggestions are missing or damaged.
        """
        return SnapshotSuggestions(self.open_suggestions(), self)

    @property
    def identity(self) -> str:
        """See IndexReader."""
        return f"{self.manifest.created} {self.manifest.generation}"

    @property
    def row_count(self) -> int:
        """See IndexReader."""
        return self.commit.rows

    @property
    def key(self) -> Hashable:
        """See IndexReader."""
        return self.manifest, self.commit

    @property
    def encoder_key(self) -> Hashable:
        """See IndexReader."""
        return self.manifest.encoder

    @property
    def language(self) -> str:
        """See IndexReader."""
        return self.manifest.language

    @cached_property
    def declared(self) -> Mapping[str, DeclaredKind]:
        """See IndexReader."""
        return self.manifest.declared

    @property
    def paragraph_count(self) -> int:
        """See IndexReader."""
        return self.keywords.paragraphs

    @property
    def has_split_paragraphs(self) -> bool:
        """See IndexReader."""
        return self.commit.living > self.commit.paragraphs

    @property
    def sortable_fields(self) -> tuple[str, ...]:
        """See IndexReader."""
        declared = (name for name, kind in self.declared.items() if kind != "keyword[]")
        return (*SORTABLE_FIELDS, *declared)

    @property
    def lead(self) -> float:
        """See IndexReader."""
        return self.manifest.lead

    @property
    def unrelated_cosine(self) -> float | None:
        """See IndexReader."""
        return self.manifest.encoder.unrelated

    def analyzer(self, language: str | None) -> Analyzer:
        """See IndexReader."""
        return self.analyzers.of(language)

    def question_analyzer(self, languages: Iterable[str] = ()) -> MultilingualAnalyzer:
        """See IndexReader."""
        return self.multilingual_analyzer.restricted_to(languages)

    def encode(self, question: str) -> NDArray[np.float32]:
        """See IndexReader."""
        return self.encoder.encode_question(question)

    def word_vectors(self, words: Sequence[str]) -> NDArray[np.float32]:
        """See IndexReader."""
        return self.encoder.word_vectors(words)

    def term_statistics(self, terms: Sequence[str]) -> Mapping[str, TermStatistics]:
        """See IndexReader."""
        cached = self._term_cache
        found = {term: one for term in terms if (one := cached.get(term)) is not None}
        new = [term for term in dict.fromkeys(terms) if term not in found]
        if new:
            found.update(zip(new, self.keywords.term_statistics(new), strict=True))
            if len(cached) > _MAX_TERMS:
                cached.clear()
            cached.update((term, found[term]) for term in new)
        return found

    def retrieve(
        self,
        rankings: Sequence[KeywordQuery | VectorQuery] = (),
        facets: Sequence[FacetQuery] = (),
        listings: Sequence[ListQuery] = (),
    ) -> Retrieved:
        """See IndexReader."""
        execution = QueryExecution(self)
        return Retrieved(
            tuple(map(execution.rank, rankings)),
            tuple(count_facet(self, execution, each) for each in facets),
            tuple(list_units(self, execution, each) for each in listings),
        )

    def cosines(
        self, embedding: NDArray[np.float32], rows: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """See IndexReader."""
        return self.vectors.scores(embedding, rows)

    def embeddings(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """See IndexReader."""
        return self.vectors.embeddings(rows)

    def published(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """See IndexReader."""
        return self.columns.published[rows]

    def places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """See IndexReader."""
        return self._places[rows].astype(np.int64)

    @cached_property
    def _earlier_parts(self) -> NDArray[np.uint16]:
        """The number of rows before each row in its paragraph."""
        part = self.columns.part
        return part - np.minimum(part, 1)

    @cached_property
    def _places(self) -> NDArray[np.int32]:
        """The number of rows before each row in its article."""
        article = self.columns.article
        rows = np.arange(len(article), dtype=np.int32)
        first = np.empty(int(article.max(initial=0)) + 1, np.int32)
        first[article[::-1]] = rows[::-1]
        return rows - first[article]

    def units(self, rows: NDArray[np.int64], by: Unit) -> NDArray[np.int64]:
        """See IndexReader."""
        if by == "paragraph":
            return rows - self._earlier_parts[rows] if self.has_split_paragraphs else rows
        if by == "article":
            return self.columns.article[rows].astype(np.int64)
        if by == "article_story":
            return self.stories.article[rows].astype(np.int64)
        # The first part of a long paragraph decides the story of the paragraph.
        firsts = self.stories.text[self.units(rows, "paragraph")]
        return self.units(firsts.astype(np.int64), "paragraph")

    def paragraphs(self, rows: Iterable[int]) -> dict[int, tuple[Record, Paragraph]]:
        """See IndexReader."""
        wanted = list(rows)
        records = self.catalog.records_of(wanted)
        return {
            number: (records[number], _paragraph(number, records[number], row))
            for number, row in self.catalog.rows(wanted).items()
        }

    def page(self, rows: Sequence[int], named: Sequence[int] = ()) -> Page:
        """See IndexReader."""
        wanted = list(rows)
        records = self.catalog.records_of(wanted)
        found = {
            number: (records[number], row) for number, row in self.catalog.rows(wanted).items()
        }
        whole = self.catalog.whole_texts(
            {number: pair for number, pair in found.items() if pair[1].part}
        )
        paragraphs = {
            number: FoundParagraph(
                record, _paragraph(number, record, row), whole.get(number, row.text)
            )
            for number, (record, row) in found.items()
        }
        return Page(paragraphs, self.names(named) if named else {})

    def names(self, rows: Iterable[int]) -> dict[int, str]:
        """Return the public id, ARTICLE#POSITION, of the paragraph of each row.

        The texts of the paragraphs are not read.
        """
        wanted = list(rows)
        positions = self.catalog.positions(wanted)
        records = self.catalog.records_of(wanted)
        return {row: paragraph_id(records[row].id, positions[row]) for row in wanted}

    def counts(self, queries: Sequence[Any]) -> list[int]:
        """See IndexReader."""
        return list(map(self.keywords.count, queries))

    def known_values(self, values: Mapping[str, Sequence[str]]) -> dict[str, dict[str, list[str]]]:
        """See IndexReader."""
        found: dict[str, dict[str, list[str]]] = {}
        for field, wanted in values.items():
            for value, spellings in self.value_names.spellings(field, wanted).items():
                meant = [each for each in spellings if self._is_alive(field, each)]
                if meant:
                    known = found.setdefault(field, {})
                    known[value] = [value] if value in meant else meant
        return found

    def near_values(self, values: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], str]:
        """See IndexReader."""
        found: dict[tuple[str, str], str] = {}
        for field, wanted in values.items():
            for value in wanted:
                if self._is_alive(field, value):
                    raise lost_code(self.path, field, value)
                near = self.value_names.near(field, value)
                first = next((each for each in near if self._is_alive(field, each)), None)
                if first is not None:
                    found[field, value] = first
        return found

    def _is_alive(self, field: str, value: str) -> bool:
        # The catalog also has the values of deleted articles, and of commits after this one.
        return self.keywords.count(value_query(field, value, self.declared.get(field))) > 0

    def article(self, article: str) -> Record | None:
        """See IndexReader."""
        return self.catalog.find(article, self.sequence)

    def article_texts(self, record: Record) -> Sequence[str]:
        """See IndexReader."""
        return whole_texts(list(self.catalog.rows(record.rows).values()))

    def ranked_rows(self, record: Record, position: int | None = None) -> NDArray[np.int64]:
        """See IndexReader."""
        found = record.rows if position is None else self.catalog.rows_at(record, position)
        rows = np.array(list(found), np.int64)
        return rows if self.ranked is None else rows[self.ranked[rows]]

    def statistics(self) -> Statistics:
        """Count the contents of the index."""
        parts = part_sizes(self.path, self.parts)
        growing = sum(size for name, size in parts.items() if name not in SHARED)
        paragraphs = self.commit.paragraphs
        return Statistics(
            articles=self.commit.articles,
            paragraphs=self.commit.paragraphs,
            boilerplate=self.commit.living - self.commit.ranked,
            rows=self.commit.rows,
            snapshot=self.sequence,
            committed=self.commit.at or None,
            language=self.manifest.language,
            keyword_engine=self.manifest.keyword_engine,
            encoder=_shown(self.manifest.encoder.name),
            reranker=None
            if self.manifest.reranker is None
            else _shown(self.manifest.reranker.name),
            dimension=self.manifest.encoder.dimension,
            format=self.manifest.format,
            bytes=sum(parts.values()),
            bytes_per_paragraph=round(growing / paragraphs, 1) if paragraphs else None,
            parts=parts,
        )


def _paragraph(number: int, record: Record, row: Row) -> Paragraph:
    return Paragraph(number, record.id, row.position, row.text, row.part, row.start)


def _shown(model: str) -> str:
    """Return the name of a model, without the parents of an absolute path.

    The complete path would reveal details of the machine that created the index.
    """
    return Path(model).name if Path(model).is_absolute() else model
