"""Rebuilds: write the articles of an index to a new generation.

A generation is a complete set of the parts of an index. The manifest names the
generation in use, which is called the current one here. Compaction, repair and
a change of encoder are rebuilds. A backup (backup.py) does the same in another
folder.

The new generation is written by `PartsWriter`, like any index. It contains the
articles of the current generation, without deleted and replaced articles.
Stored embeddings are reused, unless the encoder changes. Boilerplate is learned
again. A paragraph that was added as boilerplate has no stored embedding. If the
new generation does not treat it as boilerplate, the paragraph is encoded.

The new generation is built beside the current one, which can be searched and
written meanwhile. At the end, the rebuild takes the write lock, applies the
changes made since the rebuild began, and replaces the manifest. From then on,
readers and writers use the new generation. If the process is killed before the
manifest is replaced, the index is unchanged.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from nutgraf.index.article import Article
from nutgraf.index.catalog.records import Commit
from nutgraf.index.catalog.unchecked import UncheckedCatalog
from nutgraf.index.errors import BrokenIndexError, EncoderError, NutgrafError
from nutgraf.index.generations import check_no_links, remove_generation, remove_leftovers
from nutgraf.index.maintenance.create import exported_encoder, make_encoder, make_parts
from nutgraf.index.maintenance.reranker import copy_reranker
from nutgraf.index.maintenance.source import RebuildSource, StoredEmbeddings
from nutgraf.index.manifest import Manifest
from nutgraf.index.models.encoder import EncoderConfig
from nutgraf.index.models.encoder.titled import ParagraphEncoder
from nutgraf.index.storage.files import sync_tree
from nutgraf.index.storage.layout import CATALOG, ENCODER, REBUILD_LOCK, generations, parts_folder
from nutgraf.index.storage.lock import WriteLock
from nutgraf.index.writing.parts import PartsWriter

__all__ = [
    "OnProgress",
    "RebuildResult",
    "compact_index",
    "no_progress",
    "put_articles",
    "put_back_index",
    "rebuild_result",
    "rebuilding",
    "reindex",
    "renew",
    "repair_index",
]

OnProgress = Callable[[int, int], None]
"""A function that is called with the numbers of finished and of all paragraphs."""

REBUILD_LOCK_WAIT: Final = 60.0
"""Seconds to wait for the write lock before the switch to the new generation."""


@dataclass(frozen=True, slots=True)
class RebuildResult:
    """The counts of a rebuild.

    `articles` and `paragraphs` are those of the new generation. `dropped_rows` counts the
    rows of deleted and replaced articles. `encoded` counts the paragraphs that had no
    embedding to reuse. `snapshot` is the sequence number of the new generation.
    """

    articles: int
    paragraphs: int
    dropped_rows: int
    encoded: int
    snapshot: int


def no_progress(_done: int, _total: int) -> None:
    """Ignore progress."""


def compact_index(path: str | Path, *, on_progress: OnProgress = no_progress) -> RebuildResult:
    """Remove deleted and replaced articles from every part of the index.

    Previous and unfinished generations are removed too. Afterwards, no file of the
    index contains the text of an article that was deleted before.

    Raises NotAnIndexError if there is no index at `path`, IndexLockedError if another
    process rebuilds or writes it, and BrokenIndexError if it must be repaired first.
    """
    index = Path(path)
    with rebuilding(index) as manifest, RebuildSource(manifest.parts(index), manifest) as source:
        if source.damaged_rows():
            raise BrokenIndexError(
                f"embeddings of {index} are damaged: run 'nutgraf repair', which also compacts it"
            )
        return renew(index, source, StoredEmbeddings(source), on_progress)


def repair_index(path: str | Path, *, on_progress: OnProgress = no_progress) -> RebuildResult:
    """Rebuild the keyword index, columns and suggestions, and damaged embeddings.

    Deleted and replaced articles are removed, as by `compact_index`. Raises
    BrokenIndexError if the catalog is damaged, because texts cannot be rebuilt. Raises
    EncoderError if the encoder is damaged and its model cannot be found.
    """
    index = Path(path)
    with rebuilding(index) as manifest:
        _repair_catalog(index, manifest)
        with RebuildSource(manifest.parts(index), manifest) as source:
            known = StoredEmbeddings(source, source.damaged_rows())
            return renew(index, source, known, on_progress)


def reindex(
    path: str | Path, model: str, *, trust: bool = False, on_progress: OnProgress = no_progress
) -> RebuildResult:
    """Encode every paragraph with another model, in a new generation.

    The old generation is kept, so that `put_back_index` can switch back to it. `model`
    has the same meaning as for `create_index`. If the process was killed or interrupted,
    call this function again with the same model to continue. To continue with a whoosh
    index, `trust` is required, because its files contain pickles.

    Raises NotAnIndexError if there is no index at `path`, IndexLockedError if another
    process rebuilds or writes it, and BrokenIndexError if it is damaged. Raises
    UntrustedIndexError if `trust` is required but not given. Raises EncoderError if the
    index already has that encoder or the model is not found.
    """
    index = Path(path)
    with rebuilding(index) as manifest:
        if _is_of(manifest.encoder, model):
            raise EncoderError(
                f"{index} already has the encoder {manifest.encoder.name}: name another model"
            )
        with RebuildSource(manifest.parts(index), manifest) as source:
            generation = _begun(index, manifest, model)
            if generation is not None:
                try:
                    return _take(index, source, generation, on_progress, trust=trust)
                except (BrokenIndexError, EncoderError):
                    # The generation of the earlier run is damaged: start again. If the index
                    # itself is damaged, the next attempt raises the error.
                    remove_generation(index, generation)
            generation, _ = _begin(index, manifest, model)
            return _take(index, source, generation, on_progress, trust=True)


def put_back_index(
    path: str | Path, *, trust: bool = False, on_progress: OnProgress = no_progress
) -> RebuildResult:
    """Switch back to the encoder that the index had before the last `reindex`.

    Changes of articles since then are kept. The current generation is kept too, so a
    second call of this function switches to its encoder again.
    `trust` is required for a whoosh index, because its files contain pickles. Raises
    EncoderError if there is no previous generation, and the other errors of `reindex`.
    """
    index = Path(path)
    with rebuilding(index) as manifest:
        if manifest.previous is None:
            raise EncoderError(
                f"{index} keeps no other encoder: 'nutgraf reindex' keeps the previous one, and "
                "'nutgraf compact' and 'nutgraf repair' remove it"
            )
        with RebuildSource(manifest.parts(index), manifest) as source:
            return _take(index, source, manifest.previous, on_progress, trust=trust)


@contextmanager
def rebuilding(index: Path) -> Iterator[Manifest]:
    """Hold the rebuild lock and yield the manifest.

    No other process changes the manifest while the lock is held.
    """
    Manifest.read(index)  # Before the lock: no lock file is created outside an index.
    lock = WriteLock(index, REBUILD_LOCK)
    try:
        yield Manifest.read(index)
    finally:
        lock.release()


def _repair_catalog(index: Path, manifest: Manifest) -> None:
    """Rebuild the SQLite indexes of the catalog if SQLite reports damage.

    Its tables may be undamaged.
    """
    lock = WriteLock(index, wait=REBUILD_LOCK_WAIT)
    try:
        # Other damage raises an error later, when the catalog is read.
        with (
            suppress(NutgrafError),
            closing(
                UncheckedCatalog.open(manifest.parts(index) / CATALOG, writing=True)
            ) as catalog,
        ):
            if catalog.complaints(1):
                catalog.rebuild_indexes()
    finally:
        lock.release()


def renew(
    index: Path, source: RebuildSource, known: StoredEmbeddings, on_progress: OnProgress
) -> RebuildResult:
    """Build a new generation with the encoder that the index has now.

    Then delete all other generations.
    """
    manifest = source.manifest
    for generation in generations(index):
        check_no_links(index, generation)
        if generation not in (manifest.generation, manifest.previous):
            remove_generation(index, generation)
    try:
        generation, encoder = _begin(index, manifest, str(source.folder / ENCODER))
    except (BrokenIndexError, EncoderError):
        # The encoder's files are damaged. Its model may be available.
        generation, encoder = _begin(index, manifest, manifest.encoder.name)
    same = encoder.embeds_like(manifest.encoder)
    target = replace(manifest, encoder=encoder, generation=generation, previous=None)
    try:
        with closing(_open_parts(index, target, known if same else None, trust=True)) as writer:
            last, sequence = _build(index, source, target, writer, on_progress)
            return rebuild_result(last, known.encoded if same else writer.encoded, sequence)
    except BaseException:
        # No later run continues the new generation, and its files may have filled the disk.
        if Manifest.read(index).generation != generation:
            shutil.rmtree(parts_folder(index, generation), ignore_errors=True)
        raise


def _take(
    index: Path, source: RebuildSource, generation: int, on_progress: OnProgress, *, trust: bool
) -> RebuildResult:
    """Update a generation with another encoder, and switch to it.

    The current generation is kept as the previous one.
    """
    manifest = source.manifest
    encoder = EncoderConfig.read(parts_folder(index, generation) / ENCODER)
    target = replace(manifest, encoder=encoder, generation=generation, previous=manifest.generation)
    with closing(_open_parts(index, target, None, trust=trust)) as writer:
        try:
            last, sequence = _build(index, source, target, writer, on_progress)
        except KeyboardInterrupt:
            if not writer.failed:
                writer.commit()  # Keep the embeddings made so far.
            raise
        return rebuild_result(last, writer.encoded, sequence)


def _open_parts(
    index: Path, target: Manifest, encoder: ParagraphEncoder | None, *, trust: bool
) -> PartsWriter:
    return PartsWriter(target.parts(index), target, trust=trust, encoder=encoder)


def _begin(index: Path, manifest: Manifest, model: str) -> tuple[int, EncoderConfig]:
    """Create an empty generation with the encoder of `model`.

    Its folder gets its final name when all empty parts exist. Return the number of the
    generation and the configuration of the encoder.
    """
    generation = max(*generations(index), manifest.generation, manifest.previous or 0) + 1
    folder = parts_folder(index, generation)
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir()
        partial.chmod(index.stat().st_mode & 0o777)
        encoder = make_encoder(model, partial / ENCODER)
        make_parts(partial, manifest.keyword_engine)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return generation, encoder


def _begun(index: Path, manifest: Manifest, model: str) -> int | None:
    """Return the unfinished or previous generation with the encoder of `model`.

    Return None if there is no such generation. Remove all other unfinished generations.
    """
    found = None
    for generation in generations(index):
        if generation == manifest.generation:
            continue
        folder = parts_folder(index, generation) / ENCODER
        if _holds(folder, model):
            found = generation
        elif generation != manifest.previous:
            remove_generation(index, generation)
    return found


def _holds(folder: Path, model: str) -> bool:
    try:
        return _is_of(EncoderConfig.read(folder), model)
    except BrokenIndexError:
        return False


def _is_of(encoder: EncoderConfig, model: str) -> bool:
    exported = exported_encoder(model)
    if exported is not None:
        return encoder.embeds_like(EncoderConfig.read(exported))
    return encoder.name == model


def _build(
    index: Path,
    source: RebuildSource,
    target: Manifest,
    writer: PartsWriter,
    on_progress: OnProgress,
) -> tuple[Commit, int]:
    """Copy the articles of the index to the parts of `target`, and switch to them.

    Return the copied commit of the index, and the number of this commit in the new
    generation.
    """
    catalog = source.catalog
    reranker = copy_reranker(source.folder, source.manifest, target.parts(index))
    target = replace(target, reranker=reranker)
    commit = catalog.last_commit()
    put_articles(source.articles(commit), writer, commit.paragraphs, on_progress)
    for name in writer.ids():
        if catalog.find(name, commit.sequence) is None:
            writer.delete(name)
    writer.commit()
    writer.wait_for_threads()
    _failpoint("copied")
    lock = WriteLock(index, wait=REBUILD_LOCK_WAIT)
    try:
        # With the write lock held, no later commit can follow.
        last = _follow(source, commit, writer)
        sequence = writer.commit(max(last.sequence, writer.sequence) + 1)
        writer.close()
        sync_tree(target.parts(index))
        _failpoint("followed")
        target.write(index)
        _failpoint("switched")
        _remove_others(index, target)
        _failpoint("removed")
    finally:
        lock.release()
    return last, sequence


def _remove_others(index: Path, target: Manifest) -> None:
    try:
        remove_leftovers(index, target)
    except OSError as error:
        raise BrokenIndexError(
            f"{index} was rebuilt, but {error.filename} of an old generation could not be removed "
            f"({error.strerror}): remove it yourself, or the next writer tries again"
        ) from error


def _follow(source: RebuildSource, seen: Commit, writer: PartsWriter) -> Commit:
    """Apply the changes of the index since commit `seen`; return its newest commit."""
    catalog = source.catalog
    last = catalog.last_commit()
    for article in source.articles(last, seen.sequence):
        writer.put(article)
    for name in catalog.removed_ids(last.sequence, seen.sequence):
        if catalog.find(name, last.sequence) is None:
            writer.delete(name)
    return last


def put_articles(
    articles: Iterable[Article], writer: PartsWriter, total: int, on_progress: OnProgress
) -> None:
    """Add articles, and report how many of their `total` paragraphs are finished."""
    done = 0
    for article in articles:
        writer.put(article)
        done += len(article.paragraphs)
        on_progress(done, total)


def rebuild_result(commit: Commit, encoded: int, sequence: int) -> RebuildResult:
    """Return the result of a rebuild of `commit`.

    `sequence` is the number of the commit in the new generation.
    """
    dropped = commit.rows - commit.living
    return RebuildResult(commit.articles, commit.paragraphs, dropped, encoded, sequence)


def _failpoint(step: str) -> None:
    """Raise an audit event after a step, as IndexWriter does for a commit."""
    sys.audit("nutgraf.rebuild", step)
