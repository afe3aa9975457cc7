"""The progress and the result of a rebuild."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nutgraf.index.catalog.records import Commit

__all__ = ["OnProgress", "RebuildResult", "no_progress", "rebuild_result"]

OnProgress = Callable[[int, int], None]
"""A function that is called with the numbers of finished and of all paragraphs."""


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


def rebuild_result(commit: Commit, encoded: int, sequence: int) -> RebuildResult:
    """Return the result of a rebuild of `commit`.

    `sequence` is the number of the commit in the new generation.
    """
    dropped = commit.rows - commit.living
    return RebuildResult(commit.articles, commit.paragraphs, dropped, encoded, sequence)
