"""IndexParts: the parts of an index directory, all as of one commit."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nutgraf.index import keywords
from nutgraf.index.analysis.analyzer import Analyzers
from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.catalog.records import NO_COMMIT, Commit
from nutgraf.index.columns import Columns
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.keywords import KeywordReader
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.encoder import OnnxEncoder
from nutgraf.index.models.reranker import CachingReranker, OnnxReranker
from nutgraf.index.reader.known_values import KnownValues
from nutgraf.index.reader.languages import make_question_analyzer
from nutgraf.index.reader.marks import Mark, mark_of, mark_of_parts, settled
from nutgraf.index.storage.closing import Closing
from nutgraf.index.storage.layout import (
    CATALOG,
    CLUSTERS,
    COLUMNS,
    ENCODER,
    KEYWORDS,
    MANIFEST,
    RERANKER,
    STORIES,
    SUGGESTIONS,
    VECTORS,
)
from nutgraf.index.stories import Stories, Texts
from nutgraf.index.stories.file import StoredStories
from nutgraf.index.suggestions.reader import Suggestions
from nutgraf.index.vectors import VectorIndex
from nutgraf.index.vectors.clusters import CURRENT

__all__ = ["IndexParts", "SharedParts"]

PARTS: Final = (
    "columns",
    "vectors",
    "encoder",
    "reranker",
    "ranked",
    "stories",
    "multilingual_analyzer",
    "value_names",
)
"""The parts that are opened at their first use."""


@dataclass(frozen=True, slots=True, eq=False)
class SharedParts:
    """The open parts of an older snapshot that a newer snapshot uses too.

    A part is None if it is not shared. `commit` is the commit of the older snapshot,
    of `vectors` and of `stories`.
    """

    analyzers: Analyzers | None = None
    encoder: OnnxEncoder | None = None
    reranker: CachingReranker | None = None
    vectors: VectorIndex | None = None
    columns: Columns | None = None
    stories: Stories | None = None
    commit: Commit = NO_COMMIT


class IndexParts(Closing):
    """The parts of an index directory, all as of one commit.

    A part is opened at its first use, so a question opens only the parts that it
    needs. A compaction deletes the files of this commit, and then parts that are not
    yet open cannot be opened any more. Call `warm` to open all parts at once. The
    class is thread-safe.
    """

    def __init__(
        self,
        path: Path,
        manifest: Manifest,
        catalog: Catalog,
        reader: KeywordReader,
        *,
        stories: StoredStories | BrokenIndexError | None = None,
        trust: bool = False,
        mark: Mark | None = None,
        older: IndexParts | None = None,
    ) -> None:
        self.path = path
        self.manifest = manifest
        self.parts = manifest.parts(path)
        self.catalog = catalog
        self.keywords = reader
        # The keyword index is committed last, so all other parts contain its commit too.
        self.commit: Commit = catalog.commit_of(reader.sequence)
        self._shared = SharedParts() if older is None else older.shared_with(self)
        self.analyzers = self._shared.analyzers or Analyzers(manifest.language)
        self._stored_stories = stories
        self._trust = trust
        self._mark = mark
        self._opening = threading.Lock()
        self._clusters = mark_of(self.parts / CLUSTERS / CURRENT)
        self._suggestions: Suggestions | None = None
        if reader.paragraphs != self.commit.ranked:
            raise BrokenIndexError(
                f"the keyword index at {self.parts / KEYWORDS} holds {reader.paragraphs:,} rows, "
                f"but the catalog {self.commit.ranked:,}: run 'nutgraf repair' to fix it"
            )

    @classmethod
    def open(
        cls, path: str | Path, *, trust: bool = False, older: IndexParts | None = None
    ) -> Self:
        """Open the newest commit of the index at `path`.

        `trust` is required for a whoosh index, because its files contain pickles.
        `older` is an open snapshot of an earlier commit; its open parts are shared if
        they are unchanged.

        Raises NotAnIndexError, UntrustedIndexError or BrokenIndexError if the index
        cannot be opened.
        """
        index = Path(path)
        while True:
            # Take the mark first, so that every later change results in a different mark.
            mark = mark_of(index / MANIFEST)
            manifest = Manifest.read(index)
            try:
                return cls._open(index, manifest, mark, trust=trust, older=older)
            except BrokenIndexError:
                # A rebuild can have replaced this generation meanwhile and deleted its files.
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
        older: IndexParts | None,
    ) -> Self:
        parts = manifest.parts(index)
        seen = settled((*mark, *mark_of_parts(parts)))
        engine = manifest.keyword_engine
        # Take the stories first, so that they are not those of a later commit. Few questions
        # need them, so the others do not fail if they are damaged.
        stories: StoredStories | BrokenIndexError | None
        try:
            stories = StoredStories.open(parts / STORIES)
        except BrokenIndexError as error:
            stories = error
        with ExitStack() as opened:
            before = None if older is None else older.keywords
            reader = keywords.open_reader(parts / KEYWORDS, engine, trust=trust, older=before)
            opened.callback(reader.close)
            catalog = Catalog.open(parts / CATALOG)
            opened.callback(catalog.close)
            snapshot = cls(
                index,
                manifest,
                catalog,
                reader,
                stories=stories,
                trust=trust,
                mark=seen,
                older=older,
            )
            opened.pop_all()
        return snapshot

    def successor(self) -> Self | None:
        """Return a snapshot of the newest commit, None if this snapshot shows it.

        The parts that are open in this snapshot are open in the new one too. Unchanged
        parts are shared, and changed parts are opened again.
        """
        now = (*mark_of(self.path / MANIFEST), *mark_of_parts(self.parts))
        if self._mark is not None and self._mark == now:
            return None
        newer = type(self).open(self.path, trust=self._trust, older=self)
        same = newer.manifest == self.manifest and newer.commit == self.commit
        if same and newer._clusters == self._clusters:
            self._mark = newer._mark
            newer.close()
            return None
        try:
            for name in PARTS:
                if name in vars(self):  # Open the part now, so that no question waits for it.
                    getattr(newer, name)
        except BaseException:
            newer.close()
            raise
        return newer

    def shared_with(self, newer: IndexParts) -> SharedParts:
        """Return the open parts that are the same in a newer snapshot."""
        opened = vars(self)  # A cached property is in vars() after its first use.
        manifest = newer.manifest
        same = replace(manifest, reranker=self.manifest.reranker) == self.manifest
        grown = same and newer.has_commit(self.commit)
        same_encoder = "encoder" in opened and manifest.encoder == self.manifest.encoder
        same_reranker = "reranker" in opened and manifest.reranker == self.manifest.reranker
        return SharedParts(
            # Analyzers cache the terms of many words.
            analyzers=self.analyzers if manifest.language == self.manifest.language else None,
            encoder=self.encoder if same_encoder else None,
            reranker=self.reranker if same_reranker else None,
            vectors=self.vectors if grown and "vectors" in opened else None,
            columns=self.columns if grown and "columns" in opened else None,
            stories=self.stories if grown and "stories" in opened else None,
            commit=self.commit,
        )

    def has_commit(self, commit: Commit) -> bool:
        """Return whether a commit is this one, or an earlier one of the same index.

        A restored copy of the index has the same manifest, but may have other commits.
        """
        if commit.sequence > self.sequence:
            return False
        try:
            return self.catalog.commit_of(commit.sequence) == commit
        except BrokenIndexError:  # There is no commit with this number.
            return False

    @property
    def sequence(self) -> int:
        """The sequence number of the visible commit."""
        return self.commit.sequence

    @cached_property
    def columns(self) -> Columns:
        """The columns (see columns/columns.py)."""
        declared = self.manifest.declared
        older = self._shared.columns
        return Columns.open(self.parts / COLUMNS, self.commit.rows, declared, older)

    @cached_property
    def vectors(self) -> VectorIndex:
        """The vector index."""
        path, clusters = self.parts / VECTORS, self.parts / CLUSTERS
        if self._shared.vectors is not None:
            return self._shared.vectors.grown(path, self.commit.rows, clusters)
        dimension = self.manifest.encoder.dimension
        return VectorIndex.open(path, dimension, self.commit.rows, clusters)

    @cached_property
    def encoder(self) -> OnnxEncoder:
        """The encoder of the index."""
        shared = self._shared.encoder
        return shared or OnnxEncoder.open(self.parts / ENCODER, self.manifest.encoder)

    @cached_property
    def multilingual_analyzer(self) -> MultilingualAnalyzer:
        """The analyzer of questions, for the languages of the articles."""
        codes = self.columns.language
        if self.alive is not None:
            codes = codes[self.alive]
        return make_question_analyzer(self.catalog, codes, self.analyzers)

    @cached_property
    def value_names(self) -> KnownValues:
        """The values of keyword fields. Some may belong to deleted articles only."""
        return KnownValues(self.catalog.coded_values())

    def open_suggestions(self) -> Suggestions:
        """Return the suggestions. Raises BrokenIndexError if they are missing or damaged."""
        with self._opening:
            if self._suggestions is None:
                self._suggestions = Suggestions(self.parts / SUGGESTIONS, self.sequence)
            return self._suggestions

    @cached_property
    def reranker(self) -> CachingReranker | None:
        """The reranker of the index, None if the index has no reranker."""
        chosen = self.manifest.reranker
        if chosen is None:
            return None
        if self._shared.reranker is not None:
            return self._shared.reranker
        return CachingReranker(OnnxReranker.open(self.parts / RERANKER / chosen.folder, chosen))

    @cached_property
    def alive(self) -> NDArray[np.bool_] | None:
        """A mask of the rows that are not deleted, of shape (rows,).

        It is None if no row is deleted.
        """
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
        """A mask of the rows that are in rankings, of shape (rows,).

        These rows are neither deleted nor boilerplate. The mask is None if all rows
        are in rankings. Raises BrokenIndexError if the number of these rows differs
        from the number in the commit.
        """
        left_out = self.catalog.boilerplate_rows(self.sequence)
        if not left_out and self.commit.ranked == self.commit.living:
            return self.alive
        ranked = np.ones(self.commit.rows, bool) if self.alive is None else self.alive.copy()
        ranked[[row for row in left_out if row < len(ranked)]] = False
        if np.count_nonzero(ranked) != self.commit.ranked:
            raise BrokenIndexError(
                f"the catalog {self.parts / CATALOG} is damaged: its boilerplate differs from "
                "that of the commit; run 'nutgraf verify' to list the damage, or restore it from a "
                "backup"
            )
        ranked.flags.writeable = False
        return ranked

    @cached_property
    def stories(self) -> Stories:
        """The stories of all rows: groups of versions of one text.

        Raises BrokenIndexError if the stored stories are damaged.
        """
        older, after = self._shared.stories, self._shared.commit.sequence
        stored = self._stored_stories
        if older is None and isinstance(stored, BrokenIndexError):
            raise stored
        if (
            older is None
            and isinstance(stored, StoredStories)
            and stored.record.is_usable(self.catalog, self.commit, self.columns)
        ):
            older, after = stored.stories(), stored.record.sequence
            if after == self.sequence:
                return older
        texts = Texts.of(self.columns, self.ranked)
        if older is None:
            return Stories.find(texts)
        left_out = self.catalog.unranked_rows(self.sequence, after)
        return older.grown(texts, np.array(left_out, np.int64))

    def warm(self) -> None:
        """Open every part of the index now, so that no question waits for it."""
        for name in PARTS:
            getattr(self, name)

    def close(self) -> None:
        """Release the files."""
        self.keywords.close()
        self.catalog.close()
        with self._opening:
            if self._suggestions is not None:
                self._suggestions.close()
