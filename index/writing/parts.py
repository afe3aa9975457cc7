"""PartsWriter: put, delete, commit, recover.

The source of truth of an index is the catalog, together with rows.i8. A commit
first appends embeddings to rows.i8 and makes them durable, then it commits the
catalog. After that, a crash loses nothing. Columns, suggestions and keyword
index are derived from the catalog (derived.py). The keyword index is updated last
and stores the sequence number of the commit. Readers show all parts as of that
number, so a commit is visible in all parts or in none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Literal

from nutgraf.index.analysis.language_detection import with_language
from nutgraf.index.article import Article
from nutgraf.index.catalog.rows import ArticleRows
from nutgraf.index.catalog.writer import CatalogWriter
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.fields.declared import DeclaredKind
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.encoder import OnnxEncoder
from nutgraf.index.models.encoder.titled import ParagraphEncoder, TitledEncoder
from nutgraf.index.models.encoder.token_counts import TokenCounter
from nutgraf.index.prepared import Prepared, PreparedTexts, article_in
from nutgraf.index.split import contexts_of
from nutgraf.index.storage.closing import Closing
from nutgraf.index.storage.failpoint import failpoint
from nutgraf.index.storage.layout import CATALOG, ENCODER, VECTORS
from nutgraf.index.vectors import VectorFile
from nutgraf.index.vectors.records import records_of
from nutgraf.index.writing.batch import Batch, SavedBatches
from nutgraf.index.writing.derived import DerivedParts
from nutgraf.index.writing.rows import RowMaker

__all__ = ["Outcome", "PartsWriter"]

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


class PartsWriter(Closing):
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
        self._vectors = VectorFile(folder / VECTORS, manifest.encoder.dimension)
        with ExitStack() as opened:
            self._catalog = CatalogWriter.open(folder / CATALOG, writing=True)
            opened.callback(self._catalog.close)
            self._commit = self._catalog.last_commit()
            self._vectors.cut(self._commit.rows)
            self._derived = DerivedParts(folder, manifest, self._catalog, trust=trust)
            opened.callback(self._derived.close)
            self._derived.catch_up(self._commit)
            self._derived.follow(self._commit)
            self._rows = RowMaker(
                manifest,
                TokenCounter(folder / ENCODER, manifest.encoder),
                self._catalog.learned_boilerplate(),
            )
            self._opened = opened.pop_all()

    @property
    def sequence(self) -> int:
        """The sequence number of the newest durable changes."""
        return self._commit.sequence

    @property
    def visible(self) -> int:
        """The sequence number of the newest changes that readers can see."""
        return self._derived.sequence

    @property
    def declared(self) -> Mapping[str, DeclaredKind]:
        """The kind of each declared field, by its name."""
        return self._declared

    def ids(self) -> Iterator[str]:
        """Yield the ids of the articles in the index as of the last commit."""
        return self._catalog.ids(self.sequence)

    def put(self, article: Article | Prepared) -> Outcome:
        """Add an article or replace the article with the same id; return the outcome.

        If the index has this article with the same content, nothing changes. The
        article is visible and durable after the next commit. The writer commits
        when COMMIT_EVERY rows are uncommitted. Before that, it makes each SAVE_EVERY
        rows durable; if it is killed, the next writer makes them visible. An article
        without a language gets the detected language, or the language of the index if
        the detection is uncertain. A prepared article gives the same result in less time.
        """
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
        self._derived.wait()

    def close(self) -> None:
        """Close the index and drop changes that are not durable."""
        with self._opened:
            if not self.failed:
                self._show()
                self._derived.finish(self._commit)

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
        rows = self._rows.rows(article, prepared)
        contexts = [
            b"" if context is None else self._batch.add_text(context)
            for context in contexts_of(article.title, rows)
        ]
        return ArticleRows(article, rows, tuple(contexts), digest)

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
        failpoint("commit", "encoded")
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
                self._derived.catch_up(self._commit, PreparedTexts(saved.prepared), saved.rows)
                self._derived.follow(self._commit)

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
        failpoint("commit", "embeddings")
        self._commit = self._catalog.write(
            list(batch.articles.values()),
            list(batch.deleted),
            last.rows,
            checksum,
            number,
            learned=None if self._manifest.keep_boilerplate else self._rows.learned,
            fields=self.declared,
        )
        self._rows.learned = self._catalog.learned_boilerplate()
        failpoint("commit", "catalog")
