"""IndexSnapshot: what a reader holds."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from nutgraf.index import keywords
from nutgraf.index.article import Paragraph
from nutgraf.index.catalog import Catalog
from nutgraf.index.columns import Columns
from nutgraf.index.encoder import OnnxEncoder
from nutgraf.index.keywords import KeywordReader
from nutgraf.index.keywords.analysis import Analyzer
from nutgraf.index.layout import CATALOG, COLUMNS, ENCODER, KEYWORDS, VECTORS
from nutgraf.index.manifest import Manifest
from nutgraf.index.records import Commit, Record
from nutgraf.index.vectors import VectorIndex

__all__ = ["IndexSnapshot", "Statistics"]


@dataclass(frozen=True, slots=True)
class Statistics:
    """What an index holds. `bytes` is its size on disk."""

    articles: int
    paragraphs: int
    rows: int
    snapshot: int
    committed: str | None
    language: str
    keyword_engine: str
    encoder: str
    dimension: int
    format: int
    bytes: int


class IndexSnapshot:
    """One immutable view of an index: all parts as of one commit.

    Parts are opened when they are first asked for, so that a question pays
    for what it uses. Safe to use from many threads.

    Raises NotAnIndexError, UntrustedIndexError, BrokenIndexError.
    """

    def __init__(
        self, path: Path, manifest: Manifest, catalog: Catalog, reader: KeywordReader
    ) -> None:
        self.path = path
        self.manifest = manifest
        self.catalog = catalog
        self.keywords = reader
        # The keyword index is committed last, so what it shows is whole everywhere.
        self.commit: Commit = catalog.commit_of(reader.sequence)
        self.analyzer = Analyzer(manifest.language)

    @classmethod
    def open(cls, path: str | Path, *, trust: bool = False) -> IndexSnapshot:
        """Open the newest commit of the index at `path`.

        `trust` is needed for a whoosh index, whose files hold pickles.
        """
        index = Path(path)
        manifest = Manifest.read(index)
        with ExitStack() as opened:
            reader = keywords.open_reader(index / KEYWORDS, manifest.keyword_engine, trust=trust)
            opened.callback(reader.close)
            catalog = Catalog.open(index / CATALOG)
            opened.callback(catalog.close)
            snapshot = cls(index, manifest, catalog, reader)
            opened.pop_all()
        return snapshot

    @property
    def sequence(self) -> int:
        """The number of the commit that is seen."""
        return self.commit.sequence

    @cached_property
    def columns(self) -> Columns:
        """The columns, one value a row."""
        return Columns.open(self.path / COLUMNS, self.commit.rows)

    @cached_property
    def vectors(self) -> VectorIndex:
        """The vector index."""
        dimension = self.manifest.encoder.dimension
        return VectorIndex.open(self.path / VECTORS, self.commit.rows, dimension)

    @cached_property
    def encoder(self) -> OnnxEncoder:
        """The encoder that the index was made with."""
        return OnnxEncoder.open(self.path / ENCODER, self.manifest.encoder)

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

    def warm(self) -> None:
        """Open every part now, so that no question has to wait for one."""
        _ = (self.columns, self.vectors, self.encoder, self.alive)

    def article(self, article: str) -> Record | None:
        """Return the article with this id, or None."""
        return self.catalog.find(article, self.sequence)

    def paragraphs(self, rows: Iterable[int]) -> dict[int, tuple[Record, Paragraph]]:
        """Return each row's paragraph, with its text, and the article it stands in."""
        wanted = list(rows)
        records = self.catalog.records_of(wanted)
        texts = self.catalog.texts(wanted)
        return {
            row: (record, Paragraph(row, record.id, row - record.first_row, texts[row]))
            for row, record in records.items()
        }

    def statistics(self) -> Statistics:
        """Count what the index holds."""
        return Statistics(
            articles=self.commit.articles,
            paragraphs=self.commit.paragraphs,
            rows=self.commit.rows,
            snapshot=self.sequence,
            committed=self.commit.at or None,
            language=self.manifest.language,
            keyword_engine=self.manifest.keyword_engine,
            encoder=self.manifest.encoder.name,
            dimension=self.manifest.encoder.dimension,
            format=self.manifest.format,
            bytes=_size(self.path),
        )

    def close(self) -> None:
        """Release files."""
        self.keywords.close()
        self.catalog.close()

    def __enter__(self) -> IndexSnapshot:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _size(folder: Path) -> int:
    """Return the bytes of all files below `folder`; one that goes meanwhile counts nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total
