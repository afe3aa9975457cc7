"""DerivedParts: the parts of an index that follow from its catalog and embeddings.

Columns, suggestions and keyword index are updated after each commit of the catalog, and
after a crash, by the same code. Clusters and stories are made beside the live index.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nutgraf.index import keywords
from nutgraf.index.analysis.analyzer import Analyzers
from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.catalog.records import Commit
from nutgraf.index.catalog.rows import Row
from nutgraf.index.columns import ColumnWriter
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.keywords.entries import entries_of
from nutgraf.index.manifest import Manifest
from nutgraf.index.prepared import NOTHING_PREPARED, PreparedTexts
from nutgraf.index.storage.failpoint import failpoint
from nutgraf.index.storage.layout import CLUSTERS, COLUMNS, KEYWORDS, SUGGESTIONS, VECTORS
from nutgraf.index.stories.background import StoryThread
from nutgraf.index.suggestions.writer import SuggestionsWriter
from nutgraf.index.vectors.background import ClusterThread

__all__ = ["DerivedParts"]


class DerivedParts:
    """The derived parts in `folder`, which follow its `catalog`.

    The constructor raises the errors of `keywords.open_writer`.
    """

    def __init__(self, folder: Path, manifest: Manifest, catalog: Catalog, *, trust: bool) -> None:
        self._folder = folder
        self._catalog = catalog
        self._fields = manifest.declared
        self._analyzers = Analyzers(manifest.language)
        self._columns = ColumnWriter(folder / COLUMNS, manifest.declared)
        self._suggestions = SuggestionsWriter(folder / SUGGESTIONS, catalog, self._analyzers)
        self._clusters = ClusterThread(
            folder / CLUSTERS, folder / VECTORS, manifest.encoder.dimension
        )
        self._stories = StoryThread(folder, manifest.declared)
        # Last, so that no error leaves the keyword index locked.
        self._keywords = keywords.open_writer(
            folder / KEYWORDS, manifest.keyword_engine, trust=trust
        )

    @property
    def sequence(self) -> int:
        """The sequence number of the newest changes that all parts show."""
        return self._keywords.sequence

    def catch_up(
        self,
        commit: Commit,
        prepared: PreparedTexts = NOTHING_PREPARED,
        written: Mapping[int, Row] | None = None,
    ) -> None:
        """Update columns, suggestions and keyword index to the last commit of the catalog.

        `prepared` contains the prepared results of that commit, and `written` maps
        row numbers to its rows. Rows that are not in `written` are read from the
        catalog. Results that are not in `prepared` are computed.
        """
        seen = self.sequence
        if seen > commit.sequence:
            raise BrokenIndexError(
                f"the keyword index of {self._folder} is ahead of its catalog (commit {seen}, "
                f"but the catalog has {commit.sequence}); restore the index from a backup"
            )
        self._columns.catch_up(
            self._catalog, commit.rows, prepared.sketches, prepared.identities, written
        )
        failpoint("commit", "columns")
        self._suggestions.catch_up(commit.sequence, prepared, written)
        failpoint("commit", "suggestions")
        if seen < commit.sequence:
            self._add_entries(commit.sequence, prepared, written)
            self._keywords.commit(commit.sequence)
            failpoint("commit", "keywords")

    def follow(self, commit: Commit) -> None:
        """Start making the parts that are made beside the live index, if they are due."""
        self._clusters.follow(commit.rows)
        self._stories.follow(commit, writing=True)

    def wait(self) -> None:
        """Wait until the parts that are made beside the live index are in use."""
        self._clusters.wait()
        self._stories.wait()

    def finish(self, commit: Commit) -> None:
        """Start storing the stories of the last commit of a writer, if they are due."""
        self._stories.follow(commit, writing=False)

    def close(self) -> None:
        """Release files, and drop changes of the keyword index that are not committed."""
        try:
            self._suggestions.close()
        finally:
            self._keywords.close()

    def _add_entries(
        self, sequence: int, prepared: PreparedTexts, written: Mapping[int, Row] | None
    ) -> None:
        seen = self.sequence
        for rows in self._catalog.removed_rows(sequence, after=seen):
            self._keywords.delete(rows)
        hidden = self._catalog.boilerplate_rows(sequence, after=seen)
        there = self._catalog.commit_of(seen).rows
        self._keywords.delete([row for row in hidden if row < there])
        left_out = set(hidden)
        for record in self._catalog.alive(sequence, after=seen):
            kept = self._catalog.rows(set(record.rows) - left_out, written)
            known = prepared.terms(record.digest)
            for entry in entries_of(record, kept, self._analyzers, self._fields, known):
                self._keywords.add(entry)
