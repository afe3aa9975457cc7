"""StoryThread: stories are found and stored in a thread while the writer goes on.

Stories are found beside the live index, from rows that never change. They need no write
lock. One rename puts them into use, so a killed process leaves at most files without use.
"""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import numpy as np

from nutgraf.index.background import BackgroundJob
from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.catalog.records import NO_COMMIT, Commit
from nutgraf.index.columns import Columns
from nutgraf.index.columns.files import Fields
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.storage.derived import lock_folder, remove_others
from nutgraf.index.storage.failpoint import failpoint
from nutgraf.index.storage.layout import CATALOG, COLUMNS, STORIES
from nutgraf.index.stories.file import (
    SUFFIX,
    StoredStories,
    StoryRecord,
    method_of,
    write_stories,
)
from nutgraf.index.stories.stories import Stories
from nutgraf.index.stories.texts import Texts

__all__ = ["FIRST_ROWS", "NEW_ROWS", "StoryThread", "is_due", "store_stories"]

FIRST_ROWS: Final = 20_000
"""The number of rows from which an index stores its stories.

Below that, a reader finds them in a tenth of a second.
"""

NEW_ROWS: Final = 1_024
"""The number of new, deleted and excluded rows at which stories are stored again.

At 1.1 million rows, a reader needs half a second to grow them by so many.
"""

WRITING: Final = 8
"""While an index is written, stories are stored again after a growth by 1 in 8.

They would be found again at each commit of a bulk build otherwise.
"""


class StoryThread(BackgroundJob[Commit]):
    """Stores the stories of an index in the background, when they are due.

    The parts of the index are in `folder`; `fields` are its declared fields. After a failure,
    readers go on with the older stories, or find them themselves.
    """

    def __init__(self, folder: Path, fields: Fields) -> None:
        failure = f"the stories in {folder} could not be stored"
        super().__init__("nutgraf-stories", NO_COMMIT, failure)
        self._folder = folder
        self._fields = fields
        self._checked = False
        self._least = 0

    def follow(self, state: Commit, *, writing: bool = False) -> None:
        """Start storing the stories as of a commit, if they are due.

        While the index is written (`writing`), they are due after more changes. The first call
        also checks the stored stories. If the thread is busy, it stores those of the newest
        commit afterwards.
        """
        self._least = state.rows // WRITING if writing else 0
        super().follow(state)

    def _is_due(self) -> bool:
        if self.newest.rows < FIRST_ROWS:
            return False
        current = None
        with suppress(BrokenIndexError):  # Damaged stories are found again.
            if self._checked:
                current = StoryRecord.read(self._folder / STORIES)
            else:
                stored = _sound(self._folder / STORIES)
                current = None if stored is None else stored.record
        self._checked = True
        return is_due(self.newest, current, self._least)

    def _run(self) -> None:
        done = None
        while done != self.newest:
            done = self.newest
            store_stories(self._folder, done, self._fields)


def is_due(commit: Commit, current: StoryRecord | None, least: int = 0) -> bool:
    """Return whether the stories as of `commit` should be stored.

    `current` describes the stored stories, None if there are none. They are stored again
    after `least` changes, or after NEW_ROWS if that is more.
    """
    if current is None or current.sequence > commit.sequence:
        return True
    left = (commit.rows - commit.ranked) - (current.rows - current.ranked)
    return commit.rows - current.rows + left >= max(NEW_ROWS, least)


def store_stories(folder: Path, commit: Commit, fields: Fields) -> None:
    """Find the stories of the parts in `folder` as of a commit, and store them.

    They grow from the stored ones if these are sound. Returns without a change if another
    process stores stories. The memory is about 130 bytes a row. Raises BrokenIndexError if a
    column is damaged, and DiskFullError if the disk is full.
    """
    place = folder / STORIES
    with lock_folder(place) as is_held:
        if not is_held:
            return
        columns = Columns.open(folder / COLUMNS, commit.rows, fields)
        with closing(Catalog.open(folder / CATALOG)) as catalog:
            stories = _stories(place, catalog, commit, columns)
        failpoint("stories", "found")
        record = write_stories(place, stories, commit, method_of(columns))
        failpoint("stories", "written")
        record.write(place)
        failpoint("stories", "swapped")
        remove_others(place, record.file, SUFFIX)


def _stories(place: Path, catalog: Catalog, commit: Commit, columns: Columns) -> Stories:
    left_out = catalog.unranked_rows(commit.sequence)
    ranked = np.ones(commit.rows, bool)
    ranked[left_out] = False
    texts = Texts.of(columns, ranked if left_out else None)
    with suppress(BrokenIndexError):
        stored = _sound(place)
        if stored is not None and stored.record.is_usable(catalog, commit, columns):
            since = catalog.unranked_rows(commit.sequence, stored.record.sequence)
            return stored.stories().grown(texts, np.array(since, np.int64))
    return Stories.find(texts)


def _sound(place: Path) -> StoredStories | None:
    """Return the stored stories. Raises BrokenIndexError if they are damaged."""
    stored = StoredStories.open(place)
    if stored is not None:
        stored.stories()
    return stored
