"""RowMaker: the rows of an article, with boilerplate marked."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from nutgraf.index.analysis.boilerplate import MAX_BOILERPLATE, is_boilerplate
from nutgraf.index.analysis.languages import primary_language
from nutgraf.index.article import Article
from nutgraf.index.catalog.records import RecurringText, text_digest
from nutgraf.index.catalog.rows import Row
from nutgraf.index.manifest import Manifest
from nutgraf.index.prepared import Prepared
from nutgraf.index.split import TokenCount, rows_of

__all__ = ["RowMaker"]


class RowMaker:
    """A maker of the rows of articles for an index.

    `learned` contains the texts that the index has learned as boilerplate.
    """

    def __init__(self, manifest: Manifest, tokens: TokenCount, learned: Set[RecurringText]) -> None:
        self.learned = learned
        self._manifest = manifest
        self._tokens = tokens

    def rows(self, article: Article, prepared: Prepared | None) -> tuple[Row, ...]:
        """Return the rows of an article, with boilerplate marked.

        If all rows are boilerplate, none is marked.
        """
        language = primary_language(article.language or self._manifest.language)
        rows = rows_of(article.paragraphs, self._tokens, language)
        if self._manifest.keep_boilerplate:
            return rows
        looks_so = is_boilerplate if prepared is None else prepared.boilerplate.__contains__
        known = {
            row
            for row in rows
            if not row.part and (self._is_learned(article, row.text) or looks_so(row.text))
        }
        if len(known) == len(rows):
            return rows  # If all rows were marked, no search could find the article.
        return tuple(replace(row, boilerplate=True) if row in known else row for row in rows)

    def _is_learned(self, article: Article, text: str) -> bool:
        """Return whether the index has learned that `text` is boilerplate in its source."""
        if not self.learned or len(text) > MAX_BOILERPLATE:
            return False
        return RecurringText(article.source or "", text_digest(text)) in self.learned
