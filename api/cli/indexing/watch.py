"""`nutgraf watch`: folders into an index, and whatever comes into them later."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from nutgraf.api.cli.options import (
    HERE,
    PATIENCE,
    AsJson,
    Columns,
    Index,
    KeepBoilerplate,
    KeywordEngine,
    Model,
    Rejects,
    Reranker,
    Trust,
)
from nutgraf.index.errors import IndexLockedError, UserError, WorkerError

if TYPE_CHECKING:
    from nutgraf.api.cli.indexing.article_reader import Reading
    from nutgraf.api.cli.indexing.index import Choices, Summary
    from nutgraf.index.sources import Found

__all__ = ["Watching", "add_watch", "watch"]

LOOK: Final = 250
"""Milliseconds between two looks at what has changed."""


def add_watch(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(watch)


def watch(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders.")],
    index: Index = HERE,
    keyword_engine: KeywordEngine = None,
    model: Model = None,
    reranker: Reranker = None,
    keep_boilerplate: KeepBoilerplate = False,
    columns: Columns = None,
    rejects: Rejects = None,
    as_json: AsJson = False,
    trust: Trust = False,
) -> None:
    """Index folders, then new and changed files as they come, until control-C."""
    from rich.console import Console

    from nutgraf.api.cli.indexing.article_reader import Reading
    from nutgraf.api.cli.indexing.index import Choices
    from nutgraf.api.cli.indexing.rejects import opened_rejects
    from nutgraf.index.sources import ReadOptions, is_folder, parse_columns

    for folder in folders:
        if not is_folder(folder):
            raise UserError(f"{folder} is no folder; 'nutgraf index' takes files")
    options = ReadOptions(parse_columns(columns or ()))
    choices = Choices(model, reranker, keyword_engine, keep_boilerplate)
    messages = Console(stderr=True)
    # Who stops a service sends this, and means what control-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    read = [str(folder) for folder in folders]
    with opened_rejects(rejects, read) as file, suppress(KeyboardInterrupt):
        reading = partial(Reading, messages, options, file)
        watching = Watching(folders, index, choices, reading, trust=trust)
        for summary in watching.summaries():
            line = json.dumps(summary.to_dict()) if as_json else f"{index}: {summary}"
            print(line, flush=True)


class Watching:
    """Folders that are indexed as they change. `reading` makes what reads a batch of files."""

    def __init__(
        self,
        folders: Sequence[Path],
        index: Path,
        choices: Choices,
        reading: Callable[[], Reading],
        *,
        trust: bool,
    ) -> None:
        from nutgraf.api.cli.indexing.stable_files import Settling

        self._folders = [str(folder.absolute()) for folder in folders]
        self._index = index
        self._choices = choices
        self._reading = reading
        self._trust = trust
        self._settling = Settling()

    def summaries(self) -> Iterator[Summary]:
        """Index what is there, then what comes, and yield what became of it, batch by batch.

        Nobody else is kept from writing in between. Ends when it is interrupted
        while it indexes. Raises what `index_found` raises.
        """
        begun = False
        for changed in self._changes():
            for path in changed:
                self._settling.changed(path)
            settled = self._settling.settled(time.monotonic())
            if begun and not settled:
                continue
            reading = self._reading()
            try:
                self._check_is_free()
                found = list(self._settled_among(settled) if begun else self._all())
                summary = self._put_readable(found, reading)
            except IndexLockedError as error:
                reading.warn(f"{error}; trying again")
                for path in settled:
                    self._settling.changed(path)
                continue
            if not begun or summary.articles:
                yield summary
            begun = True
            if summary.interrupted:
                return

    def _changes(self) -> Iterator[set[str]]:
        """Yield the paths that have changed, every LOOK milliseconds, even if none has.

        Those in the index are left out: writing to it is no change.
        """
        from watchfiles import watch as watch_files

        own = f"{self._index.absolute()}/"
        for changes in watch_files(
            *self._folders,
            watch_filter=None,
            debounce=LOOK,
            rust_timeout=LOOK,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        ):
            yield {path for _, path in changes if not path.startswith(own)}

    def _all(self) -> Iterator[Found]:
        """Yield what is in the folders, but for what may still be written."""
        from nutgraf.index.sources import SourceFile, find_files

        for item in find_files(self._folders):
            if isinstance(item, SourceFile) and self._settling.is_new(item.path):
                self._settling.changed(item.path)
            else:
                yield item

    def _settled_among(self, settled: set[str]) -> Iterator[Found]:
        """Yield the settled files as they are found among all: their names depend on others."""
        from nutgraf.index.sources import SourceFile, find_files

        for item in find_files(self._folders):
            if isinstance(item, SourceFile) and item.path in settled:
                yield item

    def _check_is_free(self) -> None:
        """Raise IndexLockedError where another writes: what is read would be told of each time."""
        from nutgraf.index.storage.layout import MANIFEST
        from nutgraf.index.storage.lock import WriteLock

        if (self._index / MANIFEST).exists():
            WriteLock(self._index, wait=PATIENCE).release()

    def _put_readable(self, found: Sequence[Found], reading: Reading) -> Summary:
        """Index files, and tell of those whose reading fails; they are left until they change."""
        from nutgraf.index.sources import SourceFile

        while True:
            try:
                return self._put(found, reading)
            except WorkerError as error:
                reading.warn(f"{error}. What was read before it is indexed; the rest is read now")
                failed = (isinstance(one, SourceFile) and one.path == error.path for one in found)
                found = found[list(failed).index(True) + 1 :]

    def _put(self, found: Sequence[Found], reading: Reading) -> Summary:
        from nutgraf.api.cli.indexing.index import index_found
        from nutgraf.index.sources import SourceFile

        size = 0
        for item in found:
            if isinstance(item, SourceFile):
                with suppress(OSError):  # Who reads it says so.
                    size += Path(item.path).stat().st_size
        return index_found(found, size, self._index, self._choices, reading, trust=self._trust)
