"""Verification: every part of an index is read to the end and held against the catalog.

No lock is taken, and a writer may go on: what is visible is what the keyword
index shows, so all parts are looked at as of that one commit. A part that is
damaged does not keep the others from being looked at, and is not held against
them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import chain, islice, takewhile
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from nutgraf.index import keywords
from nutgraf.index.article import timestamp
from nutgraf.index.audit import RESTORE, REWRITE, CatalogAudit, stored_records
from nutgraf.index.columns import NO_DATE, Columns
from nutgraf.index.context import InContext, TitledEncoder
from nutgraf.index.encoder import OnnxEncoder
from nutgraf.index.errors import BrokenIndexError, NutgrafError, UntrustedIndexError
from nutgraf.index.findings import Findings, Verification
from nutgraf.index.inspection import InspectedCatalog
from nutgraf.index.keywords import KeywordEntry, KeywordReader
from nutgraf.index.keywords.analysis import Analyzer
from nutgraf.index.keywords.entries import entries_of
from nutgraf.index.keywords.fields import PUBLISHED, TERM_FIELDS, TEXT_FIELDS
from nutgraf.index.keywords.queries import query
from nutgraf.index.layout import (
    CATALOG,
    COLUMNS,
    ENCODER,
    KEYWORDS,
    MANIFEST,
    REBUILD_LOCK,
    RERANKER,
    SUGGESTIONS,
    VECTORS,
    generations,
    parts_folder,
)
from nutgraf.index.lock import is_locked
from nutgraf.index.manifest import Manifest
from nutgraf.index.records import CODED, NO_COMMIT, Commit, Record
from nutgraf.index.reranker import OnnxReranker
from nutgraf.index.reranker.config import MEND
from nutgraf.index.sketches import make_sketches
from nutgraf.index.suggestions_check import SuggestionsCheck
from nutgraf.index.vectors import VectorFile

__all__ = ["verify_index"]

T = TypeVar("T")

SAMPLE: Final = 64
"""Paragraphs that are encoded again and looked for: half a second's work."""

REPAIR_KEYWORDS: Final = "'nutgraf repair' makes the keyword index again from the catalog"
REPAIR_ROWS: Final = "'nutgraf repair' encodes their paragraphs again"
REPAIR_COLUMNS: Final = (
    "'nutgraf repair' makes the columns again from the catalog, as any opening for writing does"
)
REPAIR_SUGGESTIONS: Final = "'nutgraf repair' makes the suggestions again from the catalog"
REPAIR_ENCODER: Final = (
    "'nutgraf repair' makes it again where its model is at hand; or copy the folder from an "
    "index of the same encoder"
)
CATCH_UP: Final = "open the index for writing once: any 'nutgraf index' does, and it catches up"

_ALIKE: Final = 0.999
"""Cosine of an embedding, as float16, to the same text encoded again: less is another text."""

_OFF: Final = 0.01
"""By how much a length may differ from 1; float16 costs a twentieth of that."""

_BLOCK: Final = 8_192
"""Embeddings that are measured at a time."""

_TEXTS: Final = 1_024
"""Texts that are sketched at a time."""

_MOST_CONDITIONS: Final = 256
"""Terms by which a paragraph is looked for; the longest have thousands."""


def verify_index(path: str | Path, *, trust: bool = False, sample: int = SAMPLE) -> Verification:
    """Look for damage in every part of the index at `path`.

    `sample` paragraphs, spread over all rows, are encoded again and looked for
    by each of their terms; all else is looked at whole. `trust` is needed for
    a whoosh index, whose files hold pickles.

    Raises NotAnIndexError and UntrustedIndexError. Damage is not raised: it is
    what the findings tell.
    """
    index = Path(path)
    while True:
        try:
            manifest = Manifest.read(index)
        except BrokenIndexError as error:
            return _no_manifest(error)
        found = _Verifying(index, manifest, trust=trust, sample=sample).run()
        if found.clean or _is_in_use(index, manifest):
            return found
        # Another generation has taken over, and the files of this one are gone.


class _Verifying:
    """One look at one generation."""

    def __init__(self, index: Path, manifest: Manifest, *, trust: bool, sample: int) -> None:
        self._index = index
        self._manifest = manifest
        self._trust = trust
        self._sample = sample
        self._parts = manifest.parts(index)
        self._findings = Findings()
        self._encoder: OnnxEncoder | None = None
        self._encoded = 0

    def run(self) -> Verification:
        with ExitStack() as opened:
            # The keyword index first, as readers do: the catalog knows all that it shows.
            reader = self._guard(KEYWORDS, REPAIR_KEYWORDS, self._open_keywords)
            if reader is not None:
                opened.callback(reader.close)
            self._guard(ENCODER, REPAIR_ENCODER, self._open_encoder)
            self._guard(RERANKER, MEND, self._open_reranker)
            catalog = self._guard(CATALOG, RESTORE, self._open_catalog)
            if catalog is None:
                self._guard(COLUMNS, REPAIR_COLUMNS, lambda: self._open_columns(NO_COMMIT))
                return self._told(NO_COMMIT)
            opened.callback(catalog.close)
            return self._compare(catalog, reader)

    def _compare(self, catalog: InspectedCatalog, reader: KeywordReader | None) -> Verification:
        try:
            commit, shown = self._commit(catalog, reader)
        except BrokenIndexError as error:
            self._findings.add(CATALOG, _said(error), RESTORE)
            commit, shown = NO_COMMIT, None
        audit = CatalogAudit(catalog, commit, self._findings)
        self._guard(COLUMNS, REPAIR_COLUMNS, lambda: self._check_columns(catalog, commit, audit))
        self._guard(VECTORS, REPAIR_ROWS, lambda: self._check_vectors(catalog, commit, audit))
        self._guard(
            SUGGESTIONS,
            REPAIR_SUGGESTIONS,
            lambda: self._check_suggestions(catalog, commit, audit),
        )
        if shown is not None:
            self._guard(KEYWORDS, REPAIR_KEYWORDS, lambda: self._check_rows(shown, audit))
            self._guard(KEYWORDS, REPAIR_KEYWORDS, lambda: self._check_terms(catalog, shown, audit))
            self._guard(KEYWORDS, CATCH_UP, lambda: self._check_lag(catalog, shown))
        return self._told(commit, audit)

    def _told(self, commit: Commit, audit: CatalogAudit | None = None) -> Verification:
        return Verification(
            sequence=commit.sequence,
            articles=audit.articles if audit else 0,
            paragraphs=audit.paragraphs if audit else 0,
            rows=len(audit.alive) if audit else 0,
            encoded=self._encoded,
            findings=self._findings.all(),
            leftovers=_leftovers(self._index, self._manifest),
        )

    def _guard(self, part: str, remedy: str, check: Callable[[], T]) -> T | None:
        """Return what `check` does; whatever damage makes it raise becomes a finding, and None."""
        try:
            return check()
        except UntrustedIndexError:
            raise
        except NutgrafError as error:
            self._findings.add(part, _said(error), remedy)
        except Exception as error:  # noqa: BLE001 - damage can make them raise anything
            self._findings.add(part, f"it cannot be used ({error!r:.200})", remedy)
        return None

    def _open_keywords(self) -> KeywordReader:
        engine = self._manifest.keyword_engine
        return keywords.open_reader(self._parts / KEYWORDS, engine, trust=self._trust)

    def _open_catalog(self) -> InspectedCatalog:
        return InspectedCatalog.open(self._parts / CATALOG)

    def _open_encoder(self) -> None:
        self._encoder = OnnxEncoder.open(self._parts / ENCODER, self._manifest.encoder)

    def _open_reranker(self) -> None:
        chosen = self._manifest.reranker
        if chosen is not None:
            OnnxReranker.open(self._parts / RERANKER / chosen.folder, chosen)

    def _commit(
        self, catalog: InspectedCatalog, reader: KeywordReader | None
    ) -> tuple[Commit, KeywordReader | None]:
        """Return the commit that all is looked at as of, and the keyword index if it shows it."""
        if reader is None:
            return catalog.last_commit(), None
        try:
            return catalog.commit_of(reader.sequence), reader
        except BrokenIndexError:
            last = catalog.last_commit()
            what = (
                f"the keyword index shows commit {reader.sequence}, which the catalog does not "
                f"know; its last is {last.sequence}"
            )
            self._findings.add(CATALOG, what, RESTORE)
            return last, None

    def _open_columns(self, commit: Commit) -> Columns | None:
        """Open the columns as of a commit; None where a writer has yet to bring them there."""
        folder = self._parts / COLUMNS
        Columns.open(folder, 0)  # Whether what is there is what was written.
        try:
            return Columns.open(folder, commit.rows)
        except BrokenIndexError:
            if is_locked(self._index):
                return None
            raise

    def _check_columns(
        self, catalog: InspectedCatalog, commit: Commit, audit: CatalogAudit
    ) -> None:
        columns = self._open_columns(commit)
        if columns is None or not audit.is_sound:
            return
        records = takewhile(lambda one: one.first_row < commit.rows, _records(catalog))
        while some := list(islice(records, _BLOCK)):
            rows = slice(some[0].first_row, some[-1].rows.stop)
            for name, values in _column_values(some, audit).items():
                for at in np.flatnonzero(getattr(columns, name)[rows] != values):
                    what = f"'{name}' is not what the catalog says"
                    example = f"row {rows.start + int(at)}"
                    self._findings.add(COLUMNS, what, REPAIR_COLUMNS, example)
        self._check_sketches(catalog, columns, np.flatnonzero(audit.readable))

    def _check_sketches(
        self, catalog: InspectedCatalog, columns: Columns, rows: NDArray[np.int64]
    ) -> None:
        for start in range(0, len(rows), _TEXTS):
            texts, _ = self._read(catalog, rows[start : start + _TEXTS].tolist())
            some = sorted(texts)
            made = make_sketches([texts[row] for row in some])
            for at in np.flatnonzero((columns.sketch[some] != made).any(axis=1)):
                what = "'sketch' is not that of the text"
                self._findings.add(COLUMNS, what, REPAIR_COLUMNS, f"row {some[at]}")

    def _check_suggestions(
        self, catalog: InspectedCatalog, commit: Commit, audit: CatalogAudit
    ) -> None:
        path = self._parts / SUGGESTIONS
        if not path.exists() and (not commit.sequence or is_locked(self._index)):
            return  # A writer makes them when it opens an index.
        with closing(SuggestionsCheck(path)) as check:
            if check.sequence < commit.sequence:
                if is_locked(self._index):
                    return
                what = f"they show commit {check.sequence}, and the catalog is at {commit.sequence}"
                self._findings.add(SUGGESTIONS, what, CATCH_UP)
            elif audit.is_sound and bool(audit.readable[audit.alive].all()):
                analyzer = Analyzer(self._manifest.language)
                for example in check.differences(catalog, analyzer):
                    what = "they are not what the catalog makes"
                    self._findings.add(SUGGESTIONS, what, REPAIR_SUGGESTIONS, example)

    def _check_vectors(
        self, catalog: InspectedCatalog, commit: Commit, audit: CatalogAudit
    ) -> None:
        if not audit.is_sound:
            return  # It says where embeddings begin and end, and what their checksums are.
        file = VectorFile(self._parts / VECTORS, self._manifest.encoder.dimension)
        damaged = file.damaged(_until(catalog, commit))
        if damaged and _is_whole(file, commit):
            # All bytes are right, so it is what is remembered of them that is not.
            what = "the checksum that a commit keeps of rows.f16 is not what was written"
            for rows in damaged:
                self._findings.add(CATALOG, what, RESTORE, _span(rows))
            damaged = []
        for rows in damaged:
            what = "embeddings are missing, or are not what was written"
            self._findings.add(VECTORS, what, REPAIR_ROWS, _span(rows))
        sound = np.ones(commit.rows, bool)
        for rows in damaged:
            sound[rows.start : rows.stop] = False
        self._check_lengths(file, np.flatnonzero(sound))
        self._check_meaning(catalog, file, np.flatnonzero(sound & audit.readable))

    def _check_lengths(self, file: VectorFile, rows: NDArray[np.int64]) -> None:
        for start in range(0, len(rows), _BLOCK):
            some = rows[start : start + _BLOCK]
            lengths = np.linalg.norm(file.read(some.tolist()).astype(np.float32), axis=1)
            for row in some[~(np.abs(lengths - 1) < _OFF)]:  # Not a number is off, too.
                what = "an embedding is not of length 1"
                self._findings.add(VECTORS, what, REPAIR_ROWS, f"row {row}")

    def _check_meaning(
        self, catalog: InspectedCatalog, file: VectorFile, rows: NDArray[np.int64]
    ) -> None:
        chosen = _spread(rows, self._sample)
        if self._encoder is None or not chosen:
            return
        texts, records = self._read(catalog, chosen)
        chosen = [row for row in chosen if row in texts]
        paragraphs = [InContext(records[row].title, texts[row]) for row in chosen]
        made = TitledEncoder(self._encoder).encode(paragraphs)
        cosines = np.sum(made * file.read(chosen).astype(np.float32), axis=1)
        self._encoded = len(chosen)
        for row, cosine in zip(chosen, cosines, strict=True):
            if not cosine > _ALIKE:
                what = "an embedding is not that of its text"
                example = f"row {row} (cosine {cosine:.3f})"
                self._findings.add(VECTORS, what, REPAIR_ROWS, example)

    def _read(
        self, catalog: InspectedCatalog, rows: list[int]
    ) -> tuple[dict[int, str], dict[int, Record]]:
        """Read texts and records as those who ask do, by SQLite's indexes."""
        try:
            return catalog.texts(rows), catalog.records_of(rows)
        except BrokenIndexError as error:
            self._findings.add(CATALOG, _said(error), REWRITE)
            return {}, {}

    def _check_rows(self, reader: KeywordReader, audit: CatalogAudit) -> None:
        if not audit.is_sound:
            return
        found, times = np.unique(reader.rows(query.Every()), return_counts=True)
        there = np.flatnonzero(audit.alive)
        self._tell_rows("it holds paragraphs that are not alive", np.setdiff1d(found, there))
        self._tell_rows("it lacks paragraphs", np.setdiff1d(there, found))
        self._tell_rows("it holds paragraphs more than once", found[times > 1])
        if len(found) == len(there) and reader.paragraphs != len(there):
            what = f"it counts {reader.paragraphs:,} paragraphs, the catalog {len(there):,}"
            self._findings.add(KEYWORDS, what, REPAIR_KEYWORDS)

    def _tell_rows(self, what: str, rows: NDArray[np.int64]) -> None:
        for row in rows:
            self._findings.add(KEYWORDS, what, REPAIR_KEYWORDS, f"row {row}")

    def _check_terms(
        self, catalog: InspectedCatalog, reader: KeywordReader, audit: CatalogAudit
    ) -> None:
        if not audit.is_sound:
            return
        there = np.isin(np.arange(len(audit.alive)), reader.rows(query.Every()))
        chosen = _spread(np.flatnonzero(audit.alive & audit.readable & there), self._sample)
        analyzer = Analyzer(self._manifest.language)
        texts, records = self._read(catalog, chosen)
        for row in texts:
            (entry,) = entries_of(records[row], {row: texts[row]}, analyzer)
            for lacking in _not_found(reader, entry):
                what = "a paragraph is not found by what it holds"
                self._findings.add(KEYWORDS, what, REPAIR_KEYWORDS, f"row {row} by {lacking!s:.60}")

    def _check_lag(self, catalog: InspectedCatalog, reader: KeywordReader) -> None:
        """Tell of a keyword index that is behind, if nobody is about to bring it up to date."""
        last = catalog.last_commit()
        if reader.sequence >= last.sequence or is_locked(self._index):
            return
        # Who made that commit is gone. Was it before the keyword index was opened, or after?
        again = self._open_keywords()
        seen = again.sequence
        again.close()
        if seen < last.sequence:
            what = f"it shows commit {seen}, and the catalog is at {last.sequence}"
            self._findings.add(KEYWORDS, what, CATCH_UP)


def _no_manifest(error: BrokenIndexError) -> Verification:
    findings = Findings()
    findings.add(MANIFEST, _said(error), RESTORE)
    return Verification(0, 0, 0, 0, 0, findings.all())


def _is_in_use(index: Path, manifest: Manifest) -> bool:
    try:
        return Manifest.read(index) == manifest
    except NutgrafError:
        return True  # Nothing else to look at.


def _said(error: NutgrafError) -> str:
    """Return what an error says, less what it advises: that is the remedy's."""
    return str(error).rpartition("; ")[0] or str(error)


def _records(catalog: InspectedCatalog) -> Iterator[Record]:
    for stored in stored_records(catalog):
        if not isinstance(stored, int):
            yield stored.record


def _until(catalog: InspectedCatalog, commit: Commit) -> Iterator[Commit]:
    return takewhile(lambda one: one.sequence <= commit.sequence, catalog.commits())


def _is_whole(file: VectorFile, commit: Commit) -> bool:
    try:
        file.check(commit)
    except BrokenIndexError:
        return False
    return True


def _column_values(records: Sequence[Record], audit: CatalogAudit) -> dict[str, NDArray[np.int64]]:
    """Return what every column has to hold for the rows of records that follow one another."""
    values = {
        "article": [record.number for record in records],
        "published": [
            int(NO_DATE) if record.published is None else timestamp(record.published)
            for record in records
        ],
        **{
            field: [audit.codes[field].get(getattr(record, field), 0) for record in records]
            for field in CODED
        },
    }
    counts = [record.paragraphs for record in records]
    return {name: np.repeat(np.array(some, np.int64), counts) for name, some in values.items()}


def _not_found(reader: KeywordReader, entry: KeywordEntry) -> list[query.Query]:
    """Return the conditions that a paragraph meets and is not found by."""
    conditions: list[query.Query] = [
        query.Term(field, term)
        for field in TERM_FIELDS
        for term in dict.fromkeys(getattr(entry, field))
    ]
    if entry.published is not None:
        conditions.insert(0, query.NumericRange(PUBLISHED, entry.published, entry.published))
    for field in TEXT_FIELDS:
        if len(words := getattr(entry, field)) > 1:
            conditions.insert(0, query.Phrase(field, list(words[:2])))
    row = np.array([entry.row])
    asked = conditions[:_MOST_CONDITIONS]
    if len(reader.rows(query.And(asked), row)):
        return []
    return [condition for condition in asked if not len(reader.rows(condition, row))]


def _spread(rows: NDArray[np.int64], wanted: int) -> list[int]:
    """Return `wanted` of the rows, the first and the last among them; always the same."""
    if wanted < 1 or not len(rows):
        return []
    places = np.linspace(0, len(rows) - 1, min(wanted, len(rows))).round().astype(np.int64)
    return [int(row) for row in rows[np.unique(places)]]


def _span(rows: range) -> str:
    return f"row {rows.start}" if len(rows) == 1 else f"rows {rows.start} to {rows.stop - 1}"


def _leftovers(index: Path, manifest: Manifest) -> tuple[str, ...]:
    """Return what a process that was killed left behind, and nobody uses."""
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
    # os.walk, as rglob fails where a folder goes in the midst of it.
    places = (Path(place, name) for place, *names in os.walk(index) for name in chain(*names))
    partial = sorted(path for path in places if path.suffix == ".partial")
    return (*found, *(str(path.relative_to(index)) for path in partial))
