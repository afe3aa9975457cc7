"""IndexSnapshot: what a reader holds."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index import keywords
from nutgraf.index.analysis.analyzer import Analyzer, Analyzers
from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.index.article import Paragraph, paragraph_id, timestamp
from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.catalog.records import Commit, Record
from nutgraf.index.catalog.rows import Row, whole_texts
from nutgraf.index.columns import Columns
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.keywords import KeywordReader
from nutgraf.index.keywords.protocol import TermStatistics
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.encoder import OnnxEncoder
from nutgraf.index.models.reranker import CachingReranker, OnnxReranker
from nutgraf.index.ranking import NO_DATE
from nutgraf.index.reader.facet_counts import count_facets
from nutgraf.index.reader.languages import make_question_analyzer
from nutgraf.index.reader.protocol import (
    FacetQuery,
    FoundParagraph,
    KeywordQuery,
    Page,
    Retrieved,
    RowValues,
    Statistics,
    VectorQuery,
)
from nutgraf.index.reader.retrieval import Retrieval
from nutgraf.index.reader.suggestions import SnapshotSuggestions
from nutgraf.index.storage.closing import Closing
from nutgraf.index.storage.layout import (
    CATALOG,
    COLUMNS,
    ENCODER,
    KEYWORDS,
    MANIFEST,
    RERANKER,
    SUGGESTIONS,
    VECTORS,
)
from nutgraf.index.suggestions.reader import Suggestions
from nutgraf.index.vectors import VectorIndex

__all__ = ["IndexSnapshot"]

Mark = tuple[tuple[int, int], ...]

_MAX_TERMS: Final = 1 << 16
"""Terms with their statistics that are cached, some 10 MB."""

_TICK: Final = 2_000_000_000
"""Nanoseconds to which the coarsest file systems stamp changes; most do to milliseconds."""


class IndexSnapshot(Closing):
    """An IndexReader of one directory: all parts of it as of one commit.

    Parts are opened when they are first asked for, so that a question pays
    for what it uses; those that are not open are gone once the index is
    compacted (`warm` opens all). Safe to use from many threads.

    Raises NotAnIndexError, UntrustedIndexError, BrokenIndexError.
    """

    def __init__(
        self,
        path: Path,
        manifest: Manifest,
        catalog: Catalog,
        reader: KeywordReader,
        *,
        trust: bool = False,
        mark: Mark | None = None,
    ) -> None:
        self.path = path
        self.manifest = manifest
        self.parts = manifest.parts(path)
        self.catalog = catalog
        self.keywords = reader
        # The keyword index is committed last, so what it shows is whole everywhere.
        self.commit: Commit = catalog.commit_of(reader.sequence)
        self.analyzers = Analyzers(manifest.language)
        self._trust = trust
        self._mark = mark
        self._opening = threading.Lock()
        self._suggestions: Suggestions | None = None
        self._term_statistics: dict[str, TermStatistics] = {}
        if reader.paragraphs != self.commit.ranked:
            raise BrokenIndexError(
                f"the keyword index at {self.parts / KEYWORDS} holds {reader.paragraphs:,} "
                f"rows, the catalog {self.commit.ranked:,}: 'nutgraf repair' mends it"
            )

    @classmethod
    def open(
        cls, path: str | Path, *, trust: bool = False, older: KeywordReader | None = None
    ) -> IndexSnapshot:
        """Open the newest commit of the index at `path`.

        `trust` is needed for a whoosh index, whose files hold pickles. `older`
        is the keyword index of an earlier commit, if one is open.
        """
        index = Path(path)
        while True:
            # The mark comes first: what changes from here on makes another.
            mark = _stamps(index / MANIFEST)
            manifest = Manifest.read(index)
            try:
                return cls._open(index, manifest, mark, trust=trust, older=older)
            except BrokenIndexError:
                # Another generation may have taken over, and the files of this one are gone.
                if Manifest.read(index) == manifest:
                    raise

    @classmethod
    def _open(
        cls,
        index: Path,
        manifest: Manifest,
        mark: Mark,
        *,
        trust: bool,
        older: KeywordReader | None,
    ) -> IndexSnapshot:
        parts = manifest.parts(index)
        seen = _settled((*mark, *_stamps(parts / KEYWORDS)))
        engine = manifest.keyword_engine
        with ExitStack() as opened:
            reader = keywords.open_reader(parts / KEYWORDS, engine, trust=trust, older=older)
            opened.callback(reader.close)
            catalog = Catalog.open(parts / CATALOG)
            opened.callback(catalog.close)
            snapshot = cls(index, manifest, catalog, reader, trust=trust, mark=seen)
            opened.pop_all()
        return snapshot

    def successor(self) -> IndexSnapshot | None:
        """Return a snapshot of a newer commit, or None while there is none.

        What is open here is open there, and what did not change is shared.
        """
        now = (*_stamps(self.path / MANIFEST), *_stamps(self.parts / KEYWORDS))
        if self._mark is not None and self._mark == now:
            return None
        newer = IndexSnapshot.open(self.path, trust=self._trust, older=self.keywords)
        if newer.manifest == self.manifest and newer.sequence == self.sequence:
            self._mark = newer._mark
            newer.close()
            return None
        try:
            newer._take_over(self)
        except BaseException:
            newer.close()
            raise
        return newer

    def _take_over(self, older: IndexSnapshot) -> None:
        """Open what `older` had open, so that no question waits for it again."""
        opened = vars(older)
        if self.manifest.language == older.manifest.language:
            self.analyzers = older.analyzers  # They remember the terms of many words.
        if "encoder" in opened and self.manifest.encoder == older.manifest.encoder:
            vars(self)["encoder"] = older.encoder
        if "reranker" in opened and self.manifest.reranker == older.manifest.reranker:
            vars(self)["reranker"] = older.reranker
        same = replace(self.manifest, reranker=older.manifest.reranker) == older.manifest
        grown = same and self.commit.rows >= older.commit.rows
        if "vectors" in opened and grown:
            dimension = self.manifest.encoder.dimension
            # Should these be other rows all the same, they are opened anew below.
            with suppress(BrokenIndexError):
                vars(self)["vectors"] = older.vectors.grown(
                    self.parts / VECTORS, dimension, older.commit, self.commit
                )
        for name in (
            "columns",
            "vectors",
            "encoder",
            "reranker",
            "ranked",
            "multilingual_analyzer",
        ):
            if name in opened:
                getattr(self, name)

    @property
    def sequence(self) -> int:
        """The number of the commit that is seen."""
        return self.commit.sequence

    @cached_property
    def columns(self) -> Columns:
        """The columns, one value a row."""
        return Columns.open(self.parts / COLUMNS, self.commit.rows)

    @cached_property
    def vectors(self) -> VectorIndex:
        """The vector index."""
        dimension = self.manifest.encoder.dimension
        return VectorIndex.open(self.parts / VECTORS, dimension, self.commit)

    @cached_property
    def encoder(self) -> OnnxEncoder:
        """The encoder that the index was made with."""
        return OnnxEncoder.open(self.parts / ENCODER, self.manifest.encoder)

    @cached_property
    def multilingual_analyzer(self) -> MultilingualAnalyzer:
        """What reads a question: in the languages that the articles have."""
        opened = vars(self).get("columns")
        codes = (
            Columns.languages(self.parts / COLUMNS, self.commit.rows)
            if opened is None
            else opened.code("language")
        )
        if self.alive is not None:
            codes = codes[self.alive]
        return make_question_analyzer(self.catalog, codes, self.analyzers)

    @property
    def suggestions(self) -> SnapshotSuggestions:
        """See IndexReader. Raises BrokenIndexError where there are no sound suggestions."""
        with self._opening:
            if self._suggestions is None:
                self._suggestions = Suggestions(self.parts / SUGGESTIONS, self.sequence)
            return SnapshotSuggestions(self._suggestions, self)

    @cached_property
    def reranker(self) -> CachingReranker | None:
        """The reranker that the index was given; None where it has none."""
        chosen = self.manifest.reranker
        if chosen is None:
            return None
        return CachingReranker(OnnxReranker.open(self.parts / RERANKER / chosen.folder, chosen))

    @cached_property
    def alive(self) -> NDArray[np.bool_] | None:
        """Which rows are alive, of shape (rows,); None where all are."""
        removed = self.catalog.removed_rows(self.sequence)
        if not removed:
            return None
        alive = np.ones(self.commit.rows, bool)
        for rows in removed:
            alive[rows.start : rows.stop] = False
        alive.flags.writeable = False
        return alive

    @cached_property
    def ranked(self) -> NDArray[np.bool_] | None:
        """Which rows are alive and no boilerplate, of shape (rows,); None where all are.

        Raises BrokenIndexError where these are not as many as the commit says.
        """
        left_out = self.catalog.boilerplate_rows(self.sequence)
        if not left_out and self.commit.ranked == self.commit.living:
            return self.alive
        ranked = np.ones(self.commit.rows, bool) if self.alive is None else self.alive.copy()
        ranked[[row for row in left_out if row < len(ranked)]] = False
        if np.count_nonzero(ranked) != self.commit.ranked:
            raise BrokenIndexError(
                f"{self.parts / CATALOG}: what is boilerplate is not what was written; "
                "'nutgraf verify' lists what is damaged"
            )
        ranked.flags.writeable = False
        return ranked

    @cached_property
    def newest(self) -> int:
        """When the newest article was published, in seconds since 1970, by the time of the commit.

        That of the commit itself, where no article has a date.
        """
        committed = timestamp(self.commit.at)
        published = self.columns.published
        if self.alive is not None:
            published = published[self.alive]
        past = published[(published <= committed) & (published != NO_DATE)]
        return int(past.max()) if len(past) else committed

    def warm(self) -> None:
        """Open every part now, so that no question has to wait for one."""
        _ = (
            self.columns,
            self.vectors,
            self.encoder,
            self.reranker,
            self.ranked,
            self.multilingual_analyzer,
        )

    @property
    def key(self) -> Hashable:
        """See IndexReader."""
        return self.manifest, self.sequence

    @property
    def language(self) -> str:
        """See IndexReader."""
        return self.manifest.language

    @property
    def paragraph_count(self) -> int:
        """See IndexReader."""
        return self.keywords.paragraphs

    @property
    def has_split_paragraphs(self) -> bool:
        """See IndexReader."""
        return self.commit.living > self.commit.paragraphs

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
        known = self._term_statistics
        found = {term: known[term] for term in terms if term in known}
        new = [term for term in dict.fromkeys(terms) if term not in found]
        if new:
            found.update(zip(new, self.keywords.term_statistics(new), strict=True))
            if len(known) > _MAX_TERMS:
                self._term_statistics = known = {}
            known.update((term, found[term]) for term in new)
        return found

    def retrieve(
        self,
        rankings: Sequence[KeywordQuery | VectorQuery],
        facets: Sequence[FacetQuery] = (),
    ) -> Retrieved:
        """See IndexReader."""
        retrieval = Retrieval(self)
        ranked = tuple(map(retrieval.rank, rankings))
        return Retrieved(ranked, count_facets(self, retrieval, tuple(facets)))

    def cosines(
        self, embedding: NDArray[np.float32], rows: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """See IndexReader."""
        return self.vectors.scores(embedding, rows)

    def embeddings(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """See IndexReader."""
        return self.vectors.embeddings(rows)

    def values(self, rows: NDArray[np.int64]) -> RowValues:
        """See IndexReader."""
        columns = self.columns
        return RowValues(
            columns.article[rows].astype(np.int64),
            columns.published[rows],
            columns.paragraphs(rows),
            columns.sketch[rows],
        )

    def article_sketches(self, articles: Sequence[int]) -> list[NDArray[np.uint64]]:
        """See IndexReader."""
        column = self.columns.article
        # Of the column's own type: for another, numpy would first copy the column.
        numbers = np.array(articles, column.dtype)
        starts = np.searchsorted(column, numbers)
        stops = np.searchsorted(column, numbers, side="right")
        return [self.columns.sketch[start:stop] for start, stop in zip(starts, stops, strict=True)]

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
        found = {
            row: FoundParagraph(record, paragraph, self._whole_text(record, paragraph))
            for row, (record, paragraph) in self.paragraphs(rows).items()
        }
        return Page(found, self.names(named))

    def names(self, rows: Iterable[int]) -> dict[int, str]:
        """Return the public id, ARTICLE#POSITION, of each row's paragraph; no text is read."""
        wanted = list(rows)
        positions = self.catalog.positions(wanted)
        records = self.catalog.records_of(wanted)
        return {row: paragraph_id(records[row].id, positions[row]) for row in wanted}

    def counts(self, queries: Sequence[Any]) -> list[int]:
        """See IndexReader."""
        return list(map(self.keywords.count, queries))

    def unknown_values(self, values: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
        """See IndexReader."""
        return [
            (field, value)
            for field, wanted in values.items()
            for value in sorted(set(wanted) - self.catalog.codes(field, wanted).keys())
        ]

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

    def _whole_text(self, record: Record, paragraph: Paragraph) -> str:
        """Return the text of the whole paragraph of which `paragraph` may be a part."""
        if not paragraph.part:
            return paragraph.text
        rows = self.catalog.rows_at(record, paragraph.position)
        return "".join(row.text for row in rows.values())

    def statistics(self) -> Statistics:
        """Count what the index holds."""
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
            bytes=_size(self.path),
        )

    def close(self) -> None:
        """Release files."""
        self.keywords.close()
        self.catalog.close()
        with self._opening:
            if self._suggestions is not None:
                self._suggestions.close()


def _stamps(path: Path) -> Mark:
    """Return what is another once `path` is replaced, or a file in it where it is a folder."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return ((found.st_ino, found.st_mtime_ns),)


def _settled(mark: Mark) -> Mark | None:
    """Return a mark that will differ after the next change; None where it is too early to say."""
    newest = max((stamp for _, stamp in mark), default=0)
    return mark if time.time_ns() - newest > _TICK else None


def _paragraph(number: int, record: Record, row: Row) -> Paragraph:
    return Paragraph(number, record.id, row.position, row.text, row.part, row.start)


def _shown(model: str) -> str:
    """Return what a model is called; of a folder, not where it is on whose machine."""
    return Path(model).name if Path(model).is_absolute() else model


def _size(folder: Path) -> int:
    """Return the bytes of all files below `folder`; one that goes meanwhile counts nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += Path(place, name).stat().st_size
    return total
