"""Warn about duplicate article ids within one run."""

from __future__ import annotations

from typing import Final

from nutgraf.index.article import Article
from nutgraf.index.prepared import Prepared, article_in

__all__ = ["DuplicateIds"]

MAX_EXAMPLES: Final = 3
"""The most ids that the warning names as examples."""


class DuplicateIds:
    """A counter of articles that have the id of an earlier, different article.

    Only articles of the same run are compared. Each takes some 100 bytes of memory.
    """

    def __init__(self) -> None:
        self._contents: dict[int, int] = {}
        self._examples: list[str] = []
        self._count = 0

    def add(self, item: Article | Prepared) -> None:
        """Record an article."""
        article = article_in(item)
        digest = item.digest if isinstance(item, Prepared) else article.digest()
        name, content = hash(article.id), hash(digest)
        if self._contents.get(name, content) != content:
            self._count += 1
            if article.id not in self._examples and len(self._examples) < MAX_EXAMPLES:
                self._examples.append(article.id)
        self._contents[name] = content

    def warning(self) -> str | None:
        """Return a warning about duplicate ids, or None if there are none."""
        if not self._count:
            return None
        verb = "article has" if self._count == 1 else "articles have"
        return (
            f"{self._count:,} {verb} the id of an earlier article of this run, and replaced it "
            f"({', '.join(self._examples)}): give each article its own id, unless the later ones "
            "are newer versions"
        )
