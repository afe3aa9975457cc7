"""Suggestions for a snapshot, without titles of articles that are not in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np

from nutgraf.index.reader.protocol import TermCount, Title

if TYPE_CHECKING:
    from nutgraf.index.reader.snapshot import IndexSnapshot
    from nutgraf.index.suggestions.reader import Suggestions

__all__ = ["SnapshotSuggestions"]

READ_TITLES: Final = 1_024
"""Number of titles of which the newest are returned."""


class SnapshotSuggestions:
    """A SuggestionReader for a snapshot.

    The suggestions of the index can be newer than the snapshot. So titles are
    returned only if the snapshot has the article.
    """

    def __init__(self, suggestions: Suggestions, snapshot: IndexSnapshot) -> None:
        self._suggestions = suggestions
        self._snapshot = snapshot

    def titles(self, start: str, most: int, *, later: bool) -> Iterator[Title]:
        """See SuggestionReader. Each title is read only when it is needed."""
        found = self._suggestions.titles(start, max(most, READ_TITLES), later=later)
        rows = np.array([row for row in found if row < self._snapshot.commit.rows], np.int64)
        newest = np.lexsort((rows, self._snapshot.published(rows)))[::-1]
        titles = (self._title(row) for row in rows[newest].tolist())
        yield from islice((title for title in titles if title is not None), most)

    def title_counts(self, keys: Sequence[str]) -> list[int]:
        """See SuggestionReader."""
        return [self._suggestions.articles_with_title(key) for key in keys]

    def phrases(self, start: str, most: int) -> list[TermCount]:
        """See SuggestionReader."""
        return self._suggestions.phrases(start, most)

    def words(self, start: str, most: int) -> list[TermCount]:
        """See SuggestionReader."""
        return self._suggestions.words(start, most)

    def words_of(self, keys: Iterable[str]) -> list[TermCount]:
        """See SuggestionReader."""
        return self._suggestions.words_of(keys)

    def phrases_of(self, keys: Iterable[str]) -> list[TermCount]:
        """See SuggestionReader."""
        return self._suggestions.phrases_of(keys)

    def words_like(self, word: str, letters: int) -> list[tuple[int, TermCount]]:
        """See SuggestionReader."""
        return self._suggestions.words_like(word, letters)

    def beginnings_like(self, start: str) -> list[str]:
        """See SuggestionReader."""
        return self._suggestions.beginnings_like(start)

    def _title(self, row: int) -> Title | None:
        """Return the title of the article whose first row is `row`.

        Return None if the snapshot does not have this article.
        """
        record = self._snapshot.catalog.records_of([row])[row]
        alive = self._snapshot.article(record.id) == record
        return Title(record.title, record.id) if alive else None
