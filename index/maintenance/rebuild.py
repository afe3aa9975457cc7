"""Rebuilding: another generation of an index, made from the articles of the one in use.

Compaction, repair and a change of encoder are the same thing, and a backup
(backup.py) is it in another place: the articles that are alive are put, one
after the other, into a generation of their own, by the writer that every index
is written by. What the index has embedded already is not encoded again. What is
boilerplate is learned anew, from the living: what was, and is not any more or
not yet, has no embedding, and is encoded.

It is made beside the one in use, which can be searched and written in the
meantime. At the end the write lock is taken, what changed since is put as
well, and the manifest is replaced: from then on readers and writers use the
new one. A process that is killed on the way leaves the index as it was.
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
from nutgraf.index.writer import PartsWriter

__all__ = [
    "OnProgress",
    "RebuildResult",
    "compact_index",
    "no_progress",
    "put_articles",
    "put_back_index",
    "rebuild_result",
    "reindex",
    "repair_index",
]

OnProgress = Callable[[int, int], None]
"""Called with the paragraphs that are done, and how many there are."""

REBUILD_LOCK_WAIT: Final = 60.0
"""Seconds in which whoever writes has to let go, so that the new generation can take over."""


@dataclass(frozen=True, slots=True)
class RebuildResult:
    """What came of it: `encoded` paragraphs had no embedding that could be kept."""

    articles: int
    paragraphs: int
    dropped_rows: int
    encoded: int
    snapshot: int


def no_progress(_done: int, _total: int) -> None:
    """Nobody looks on."""


def compact_index(path: str | Path, *, on_progress: OnProgress = no_progress) -> RebuildResult:
    """Drop what was deleted or replaced, from every part of the index.

    Generations that were kept to be put back, or that were begun, go too: the
    text of an article that was deleted before is nowhere in the index then.

    Raises NotAnIndexError, IndexLockedError, and BrokenIndexError where the
    index has to be repaired first.
    """
    index = Path(path)
    with _rebuilding(index) as manifest, RebuildSource(manifest.parts(index), manifest) as source:
        if source.damaged_rows():
            raise BrokenIndexError(
                f"embeddings of {index} are damaged: 'nutgraf repair' mends them, and compacts"
            )
        return _renew(index, source, StoredEmbeddings(source), on_progress)


def repair_index(path: str | Path, *, on_progress: OnProgress = no_progress) -> RebuildResult:
    """Make all that can be made again: keyword index, columns, and embeddings that are damaged.

    It compacts as well. Raises BrokenIndexError where the catalog is damaged:
    texts cannot be made again; EncoderError where the encoder is, and its
    model cannot be found.
    """
    index = Path(path)
    with _rebuilding(index) as manifest:
        _repair_catalog(index, manifest)
        with RebuildSource(manifest.parts(index), manifest) as source:
            known = StoredEmbeddings(source, source.damaged_rows())
            return _renew(index, source, known, on_progress)


def reindex(
    path: str | Path, model: str, *, trust: bool = False, on_progress: OnProgress = no_progress
) -> RebuildResult:
    """Encode every paragraph with another model; the generation before is kept, to be put back.

    `model` is what create_index takes. Killed or interrupted, it goes on where
    it was when it is called again with the same model; for that, `trust` is
    needed with a whoosh index, whose files hold pickles.

    Raises NotAnIndexError, IndexLockedError, UntrustedIndexError,
    BrokenIndexError, and EncoderError where the index has that encoder, or the
    model is not found.
    """
    index = Path(path)
    with _rebuilding(index) as manifest:
        if _is_of(manifest.encoder, model):
            raise EncoderError(f"{index} has the encoder {manifest.encoder.name} already")
        with RebuildSource(manifest.parts(index), manifest) as source:
            generation = _begun(index, manifest, model)
            if generation is not None:
                try:
                    return _take(index, source, generation, on_progress, trust=trust)
                except (BrokenIndexError, EncoderError):
                    # It was not whole. If the index is not, either, that is told once more.
                    remove_generation(index, generation)
            generation, _ = _begin(index, manifest, model)
            return _take(index, source, generation, on_progress, trust=True)


def put_back_index(
    path: str | Path, *, trust: bool = False, on_progress: OnProgress = no_progress
) -> RebuildResult:
    """Use the generation before the last change of encoder again, with what was put since.

    The one in use becomes the one that can be put back. `trust` is needed for
    a whoosh index, whose files hold pickles. Raises EncoderError where there
    is none to put back, otherwise as `reindex`.
    """
    index = Path(path)
    with _rebuilding(index) as manifest:
        if manifest.previous is None:
            raise EncoderError(
                f"{index} keeps no other encoder: there is one after 'nutgraf reindex', until "
                "'nutgraf compact' or 'nutgraf repair'"
            )
        with RebuildSource(manifest.parts(index), manifest) as source:
            return _take(index, source, manifest.previous, on_progress, trust=trust)


@contextmanager
def _rebuilding(index: Path) -> Iterator[Manifest]:
    """Let nobody else rebuild, and give the manifest, which nobody else changes then."""
    Manifest.read(index)  # No lock is made in a folder that is no index.
    lock = WriteLock(index, REBUILD_LOCK)
    try:
        yield Manifest.read(index)
    finally:
        lock.release()


def _repair_catalog(index: Path, manifest: Manifest) -> None:
    """Make SQLite's own indexes again, where they are damaged: its tables may be sound."""
    lock = WriteLock(index, wait=REBUILD_LOCK_WAIT)
    try:
        # What cannot be mended is told when it is read.
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


def _renew(
    index: Path, source: RebuildSource, known: StoredEmbeddings, on_progress: OnProgress
) -> RebuildResult:
    """Build a generation with the same encoder, and keep no other."""
    manifest = source.manifest
    for generation in generations(index):
        check_no_links(index, generation)
        if generation not in (manifest.generation, manifest.previous):
            remove_generation(index, generation)
    try:
        generation, encoder = _begin(index, manifest, str(source.folder / ENCODER))
    except (BrokenIndexError, EncoderError):
        # Its files are damaged. The model that it was made from may be at hand.
        generation, encoder = _begin(index, manifest, manifest.encoder.name)
    same = encoder.sha256 == manifest.encoder.sha256
    target = replace(manifest, encoder=encoder, generation=generation, previous=None)
    try:
        with closing(_open_parts(index, target, known if same else None, trust=True)) as writer:
            last, sequence = _build(index, source, target, writer, on_progress)
            return rebuild_result(last, known.encoded if same else writer.encoded, sequence)
    except BaseException:
        # Nobody goes on with it, and it takes the room that may be lacking.
        if Manifest.read(index).generation != generation:
            shutil.rmtree(parts_folder(index, generation), ignore_errors=True)
        raise


def _take(
    index: Path, source: RebuildSource, generation: int, on_progress: OnProgress, *, trust: bool
) -> RebuildResult:
    """Bring a generation with another encoder up to date and use it; keep the one in use."""
    manifest = source.manifest
    encoder = EncoderConfig.read(parts_folder(index, generation) / ENCODER)
    target = replace(manifest, encoder=encoder, generation=generation, previous=manifest.generation)
    with closing(_open_parts(index, target, None, trust=trust)) as writer:
        try:
            last, sequence = _build(index, source, target, writer, on_progress)
        except KeyboardInterrupt:
            if not writer.failed:
                writer.commit()  # What was encoded need not be again.
            raise
        return rebuild_result(last, writer.encoded, sequence)


def _open_parts(
    index: Path, target: Manifest, encoder: ParagraphEncoder | None, *, trust: bool
) -> PartsWriter:
    return PartsWriter(target.parts(index), target, trust=trust, encoder=encoder)


def _begin(index: Path, manifest: Manifest, model: str) -> tuple[int, EncoderConfig]:
    """Make an empty generation; it appears under its number when it is whole."""
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
    """Return the generation with the encoder of `model`, begun before or kept; drop others."""
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
        return encoder.sha256 == EncoderConfig.read(exported).sha256
    return encoder.name == model


def _build(
    index: Path,
    source: RebuildSource,
    target: Manifest,
    writer: PartsWriter,
    on_progress: OnProgress,
) -> tuple[Commit, int]:
    """Bring the parts of `target` to what the index holds, and let them take over.

    Returns the commit of the index that they hold, and what it is called from now on.
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
    _failpoint("copied")
    lock = WriteLock(index, wait=REBUILD_LOCK_WAIT)
    try:
        # Nobody writes now, so this is all there is.
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
            f"{index} is done, but {error.filename} of the generation before could not be removed "
            f"({error.strerror}): remove it yourself"
        ) from error


def _follow(source: RebuildSource, seen: Commit, writer: PartsWriter) -> Commit:
    """Put and delete what was put and deleted since commit `seen`; return the newest."""
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
    """Put articles, telling how many of their `total` paragraphs are done."""
    done = 0
    for article in articles:
        writer.put(article)
        done += len(article.paragraphs)
        on_progress(done, total)


def rebuild_result(commit: Commit, encoded: int, sequence: int) -> RebuildResult:
    """Return what came of writing all that is alive at `commit`, now called `sequence`."""
    dropped = commit.rows - commit.living
    return RebuildResult(commit.articles, commit.paragraphs, dropped, encoded, sequence)


def _failpoint(step: str) -> None:
    """Tell that a step is done, as IndexWriter does for a commit."""
    sys.audit("nutgraf.rebuild", step)
