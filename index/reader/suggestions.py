"""Suggestions for a snapshot, without titles of articles that are not in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nutgraf.index.reader.protocol import TermCount, Title

if TYPE_CHECKING:
    from nutgraf.index.reader.snapshot import IndexSnapshot
    from nutgraf.index.suggestions.reader import Suggestions

__all__ = ["SnapshotSuggestions"]


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
        for row in sorted(self._suggestions.titles(start, most, later=later), reverse=True):
            title = self._title(row)
            if title is not None:
                yield title

    def title_counts(self, keys: Sequence[str]) -> list[int]:
        """See SuggestionReader."""
        return [self._suggestions.articles_with_title(key) for key in keys]

    def phrases(self, start: str, most: int) -> list[TermCount]:
        """See SuggestionReader."""
        return self._suggestions.phrases(start, most)

    def words(self, start: str, most: int) -> list[TermCount]:
        """See SuggestionReader."""
        return self._suggestions.words(start, most)

    def words_like(self, word: str, letters: int) -> list[tuple[int, TermCount]]:
        """See SuggestionReader."""
        return self._suggestions.words_like(word, letters)

    def _title(self, row: int) -> Title | None:
        """Return the title of the article whose first row is `row`.

        Return None if the snapshot does not have this article.
        """
        if row >= self._snapshot.commit.rows:
            return None
        record = self._snapshot.catalog.records_of([row])[row]
        alive = self._snapshot.article(record.id) == record
        return Title(record.title, record.id) if alive else None
