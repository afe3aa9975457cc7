"""Backups: copy an index to a new index while it is searched and written."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from nutgraf.index.errors import BrokenIndexError, EncoderError, NotAnIndexError
from nutgraf.index.maintenance.create import make_parts
from nutgraf.index.maintenance.reranker import copy_reranker
from nutgraf.index.maintenance.result import OnProgress, RebuildResult, no_progress, rebuild_result
from nutgraf.index.maintenance.source import RebuildSource, StoredEmbeddings
from nutgraf.index.maintenance.switch import put_articles
from nutgraf.index.manifest import Manifest, now
from nutgraf.index.models.encoder import OnnxEncoder
from nutgraf.index.storage.files import copy_files, sync, sync_tree
from nutgraf.index.storage.layout import ENCODER, FIRST
from nutgraf.index.storage.lock import WriteLock
from nutgraf.index.writing.parts import PartsWriter

__all__ = ["back_up_index"]


def back_up_index(
    path: str | Path, destination: str | Path, *, on_progress: OnProgress = no_progress
) -> RebuildResult:
    """Copy the newest commit of the index to `destination`, which must not exist.

    The copy is an index without deleted and replaced articles. Until it is complete, it
    is named DESTINATION.partial. This function does not lock the index, so the index can
    be searched and written meanwhile.

    Raises NotAnIndexError if `destination` exists or is inside the index. Raises
    IndexLockedError if another process makes the same backup, and BrokenIndexError if the
    index must be repaired first.
    """
    index, copy = Path(path), Path(destination).resolve()
    manifest = Manifest.read(index)
    if copy.exists():
        raise NotAnIndexError(f"{destination} already exists: name another path for the backup")
    if copy.is_relative_to(index.resolve()):
        raise NotAnIndexError(f"{destination} is inside the index: name a path outside of it")
    partial = copy.with_name(f"{copy.name}.partial")
    partial.mkdir(parents=True, exist_ok=True)
    lock = WriteLock(partial)
    try:
        done = _copy(index, manifest, partial, on_progress)
        partial.chmod(index.stat().st_mode & 0o777)
        sync_tree(partial)
        partial.rename(copy)
        sync(copy.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        lock.release()
    return done


def _copy(index: Path, manifest: Manifest, partial: Path, on_progress: OnProgress) -> RebuildResult:
    while True:
        _clear(partial)
        try:
            return _copy_generation(index, manifest, partial, on_progress)
        except (BrokenIndexError, EncoderError, OSError):
            before, manifest = manifest, Manifest.read(index)
            if manifest == before:
                raise
            # A rebuild has replaced this generation and deleted its files: copy the new one.


def _clear(partial: Path) -> None:
    """Remove the files of an earlier attempt, except the lock, which is in use."""
    for path in partial.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.suffix != ".lock":
            path.unlink()


def _copy_generation(
    index: Path, manifest: Manifest, partial: Path, on_progress: OnProgress
) -> RebuildResult:
    with RebuildSource(manifest.parts(index), manifest) as source:
        if source.damaged_rows():
            raise BrokenIndexError(
                f"embeddings of {index} are damaged: run 'nutgraf repair' and then back up again"
            )
        OnnxEncoder.open(source.folder / ENCODER, manifest.encoder)
        copy_files(source.folder / ENCODER, partial / ENCODER)
        reranker = copy_reranker(source.folder, manifest, partial)
        make_parts(partial, manifest.keyword_engine)
        # The copy gets a new creation time, so that a process that has the original open notices
        # if the copy replaces the original.
        target = replace(
            manifest, generation=FIRST, previous=None, created=now(), reranker=reranker
        )
        known = StoredEmbeddings(source)
        with closing(PartsWriter(partial, target, trust=True, encoder=known)) as writer:
            commit = source.catalog.last_commit()
            put_articles(source.articles(commit), writer, commit.paragraphs, on_progress)
            sequence = writer.commit(commit.sequence)
        target.write(partial)
    return rebuild_result(commit, known.encoded, sequence)
