"""Stored stories: two arrays in one file, and current.json with their checksums.

A file is never changed. Stories of a later commit get a file of their own, and one rename
of current.json puts it into use.
"""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.catalog.records import Commit
from nutgraf.index.columns import Columns
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.storage.checked_json import parse_checked, write_checked
from nutgraf.index.storage.derived import PARTIAL
from nutgraf.index.storage.files import raising_disk_full, sync
from nutgraf.index.stories.stories import Stories

__all__ = ["SUFFIX", "StoredStories", "StoryRecord", "damaged", "method_of", "write_stories"]

CURRENT: Final = "current.json"

SUFFIX: Final = ".i4"
"""The suffix of a file with stories: int32 values."""

METHOD: Final = 1
"""The number of the method that finds stories; another method needs a new number."""

_VALUES: Final = np.dtype("<i4")


@dataclass(frozen=True, slots=True)
class StoryRecord:
    """The content of current.json.

    `file` is the name of the file with the stories of the first `rows` rows as of commit
    `sequence`, of which `ranked` were ranked: first `Stories.text`, then `Stories.article`,
    with their CRC-32. `embeddings` is the checksum of that commit, `Commit.checksum`.
    `method` names the methods that made sketches, identities and stories.
    """

    file: str
    sequence: int
    rows: int
    ranked: int
    embeddings: int
    text: int
    article: int
    method: str

    @classmethod
    def read(cls, folder: Path) -> StoryRecord | None:
        """Read current.json in `folder`; return None if there is none.

        Raises BrokenIndexError if it is damaged.
        """
        path = folder / CURRENT
        try:
            fields = parse_checked(path.read_bytes())
            return cls(**fields)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, KeyError, TypeError):
            raise damaged(path) from None

    def is_usable(self, catalog: Catalog, commit: Commit, columns: Columns) -> bool:
        """Return whether stories as of `commit` can be grown from these."""
        if self.sequence > commit.sequence or self.method != method_of(columns):
            return False
        then = catalog.commit_of(self.sequence)
        mine = self.rows, self.ranked, self.embeddings
        return mine == (then.rows, then.ranked, then.checksum)

    def write(self, folder: Path) -> None:
        """Write current.json atomically: from now on, readers open the file that it names."""
        write_checked(folder / CURRENT, asdict(self))


@dataclass(frozen=True, slots=True, eq=False)
class StoredStories:
    """The stories in a file, which is mapped into memory."""

    record: StoryRecord
    path: Path
    values: NDArray[np.int32]

    @classmethod
    def open(cls, folder: Path) -> StoredStories | None:
        """Map the stories in `folder`; return None if there are none.

        The values are not read. Raises BrokenIndexError if a file is missing or too short.
        """
        while (record := StoryRecord.read(folder)) is not None:
            path = folder / record.file
            try:
                values = np.memmap(path, _VALUES, "r", shape=(2, record.rows))
                return cls(record, path, np.asarray(values))
            except (OSError, ValueError):
                if StoryRecord.read(folder) == record:  # No other file took its place.
                    raise damaged(path) from None
        return None

    def stories(self) -> Stories:
        """Return the stories. Raises BrokenIndexError if a checksum does not match."""
        text, article = self.values
        for values, checksum in ((text, self.record.text), (article, self.record.article)):
            if zlib.crc32(values.data) != checksum:
                raise damaged(self.path)
        return Stories(text, article)


def method_of(columns: Columns) -> str:
    """Return the name of the methods that make sketches, identities and stories."""
    return f"{METHOD} {columns.method}"


def write_stories(folder: Path, stories: Stories, commit: Commit, method: str) -> StoryRecord:
    """Write the stories as of a commit to a new file, and return its record.

    The stories are in use when the record is written too. Raises DiskFullError if the disk
    is full.
    """
    arrays = [np.ascontiguousarray(each, _VALUES) for each in (stories.text, stories.article)]
    path = folder / f"{commit.sequence}{SUFFIX}"
    partial = path.with_suffix(PARTIAL)
    with raising_disk_full(path):
        with partial.open("wb") as file:
            for values in arrays:
                file.write(values.data)
        sync(partial)
    # Readers may have mapped a file with this name.
    partial.replace(path)
    sync(folder)
    text, article = (zlib.crc32(values.data) for values in arrays)
    ranked, checksum = commit.ranked, commit.checksum
    return StoryRecord(
        path.name, commit.sequence, commit.rows, ranked, checksum, text, article, method
    )


def damaged(path: Path) -> BrokenIndexError:
    """Return the error for a damaged file of stories."""
    return BrokenIndexError(
        f"{path} is missing or damaged; open the index for writing once (any 'nutgraf index' "
        "command does) to find the stories again"
    )
