"""IndexWriter: put, delete, commit, recover.

The source of truth of an index is the catalog, together with rows.i8. A commit
first appends embeddings to rows.i8 and makes them durable, then it commits the
catalog. After that, a crash loses nothing. Columns, suggestions and keyword
index are derived from the catalog: the same code updates them after a commit and
after a crash. The keyword index is updated last and stores the sequence number
of the commit. Readers show all parts as of that number, so a commit is visible
in all parts or in none.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, NoReturn, Self

from nutgraf.index import keywords
from nutgraf.index.analysis.analyzer import Analyzers
from nutgraf.index.analysis.boilerplate import MAX_BOILERPLATE, is_boilerplate
from nutgraf.index.analysis.language_detection import with_language
from nutgraf.index.analysis.languages import primary_language
from nutgraf.index.article import Article
from nutgraf.index.batch import Batch, SavedBatches
from nutgraf.index.catalog.records import RecurringText, text_digest
from nutgraf.index.catalog.rows import ArticleRows, Row
from nutgraf.index.catalog.writer import CatalogWriter
from nutgraf.index.columns import ColumnWriter
from nutgraf.index.errors import BrokenIndexError, InputError
from nutgraf.index.fields.declared import DeclaredKind, check_values
from nutgraf.index.generations import remove_leftovers
from nutgraf.index.keywords.entries import entries_of
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.encoder import OnnxEncoder
from nutgraf.index.models.encoder.device import DEVICE_ENCODE_EVERY, open_on_device
from nutgraf.index.models.encoder.titled import ParagraphEncoder, TitledEncoder
from nutgraf.index.models.encoder.token_counts import TokenCounter
from nutgraf.index.prepared import NOTHING_PREPARED, Prepared, PreparedTexts, article_in
from nutgraf.index.sources.fields.article import article_of
from nutgraf.index.split import contexts_of, rows_of
from nutgraf.index.storage.layout import (
    CATALOG,
    CLUSTERS,
    COLUMNS,
    ENCODER,
    KEYWORDS,
    SUGGESTIONS,
    VECTORS,
)
from nutgraf.index.storage.lock import LOCK_WAIT, WriteLock
from nutgraf.index.stories.background import StoryThread
from nutgraf.index.suggestions.writer import SuggestionsWriter
from nutgraf.index.vectors import VectorFile
from nutgraf.index.vectors.background import ClusterThread
from nutgraf.index.vectors.records import records_of

__all__ = ["IndexWriter", "Outcome", "PartsWriter"]

Outcome = Literal["created", "updated", "unchanged"]

ENCODE_EVERY: Final = 128
"""The number of paragraphs to encode together.

It is large enough for all cores, and takes less than 1 s.
"""

SAVE_EVERY: Final = 8_192
"""The number of unsaved rows at which the writer makes them durable.

The number limits the work that a crash can lose.
"""

COMMIT_EVERY: Final = 65_536
"""The number of saved rows at which the writer commits, to make them visible.

A commit changes most pages of the suggestions, and adds a segment to the keyword index. So with
few commits, each row costs less. The number limits the memory: 65,536 rows need about 150 MB.
"""

COMMIT_CHARACTERS: Final = 64_000_000
"""The number of characters at which the writer commits."""


class PartsWriter:
    """A writer of the parts of an index in `folder`, which are one generation.

    The writer uses `encoder` instead of the encoder in `folder`. Both must return
    the same embeddings. It gets `encode_every` paragraphs at a time. The caller must
    have the write lock of the index.

    The constructor recovers the index after a crash of an earlier writer. Raises
    UntrustedIndexError, EncoderError or BrokenIndexError if it cannot open a part.

    `encoded` is the number of paragraphs that the writer has encoded. `failed` is
    True after a commit that failed half-way.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        *,
        trust: bool,
        encoder: ParagraphEncoder | None = None,
        encode_every: int | None = None,
    ) -> None:
        self._folder = folder
        self._encode_every = encode_every
        self._manifest = manifest
        self._declared = manifest.declared
        self._encoder = encoder
        self._batch = Batch()
        self._saved = SavedBatches()
        self.failed = False
        self.encoded = 0
        self._analyzers = Analyzers(manifest.language)
        self._tokens = TokenCounter(folder / ENCODER, manifest.encoder)
        self._vectors = VectorFile(folder / VECTORS, manifest.encoder.dimension)
        self._columns = ColumnWriter(folder / COLUMNS, manifest.declared)
        self._clusters = ClusterThread(
            folder / CLUSTERS, folder / VECTORS, manifest.encoder.dimension
        )
        self._stories = StoryThread(folder, manifest.declared)
        with ExitStack() as opened:
            self._catalog = CatalogWriter.open(folder / CATALOG, writing=True)
            opened.callback(self._catalog.close)
            self._commit = self._catalog.last_commit()
            self._vectors.cut(self._commit.rows)
            engine = manifest.keyword_engine
            self._keywords = keywords.open_writer(folder / KEYWORDS, engine, trust=trust)
            opened.callback(self._keywords.close)
            self._suggestions = SuggestionsWriter(
                folder / SUGGESTIONS, self._catalog, self._analyzers
            )
            opened.callback(self._suggestions.close)
            self._catch_up()
            self._follow()
            self._learned = self._catalog.learned_boilerplate()
            self._opened = opened.pop_all()

    @property
    def sequence(self) -> int:
        """The sequence number of the newest durable changes."""
        return self._commit.sequence

    @property
    def visible(self) -> int:
        """The sequence number of the newest changes that readers can see."""
        return self._keywords.sequence

    @property
    def declared(self) -> Mapping[str, DeclaredKind]:
        """The kind of each declared field, by its name."""
        return self._declared

    def ids(self) -> Iterator[str]:
        """Yield the ids of the articles in the index as of the last commit."""
        return self._catalog.ids(self.sequence)

    def put(self, article: Article | Prepared | Mapping[str, Any]) -> Outcome:
        """Add an article or replace the article with the same id; return the outcome.

        If the index has this article with the same content, nothing changes. The
        article is visible and durable after the next commit. The writer commits
        when COMMIT_EVERY rows are uncommitted. Before that, it makes each SAVE_EVERY
        rows durable; if it is killed, the next writer makes them visible. An article
        without a language gets the detected language, or the language of the index if
        the detection is uncertain. A prepared article gives the same result in less time.

        A mapping has the fields of a line of JSONL: "id", "title", "paragraphs" or
        "text", and the optional fields. Its "published" may be a text, a date or a
        datetime. Other keys go into "extra". Invalid characters are removed from its
        texts, with a warning, and so are values that do not fit into "extra". Raises
        InputError, with the name of the field, if a field is missing or invalid.
        """
        if isinstance(article, Mapping):
            article = _from_mapping(article)
        prepared = article if isinstance(article, Prepared) else None
        article = with_language(article_in(article), self._manifest.language)
        before = self.digest_of(article.id)
        digest = article.digest() if prepared is None else prepared.digest
        if before == digest:
            return "unchanged"
        # Add the texts before the article. An interrupt between these two steps leaves texts
        # without an article, and a commit still works.
        put = self._to_rows(article, digest, prepared)
        self._batch.put(put, prepared)
        if len(self._batch.to_encode) >= (self._encode_every or ENCODE_EVERY):
            self._encode()
        if self._is_full():
            self._save()
        if len(self._saved.rows) >= COMMIT_EVERY or self._saved.characters >= COMMIT_CHARACTERS:
            self.commit()
        return "created" if before is None else "updated"

    def delete(self, article: str) -> bool:
        """Delete the article with this id at the next commit; return whether it exists."""
        there = self.digest_of(article) is not None
        self._batch.drop(article)
        if self._catalog.find(article, self.sequence) is not None:
            self._batch.deleted[article] = None
        return there

    def commit(self, number: int = 0) -> int:
        """Make all puts and deletions durable and visible; return the sequence number.

        The new sequence number is the last one plus 1, or `number` if that is
        higher. If there are no changes, nothing is committed unless `number` is
        higher than the last sequence number.
        """
        self._check_usable()
        if self._batch.articles or self._batch.deleted or number > self.sequence:
            self._save(number)
        self._show()
        return self.sequence

    def wait_for_threads(self) -> None:
        """Wait until the clusters and stories that are being made are in use.

        Searches do not need this: without clusters they compare all rows, and without stored
        stories they find them. Both need no write lock, so they can be made when the writer
        is closed.
        """
        self._clusters.wait()
        self._stories.wait()

    def close(self) -> None:
        """Close the index and drop changes that are not durable."""
        with self._opened:
            if not self.failed:
                self._show()
                self._stories.follow(self._commit, writing=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.commit()
        finally:
            self.close()
        if kind is None:
            self.wait_for_threads()

    def digest_of(self, article: str) -> bytes | None:
        """Return the digest that an article will have after the next commit.

        Return None if the index will not have the article. The digest identifies a
        version of an article.
        """
        self._check_usable()
        if article in self._batch.articles:
            return self._batch.articles[article].digest
        if article in self._batch.deleted:
            return None
        record = self._catalog.find(article, self.sequence)
        return None if record is None else record.digest

    def _check_usable(self) -> None:
        if self.failed:
            raise BrokenIndexError(
                f"an earlier commit to {self._folder} failed half-way: close the writer and open "
                "the index again to recover it"
            )

    def _is_full(self) -> bool:
        """Return whether the batch has reached a limit and must be saved."""
        batch = self._batch
        return max(batch.rows, batch.texts) >= SAVE_EVERY or batch.characters >= COMMIT_CHARACTERS

    def _to_rows(self, article: Article, digest: bytes, prepared: Prepared | None) -> ArticleRows:
        """Return the rows of an article; queue the texts that need an embedding."""
        language = primary_language(article.language or self._manifest.language)
        rows = self._without_boilerplate(
            article, rows_of(article.paragraphs, self._tokens, language), prepared
        )
        contexts = [
            b"" if context is None else self._batch.add_text(context)
            for context in contexts_of(article.title, rows)
        ]
        return ArticleRows(article, rows, tuple(contexts), digest)

    def _without_boilerplate(
        self, article: Article, rows: tuple[Row, ...], prepared: Prepared | None
    ) -> tuple[Row, ...]:
        """Return the rows with boilerplate marked.

        If all rows are boilerplate, none is marked.
        """
        if self._manifest.keep_boilerplate:
            return rows
        looks_so = is_boilerplate if prepared is None else prepared.boilerplate.__contains__
        known = {
            row
            for row in rows
            if not row.part and (self._is_learned(article, row.text) or looks_so(row.text))
        }
        if len(known) == len(rows):
            return rows  # If all rows were marked, no search could find the article.
        return tuple(replace(row, boilerplate=True) if row in known else row for row in rows)

    def _is_learned(self, article: Article, text: str) -> bool:
        """Return whether the index has learned that `text` is boilerplate in its source."""
        if not self._learned or len(text) > MAX_BOILERPLATE:
            return False
        return RecurringText(article.source or "", text_digest(text)) in self._learned

    def _encode(self) -> None:
        """Add an embedding for each queued text to the batch.

        If the index has an embedding of the same text, copy it.
        """
        texts = self._batch.to_encode
        known = self._catalog.rows_of_contexts(list(texts))
        copies = self._vectors.read(list(known.values()))
        embeddings = dict(zip(known, copies, strict=True))
        new = {digest: text for digest, text in texts.items() if digest not in known}
        if new:
            made = self._open_encoder().encode(list(new.values()))
            embeddings.update(zip(new, records_of(made), strict=True))
            self.encoded += len(new)
        self._batch.add_embeddings(embeddings)

    def _open_encoder(self) -> ParagraphEncoder:
        if self._encoder is None:
            opened = OnnxEncoder.open(self._folder / ENCODER, self._manifest.encoder)
            self._encoder = TitledEncoder(opened)
        return self._encoder

    def _save(self, number: int = 0) -> None:
        """Make the batch durable."""
        self._encode()
        _failpoint("encoded")
        with self._failing():
            first, batch = self._commit.rows, self._batch
            self._write(number)
            self._batch = Batch()
            self._saved.add(batch, first)

    def _show(self) -> None:
        """Make all saved batches visible."""
        if self.visible < self.sequence:
            with self._failing():
                saved, self._saved = self._saved, SavedBatches()
                self._catch_up(PreparedTexts(saved.prepared), saved.rows)
                self._follow()

    def _follow(self) -> None:
        """Start making the parts that are derived beside the live index, if they are due."""
        self._clusters.follow(self._commit.rows)
        self._stories.follow(self._commit, writing=True)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Set `failed` after any error."""
        try:
            yield
        except BaseException:
            self.failed = True
            raise

    def _write(self, number: int) -> None:
        """Write rows.i8 and the catalog."""
        batch, last = self._batch, self._commit
        embeddings = batch.row_embeddings(self._manifest.encoder.dimension)
        checksum = last.checksum
        if len(embeddings):
            self._vectors.cut(last.rows)
            checksum = self._vectors.append(embeddings, last.rows, checksum)
        _failpoint("embeddings")
        self._commit = self._catalog.write(
            list(batch.articles.values()),
            list(batch.deleted),
            last.rows,
            checksum,
            number,
            learned=None if self._manifest.keep_boilerplate else self._learned,
            fields=self.declared,
        )
        self._learned = self._catalog.learned_boilerplate()
        _failpoint("catalog")

    def _catch_up(
        self, prepared: PreparedTexts = NOTHING_PREPARED, written: Mapping[int, Row] | None = None
    ) -> None:
        """Update columns, suggestions and keyword index to the last commit of the catalog.

        `prepared` contains the prepared results of that commit, and `written` maps
        row numbers to its rows. Rows that are not in `written` are read from the
        catalog. Results that are not in `prepared` are computed.
        """
        seen = self._keywords.sequence
        if seen > self.sequence:
            raise BrokenIndexError(
                f"the keyword index of {self._folder} is ahead of its catalog (commit {seen}, "
                f"but the catalog has {self.sequence}); restore the index from a backup"
            )
        self._columns.catch_up(
            self._catalog,
            self._commit.rows,
            prepared.sketches,
            prepared.identities,
            written,
        )
        _failpoint("columns")
        self._suggestions.catch_up(self.sequence, prepared, written)
        _failpoint("suggestions")
        if seen == self.sequence:
            return
        for rows in self._catalog.removed_rows(self.sequence, after=seen):
            self._keywords.delete(rows)
        hidden = self._catalog.boilerplate_rows(self.sequence, after=seen)
        there = self._catalog.commit_of(seen).rows
        self._keywords.delete([row for row in hidden if row < there])
        left_out = set(hidden)
        for record in self._catalog.alive(self.sequence, after=seen):
            kept = self._catalog.rows(set(record.rows) - left_out, written)
            known = prepared.terms(record.digest)
            for entry in entries_of(record, kept, self._analyzers, self.declared, known):
                self._keywords.add(entry)
        self._keywords.commit(self.sequence)
        _failpoint("keywords")


class IndexWriter(PartsWriter):
    """The writer of an index. An index has at most one writer at a time.

        with IndexWriter("news.index") as writer:
            writer.put(article)

    The `with` block commits at its end, unless an exception leaves the block. It ends when
    the clusters and stories of a large index are in use (see vectors/clustering.py and
    stories/background.py).
    The constructor recovers the index after a crash of an earlier writer.

    `trust` is required for a whoosh index, because its files contain pickles.
    `wait` is the number of seconds to wait for the write lock. `device` is a GPU on
    which paragraphs are encoded, such as "cuda"; this needs sentence-transformers.

    Raises UserError if there is no such device. Raises NotAnIndexError,
    IndexLockedError, NotWritableError, UntrustedIndexError, EncoderError or
    BrokenIndexError if the index cannot be opened.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        trust: bool = False,
        wait: float = LOCK_WAIT,
        device: str | None = None,
    ) -> None:
        index = Path(path)
        Manifest.read(index)  # If this is not an index, raise before a lock file is created.
        with ExitStack() as locked:
            locked.callback(WriteLock(index, wait=wait).release)
            manifest = Manifest.read(index)
            with suppress(OSError):  # Leftovers do no harm, and a compaction reports the error.
                remove_leftovers(index, manifest)
            encoder = None if device is None else open_on_device(manifest.encoder, device)
            super().__init__(
                manifest.parts(index),
                manifest,
                trust=trust,
                encoder=encoder,
                encode_every=None if device is None else DEVICE_ENCODE_EVERY,
            )
            self._locked = locked.pop_all()

    def put(self, article: Article | Prepared | Mapping[str, Any]) -> Outcome:
        """See PartsWriter. Raises InputError if a declared field has another kind."""
        if isinstance(article, Mapping):
            article = _from_mapping(article)
        check_values(article_in(article).extra, self.declared)
        return super().put(article)

    def close(self) -> None:
        """Close the index, drop uncommitted changes and release the write lock."""
        with self._locked:
            super().close()


def _failpoint(step: str) -> None:
    """Raise an audit event after a step of a commit.

    Tests listen for the event and end the process at that step. Without a listener,
    an audit event costs nothing.
    """
    sys.audit("nutgraf.commit", step)


def _from_mapping(fields: Mapping[str, Any]) -> Article:
    read = article_of(fields, _no_id)
    if read.warning is not None:
        warnings.warn(f"article {read.article.id!r}: {read.warning}", stacklevel=3)
    return read.article


def _no_id() -> NoReturn:
    raise InputError("'id' is missing; add it")
