"""`nutgraf watch`: index folders, and files that are added or changed later."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from nutgraf.api.cli.options import (
    DEFAULT_INDEX,
    MAX_LOCK_WAIT_SECONDS,
    AsJson,
    Columns,
    Device,
    Fields,
    Index,
    KeepBoilerplate,
    KeywordEngine,
    Lead,
    Model,
    Rejects,
    Reranker,
    Trust,
)
from nutgraf.index.errors import IndexLockedError, UserError, WorkerError

if TYPE_CHECKING:
    from nutgraf.api.cli.indexing.article_reader import ArticleReader
    from nutgraf.api.cli.indexing.index import IndexOptions, Summary
    from nutgraf.api.cli.indexing.stable_files import StableFiles
    from nutgraf.index.sources import Found

__all__ = ["FolderWatcher", "add_watch", "changed_paths", "watch"]

POLL_MILLISECONDS: Final = 250
"""Milliseconds between two checks for changes."""


def add_watch(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(watch)


def watch(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="The folders to index and watch.")
    ],
    index: Index = DEFAULT_INDEX,
    keyword_engine: KeywordEngine = None,
    model: Model = None,
    reranker: Reranker = None,
    keep_boilerplate: KeepBoilerplate = False,
    lead: Lead = None,
    columns: Columns = None,
    fields: Fields = None,
    device: Device = None,
    rejects: Rejects = None,
    as_json: AsJson = False,
    trust: Trust = False,
) -> None:
    """Index folders, then each new or changed file.

    The command runs until control-C. Articles of deleted files stay in the index.
    """
    from rich.console import Console

    from nutgraf.api.cli.indexing.article_reader import ArticleReader
    from nutgraf.api.cli.indexing.index import IndexOptions
    from nutgraf.api.cli.indexing.rejects import open_rejects
    from nutgraf.index.fields.declared import parse_fields
    from nutgraf.index.sources import ReadOptions, is_folder, parse_columns

    for folder in folders:
        if not is_folder(folder):
            raise UserError(f"{folder} is not a folder; use 'nutgraf index' to index files")
    options = ReadOptions(parse_columns(columns or ()))
    index_options = IndexOptions(
        model, reranker, keyword_engine, keep_boilerplate, lead, parse_fields(fields or ()), device
    )
    messages = Console(stderr=True)
    # A service manager stops a service by SIGTERM: handle it like control-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    read = [str(folder) for folder in folders]
    with open_rejects(rejects, read) as file, suppress(KeyboardInterrupt):
        new_reader = partial(ArticleReader, messages, options, file)
        watcher = FolderWatcher(folders, index, index_options, new_reader, trust=trust)
        for summary in watcher.summaries(changed_paths(read, index)):
            line = json.dumps(summary.to_dict()) if as_json else f"{index}: {summary}"
            print(line, flush=True)


def changed_paths(folders: Sequence[str], index: Path) -> Iterator[set[str]]:
    """Yield the set of changed paths in folders every POLL_MILLISECONDS.

    The set may be empty. Paths in the index are excluded, because indexing changes them.
    """
    from watchfiles import watch as watch_files

    own = f"{index.absolute()}/"
    for changes in watch_files(
        *(Path(folder).absolute() for folder in folders),
        watch_filter=None,
        debounce=POLL_MILLISECONDS,
        rust_timeout=POLL_MILLISECONDS,
        yield_on_timeout=True,
        ignore_permission_denied=True,
    ):
        yield {path for _, path in changes if not path.startswith(own)}


class FolderWatcher:
    """An indexer of folders that change.

    `new_reader` returns a reader for each batch of files.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        index: Path,
        index_options: IndexOptions,
        new_reader: Callable[[], ArticleReader],
        *,
        trust: bool,
        stable_files: StableFiles | None = None,
    ) -> None:
        from nutgraf.api.cli.indexing.stable_files import StableFiles

        self._folders = [str(folder.absolute()) for folder in folders]
        self._index = index
        self._index_options = index_options
        self._new_reader = new_reader
        self._trust = trust
        self._stable_files = stable_files or StableFiles()

    def summaries(self, changes: Iterable[set[str]]) -> Iterator[Summary]:
        """Index the existing files, then changed files. Yield one summary per batch.

        `changes` yields sets of changed paths, as `changed_paths` does. Other processes can
        write to the index between batches. The iterator ends if indexing is interrupted.
        Raises the errors of `index_found`.
        """
        begun = False
        for changed in changes:
            for path in changed:
                self._stable_files.changed(path)
            stable = self._stable_files.take_stable(time.monotonic())
            if begun and not stable:
                continue
            reader = self._new_reader()
            try:
                self._check_is_free()
                found = list(self._stable_among(stable) if begun else self._all())
                summary = self._put_readable(found, reader)
            except IndexLockedError as error:
                reader.warn(f"{error}; retrying")
                for path in stable:
                    self._stable_files.changed(path)
                continue
            if not begun or summary.articles:
                yield summary
            begun = True
            if summary.interrupted:
                return

    def _all(self) -> Iterator[Found]:
        """Yield the files of the folders, except those that may still be written."""
        from nutgraf.index.sources import SourceFile, find_files

        for item in find_files(self._folders):
            if isinstance(item, SourceFile) and self._stable_files.is_new(item.path):
                self._stable_files.changed(item.path)
            else:
                yield item

    def _stable_among(self, stable: set[str]) -> Iterator[Found]:
        """Yield the stable files of the folders.

        All files are listed, because the id of an article can depend on other files.
        """
        from nutgraf.index.sources import SourceFile, find_files

        for item in find_files(self._folders):
            if isinstance(item, SourceFile) and item.path in stable:
                yield item

    def _check_is_free(self) -> None:
        """Raise IndexLockedError if another process writes.

        The lock is checked before files are read. Otherwise, a retry would report the same
        files again.
        """
        from nutgraf.index.storage.layout import MANIFEST
        from nutgraf.index.storage.lock import WriteLock

        if (self._index / MANIFEST).exists():
            WriteLock(self._index, wait=MAX_LOCK_WAIT_SECONDS).release()

    def _put_readable(self, found: Sequence[Found], reader: ArticleReader) -> Summary:
        """Index files. Report those that cannot be read, and skip them until they change."""
        from nutgraf.index.sources import SourceFile

        while True:
            try:
                return self._put(found, reader)
            except WorkerError as error:
                reader.warn(f"{error}. The articles before it are indexed; the rest is read now")
                failed = (isinstance(one, SourceFile) and one.path == error.path for one in found)
                found = found[list(failed).index(True) + 1 :]

    def _put(self, found: Sequence[Found], reader: ArticleReader) -> Summary:
        from nutgraf.api.cli.indexing.index import index_found
        from nutgraf.index.sources import SourceFile

        size = 0
        for item in found:
            if isinstance(item, SourceFile):
                with suppress(OSError):  # The reader reports the error.
                    size += Path(item.path).stat().st_size
        return index_found(found, size, self._index, self._index_options, reader, trust=self._trust)
