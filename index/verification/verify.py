"""The function `verify_index`, which opens and checks all parts of an index."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from itertools import chain
from pathlib import Path
from typing import Final, TypeVar

from nutgraf.index.catalog.records import NO_COMMIT, Commit
from nutgraf.index.catalog.unchecked import UncheckedCatalog
from nutgraf.index.errors import BrokenIndexError, NutgrafError, UntrustedIndexError
from nutgraf.index.keywords import KeywordReader
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.encoder import OnnxEncoder
from nutgraf.index.models.reranker.config import REPAIR_HINT
from nutgraf.index.storage.layout import (
    CATALOG,
    CLUSTERS,
    COLUMNS,
    ENCODER,
    KEYWORDS,
    MANIFEST,
    REBUILD_LOCK,
    RERANKER,
    STORIES,
    SUGGESTIONS,
    VECTORS,
    generations,
    parts_folder,
)
from nutgraf.index.storage.lock import is_locked
from nutgraf.index.verification.catalog import CatalogCheck
from nutgraf.index.verification.check import CATCH_UP, CheckContext
from nutgraf.index.verification.clusters import REPAIR_CLUSTERS, check_clusters
from nutgraf.index.verification.columns import REPAIR_COLUMNS, check_columns, open_columns
from nutgraf.index.verification.keywords import (
    REPAIR_KEYWORDS,
    check_lag,
    check_rows,
    check_terms,
    open_keywords,
)
from nutgraf.index.verification.models import REPAIR_ENCODER, check_reranker, open_encoder
from nutgraf.index.verification.remedies import RESTORE
from nutgraf.index.verification.report import (
    FindingCollector,
    OnPart,
    OnRows,
    VerificationReport,
    without_advice,
)
from nutgraf.index.verification.stories import REPAIR_STORIES, check_stories
from nutgraf.index.verification.suggestions import (
    REPAIR_SUGGESTIONS,
    CompareElsewhere,
    check_suggestions,
)
from nutgraf.index.verification.suggestions_process import SuggestionsProcess, is_worthwhile
from nutgraf.index.verification.vectors import REPAIR_ROWS, check_vectors

__all__ = ["verify_index"]

T = TypeVar("T")

SAMPLE: Final = 64
"""Number of paragraphs to compute again and to search for.

For this number, all of it takes half a second.
"""


def verify_index(
    path: str | Path,
    *,
    trust: bool = False,
    sample: int = SAMPLE,
    on_part: OnPart = lambda _part, _done, _rows: None,
) -> VerificationReport:
    """Look for damage in every part of the index at `path`.

    Three checks read only `sample` paragraphs, spread over all rows: these are encoded
    again, their sketches and identities are computed again, and they are searched for by
    each of their terms. All other checks are complete. Checksums of all embeddings,
    sketches and identities find any change since they were written, so the samples look
    only for faults of Nutgraf itself. As many as the index has rows make a complete check.
    `trust` is required for a whoosh index, because its files contain pickles. `on_part` is
    called with the progress. The suggestions of a large index are checked in a second
    process, if there are several cores.

    Damage does not raise an error: the report has a finding for it. Raises
    NotAnIndexError if there is no index at `path`, and UntrustedIndexError for a whoosh
    index without `trust`.
    """
    index = Path(path)
    while True:
        try:
            manifest = Manifest.read(index)
        except BrokenIndexError as error:
            return _no_manifest(error)
        found = _Verifier(index, manifest, on_part, trust=trust, sample=sample).run()
        if found.clean or _is_in_use(index, manifest):
            return found
        # A rebuild has replaced this generation and deleted its files: check the new one.


class _Verifier:
    """The verification of one generation.

    A generation is a complete set of the parts of an index.
    """

    def __init__(
        self, index: Path, manifest: Manifest, on_part: OnPart, *, trust: bool, sample: int
    ) -> None:
        self._index = index
        self._manifest = manifest
        self._on_part = on_part
        self._rows = 0
        self._trust = trust
        self._sample = sample
        self._parts = manifest.parts(index)
        self._findings = FindingCollector()

    def run(self) -> VerificationReport:
        parts, manifest = self._parts, self._manifest
        with ExitStack() as opened:
            # Open the keyword index before the catalog, as readers do. Then the catalog has the
            # last commit of the keyword index.
            reader = self._guard(
                KEYWORDS,
                REPAIR_KEYWORDS,
                lambda: open_keywords(parts, manifest, trust=self._trust),
            )
            if reader is not None:
                opened.callback(reader.close)
            encoder = self._guard(ENCODER, REPAIR_ENCODER, lambda: open_encoder(parts, manifest))
            self._guard(RERANKER, REPAIR_HINT, lambda: check_reranker(parts, manifest))
            catalog = self._guard(CATALOG, RESTORE, lambda: UncheckedCatalog.open(parts / CATALOG))
            if catalog is None:
                self._guard(
                    COLUMNS,
                    REPAIR_COLUMNS,
                    lambda: open_columns(self._index, manifest, NO_COMMIT),
                )
                return self._summary(NO_COMMIT)
            opened.callback(catalog.close)
            return self._compare(catalog, reader, encoder, opened)

    def _compare(
        self,
        catalog: UncheckedCatalog,
        reader: KeywordReader | None,
        encoder: OnnxEncoder | None,
        opened: ExitStack,
    ) -> VerificationReport:
        try:
            commit, shown = self._commit(catalog, reader)
        except BrokenIndexError as error:
            self._findings.add(CATALOG, without_advice(error), RESTORE)
            commit, shown = NO_COMMIT, None
        self._rows = commit.rows
        compare: CompareElsewhere = _nothing
        if is_worthwhile(commit.rows):
            # Start it now: it runs while this process checks the other parts.
            with suppress(OSError):
                process = SuggestionsProcess(self._parts, self._manifest.language)
                opened.callback(process.close)
                compare = process.differences
        catalog_check = CatalogCheck(
            catalog, commit, self._findings, self._manifest.declared, self._on_rows(CATALOG)
        )
        context = CheckContext(
            self._index,
            self._manifest,
            catalog,
            commit,
            catalog_check,
            self._findings,
            self._sample,
            self._on_rows(SUGGESTIONS),
        )
        self._guard(COLUMNS, REPAIR_COLUMNS, lambda: check_columns(context))
        encoded = self._guard(VECTORS, REPAIR_ROWS, lambda: check_vectors(context, encoder))
        self._guard(CLUSTERS, REPAIR_CLUSTERS, lambda: check_clusters(context))
        self._guard(STORIES, REPAIR_STORIES, lambda: check_stories(context))
        self._guard(SUGGESTIONS, REPAIR_SUGGESTIONS, lambda: check_suggestions(context, compare))
        if shown is not None:
            self._guard(KEYWORDS, REPAIR_KEYWORDS, lambda: check_rows(context, shown))
            self._guard(KEYWORDS, REPAIR_KEYWORDS, lambda: check_terms(context, shown))
            self._guard(KEYWORDS, CATCH_UP, lambda: check_lag(context, shown, trust=self._trust))
        return self._summary(commit, catalog_check, encoded or 0)

    def _summary(
        self, commit: Commit, catalog_check: CatalogCheck | None = None, encoded: int = 0
    ) -> VerificationReport:
        return VerificationReport(
            sequence=commit.sequence,
            articles=catalog_check.articles if catalog_check else 0,
            paragraphs=catalog_check.paragraphs if catalog_check else 0,
            rows=len(catalog_check.alive) if catalog_check else 0,
            encoded=encoded,
            findings=self._findings.all(),
            leftovers=_leftovers(self._index, self._manifest),
        )

    def _guard(self, part: str, remedy: str, check: Callable[[], T]) -> T | None:
        """Return the result of `check`; if it raises, add a finding and return None."""
        self._on_rows(part)(0)
        try:
            return check()
        except UntrustedIndexError:
            raise
        except NutgrafError as error:
            self._findings.add(part, without_advice(error), remedy)
        except Exception as error:  # noqa: BLE001 - damage can cause any exception
            self._findings.add(part, f"it cannot be used ({error!r:.200})", remedy)
        return None

    def _on_rows(self, part: str) -> OnRows:
        return lambda done: self._on_part(part, done, self._rows)

    def _commit(
        self, catalog: UncheckedCatalog, reader: KeywordReader | None
    ) -> tuple[Commit, KeywordReader | None]:
        """Return the commit to check, and the keyword index, or None for the latter.

        The keyword index is None if it cannot be opened, or if its last commit is not in
        the catalog.
        """
        if reader is None:
            return catalog.last_commit(), None
        try:
            return catalog.commit_of(reader.sequence), reader
        except BrokenIndexError:
            last = catalog.last_commit()
            what = (
                f"the keyword index shows commit {reader.sequence}, which is not in the catalog "
                f"(its last commit is {last.sequence})"
            )
            self._findings.add(CATALOG, what, RESTORE)
            return last, None


def _nothing(_on_rows: OnRows) -> None:
    """Return no differences: there is no other process."""


def _no_manifest(error: BrokenIndexError) -> VerificationReport:
    findings = FindingCollector()
    findings.add(MANIFEST, without_advice(error), RESTORE)
    return VerificationReport(0, 0, 0, 0, 0, findings.all())


def _is_in_use(index: Path, manifest: Manifest) -> bool:
    try:
        return Manifest.read(index) == manifest
    except NutgrafError:
        return True  # No other generation can be checked.


def _leftovers(index: Path, manifest: Manifest) -> tuple[str, ...]:
    """Return the unused generations and files that killed processes left behind."""
    kept = {manifest.generation, manifest.previous}
    newest = max(manifest.generation, manifest.previous or 0)
    building = is_locked(index, REBUILD_LOCK)
    found = [
        f"generation {number} in {parts_folder(index, number)}"
        for number in generations(index)
        if number not in kept and not (building and number > newest)
    ]
    if building or is_locked(index):
        return tuple(found)
    # This is not rglob, because rglob fails if a folder is deleted meanwhile.
    places = (Path(place, name) for place, *names in os.walk(index) for name in chain(*names))
    partial = sorted(path for path in places if path.suffix == ".partial")
    return (*found, *(str(path.relative_to(index)) for path in partial))
