"""The keyword engine tantivy: create and open an index. See keywords/protocol.py."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import Final

import tantivy

from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.keywords.protocol import KeywordReader
from nutgraf.index.keywords.tantivy.errors import guarded
from nutgraf.index.keywords.tantivy.files import check_files, stems_of
from nutgraf.index.keywords.tantivy.postings import PostingsCache
from nutgraf.index.keywords.tantivy.reader import TantivyReader
from nutgraf.index.keywords.tantivy.schema import check_schema, make_schema
from nutgraf.index.keywords.tantivy.writer import TantivyWriter

__all__ = ["create", "open_reader", "open_writer"]

_MAX_ATTEMPTS: Final = 10
_RETRY_SECONDS: Final = 0.1
# All retries together take 1 s. A commit takes less, including the change of file modes after it.


def create(path: Path) -> None:
    """Create an empty index in the empty directory `path`."""
    with guarded(path):
        tantivy.Index(make_schema(), str(path))


def open_reader(path: Path, older: KeywordReader | None = None) -> TantivyReader:
    """Return a view of the last commit.

    Raises BrokenIndexError if files are missing or damaged.
    """
    for _ in range(_MAX_ATTEMPTS):
        try:
            return _open_reader(path, older)
        except BrokenIndexError:
            # A user without write access cannot take tantivy's lock. So a writer can delete a file
            # while this function opens it. A writer can also replace a file, and make the new file
            # readable only a moment later.
            if os.access(path, os.W_OK):
                raise
            sleep(_RETRY_SECONDS)
    return _open_reader(path, older)


def _open_reader(path: Path, older: KeywordReader | None) -> TantivyReader:
    known = older.files if isinstance(older, TantivyReader) else frozenset()
    with guarded(path), ExitStack() as held:
        stems = stems_of(path)
        index = tantivy.Index.open(str(_lockable(path, held)))
        check_schema(index)
        # A view shows one commit, so it needs no thread that watches for new commits.
        index.config_reader("manual")
        # Read the names again: a writer may have committed since `stems` was read.
        files = check_files(path, stems | stems_of(path), known)
        postings = older.postings if isinstance(older, TantivyReader) else PostingsCache()
        return TantivyReader(path, index, files, postings)


def _lockable(path: Path, held: ExitStack) -> Path:
    """Return `path`, or a folder of links to its files if `path` is not writable.

    tantivy writes a lock file next to the index, even to read the index. This fails on a
    read-only mount, and if the index belongs to another user. The links can be deleted after
    tantivy has mapped the files into memory.
    """
    if os.access(path, os.W_OK):
        return path
    folder = Path(held.enter_context(TemporaryDirectory(prefix="nutgraf-")))
    for file in path.iterdir():
        if file.suffix != ".lock":
            (folder / file.name).symlink_to(file.resolve())
    return folder


def open_writer(path: Path) -> TantivyWriter:
    """Return the writer of the index at `path`.

    Raises IndexLockedError if the index has another writer, and BrokenIndexError if files
    are missing or damaged.
    """
    with guarded(path):
        # Check first: a merge would copy damaged data to new files with correct checksums.
        check_files(path, stems_of(path))
        index = tantivy.Index.open(str(path))
        check_schema(index)
        index.config_reader("manual")
        return TantivyWriter(path, index)
