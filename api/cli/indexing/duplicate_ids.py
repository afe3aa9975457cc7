"""Articles of one run that have one id: the later replaces the earlier, which is to be told."""

from __future__ import annotations

from typing import Final

from nutgraf.index.article import Article
from nutgraf.index.prepared import Prepared, article_in

__all__ = ["DuplicateIds"]

MAX_EXAMPLES: Final = 3
"""Ids that are told, as examples."""


class DuplicateIds:
    """Counts the articles that differ from one before with their id. Some 100 bytes an article."""

    def __init__(self) -> None:
        self._contents: dict[int, int] = {}
        self._examples: list[str] = []
        self._count = 0

    def add(self, item: Article | Prepared) -> None:
        """Note an article."""
        article = article_in(item)
        digest = item.digest if isinstance(item, Prepared) else article.digest()
        name, content = hash(article.id), hash(digest)
        if self._contents.get(name, content) != content:
            self._count += 1
            if article.id not in self._examples and len(self._examples) < MAX_EXAMPLES:
                self._examples.append(article.id)
        self._contents[name] = content

    def warning(self) -> str | None:
        """Return what is to be told of them, None where there are none."""
        if not self._count:
            return None
        verb = "article has" if self._count == 1 else "articles have"
        return (
            f"{self._count:,} {verb} the id of another that was read before, and took its place "
            f"({', '.join(self._examples)}): give each an id of its own, unless they are newer "
            "versions"
        )
