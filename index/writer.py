"""IndexWriter: the writer of an index, with its lock and its device."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NoReturn

from nutgraf.index.article import Article
from nutgraf.index.errors import InputError
from nutgraf.index.fields.declared import check_values
from nutgraf.index.generations import remove_leftovers
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.encoder.device import DEVICE_ENCODE_EVERY, open_on_device
from nutgraf.index.prepared import Prepared, article_in
from nutgraf.index.sources.fields.article import article_of
from nutgraf.index.storage.lock import LOCK_WAIT, WriteLock
from nutgraf.index.writing.parts import Outcome, PartsWriter

__all__ = ["IndexWriter", "Outcome"]


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
        """Add or replace an article, as PartsWriter does; return the outcome.

        A mapping has the fields of a line of JSONL: "id", "title", "paragraphs" or
        "text", and the optional fields. Its "published" may be a text, a date or a
        datetime. Other keys go into "extra". Invalid characters are removed from its
        texts, with a warning, and so are values that do not fit into "extra". Raises
        InputError, with the name of the field, if a field is missing or invalid, or if a
        declared field has another kind.
        """
        if isinstance(article, Mapping):
            article = _from_mapping(article)
        check_values(article_in(article).extra, self.declared)
        return super().put(article)

    def close(self) -> None:
        """Close the index, drop uncommitted changes and release the write lock."""
        with self._locked:
            super().close()


def _from_mapping(fields: Mapping[str, Any]) -> Article:
    read = article_of(fields, _no_id)
    if read.warning is not None:
        warnings.warn(f"article {read.article.id!r}: {read.warning}", stacklevel=3)
    return read.article


def _no_id() -> NoReturn:
    raise InputError("'id' is missing; add it")
