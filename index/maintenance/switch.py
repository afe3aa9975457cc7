"""The last part of a rebuild: fill the new generation, and switch to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from nutgraf.index.article import Article
from nutgraf.index.catalog.records import Commit
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.generations import remove_leftovers
from nutgraf.index.maintenance.reranker import copy_reranker
from nutgraf.index.maintenance.result import OnProgress
from nutgraf.index.maintenance.source import RebuildSource
from nutgraf.index.manifest import Manifest
from nutgraf.index.storage.failpoint import failpoint
from nutgraf.index.storage.files import sync_tree
from nutgraf.index.storage.lock import WriteLock
from nutgraf.index.writing.parts import PartsWriter

__all__ = ["fill_and_switch", "put_articles", "writing"]

REBUILD_LOCK_WAIT: Final = 60.0
"""Seconds to wait for the write lock before the switch to the new generation."""


@contextmanager
def writing(index: Path) -> Iterator[None]:
    """Hold the write lock of an index, after waiting for its writer."""
    lock = WriteLock(index, wait=REBUILD_LOCK_WAIT)
    try:
        yield
    finally:
        lock.release()


def fill_and_switch(
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
    failpoint("rebuild", "copied")
    with writing(index):
        # With the write lock held, no later commit can follow.
        last = _follow(source, commit, writer)
        sequence = writer.commit(max(last.sequence, writer.sequence) + 1)
        writer.close()
        sync_tree(target.parts(index))
        failpoint("rebuild", "followed")
        target.write(index)
        failpoint("rebuild", "switched")
        _remove_others(index, target)
        failpoint("rebuild", "removed")
    return last, sequence


def put_articles(
    articles: Iterable[Article], writer: PartsWriter, total: int, on_progress: OnProgress
) -> None:
    """Add articles, and report how many of their `total` paragraphs are finished."""
    done = 0
    for article in articles:
        writer.put(article)
        done += len(article.paragraphs)
        on_progress(done, total)


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


def _remove_others(index: Path, target: Manifest) -> None:
    try:
        remove_leftovers(index, target)
    except OSError as error:
        raise BrokenIndexError(
            f"{index} was rebuilt, but {error.filename} of an old generation could not be removed "
            f"({error.strerror}): remove it yourself, or the next writer tries again"
        ) from error
