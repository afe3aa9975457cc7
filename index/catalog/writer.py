"""The writer of the catalog: each commit is one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import astuple, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from nutgraf.index.catalog.articles import CHECKSUMMED
from nutgraf.index.catalog.compression import TextCodec
from nutgraf.index.catalog.dictionaries import Dictionary
from nutgraf.index.catalog.learned_boilerplate import learn_boilerplate
from nutgraf.index.catalog.paragraphs import CHECKSUMMED_ROW
from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.catalog.records import (
    NO_COMMIT,
    Commit,
    RecurringText,
    fields_checksum,
    fields_of,
    row_checksum,
    text_digest,
)
from nutgraf.index.catalog.rows import ArticleRows
from nutgraf.index.fields.declared import DeclaredKind, texts_of
from nutgraf.index.schema import KEYWORD_FIELDS, values_of
from nutgraf.index.storage.sqlite import SQLITE_ERRORS, sqlite_error

__all__ = ["CatalogWriter"]


_StoredText = tuple[int, bytes]
"""The number of the dictionary of a text, and the compressed text."""


class CatalogWriter(Catalog):
    """A catalog that can be written."""

    def write(
        self,
        articles: Sequence[ArticleRows],
        deleted: Sequence[str],
        first_row: int,
        checksum: int,
        sequence: int = 0,
        *,
        learned: Set[RecurringText] | None = None,
        fields: Mapping[str, DeclaredKind] = MappingProxyType({}),
    ) -> Commit:
        """Add `articles`, delete the ids in `deleted`, and return the new commit.

        An added article replaces the article with the same id. The new rows are numbered
        from `first_row`. `checksum` is the CRC-32 of rows.i8, including the new rows. The
        number of the commit is the next sequence number, or `sequence` if that is higher.

        `learned` contains the texts already known as boilerplate. The commit learns further
        boilerplate from the added articles, and excludes its rows from rankings. At least
        one row of each article stays in the rankings. If `learned` is None, no boilerplate
        is learned. `fields` are the declared fields, whose values get codes.

        Raises BrokenIndexError for an error of SQLite, and DiskFullError if the disk is full.
        """
        texts = [row.text for put in articles for row in put.rows]
        made = self.dictionaries.next(texts, first_row)
        number, codec = (
            self.dictionaries.newest_codec()
            if made is None
            else (made.number, TextCodec(made.content))
        )
        stored = [(number, codec.compress(text)) for text in texts]
        with self._lock:
            try:
                self.connection.execute("BEGIN IMMEDIATE")
                try:
                    if made is not None:
                        self._insert_dictionary(made)
                    commit = self._write(
                        articles, deleted, first_row, checksum, sequence, fields, stored
                    )
                    hidden = (
                        0
                        if learned is None
                        else self._learn_boilerplate(articles, learned, commit.sequence)
                    )
                    commit = replace(commit, ranked=commit.ranked - hidden)
                    self._insert_commit(commit)
                except BaseException:
                    if self.connection.in_transaction:  # After some errors, SQLite has rolled back.
                        self.connection.execute("ROLLBACK")
                    raise
                self.connection.execute("COMMIT")
            except SQLITE_ERRORS as error:
                raise sqlite_error(self._path, error) from error
        return commit

    def _write(
        self,
        articles: Sequence[ArticleRows],
        deleted: Sequence[str],
        first_row: int,
        checksum: int,
        sequence: int,
        fields: Mapping[str, DeclaredKind],
        stored: Sequence[_StoredText],
    ) -> Commit:
        run = self.connection.execute
        found = run("SELECT * FROM commits ORDER BY sequence DESC LIMIT 1").fetchone()
        last = Commit(*found) if found else NO_COMMIT
        sequence = max(last.sequence + 1, sequence)
        for name in (*deleted, *(put.article.id for put in articles)):
            self._mark_removed(name, sequence)
        self._insert(articles, first_row, sequence, stored)
        # Insert each distinct value once: there are few. The order of their first appearance is
        # the order of their codes.
        for field, value in dict.fromkeys(_coded_values(articles, fields)):
            self._insert_code(field, value)
        added, new = len(stored), sum(len(put.article.paragraphs) for put in articles)
        left_out = sum(row.boilerplate for put in articles for row in put.rows)
        removed, rows, paragraphs, boilerplate = self._count_removed(sequence)
        return Commit(
            sequence,
            first_row + added,
            last.living - rows + added,
            last.ranked - (rows - boilerplate) + added - left_out,
            last.articles - removed + len(articles),
            last.paragraphs - paragraphs + new,
            checksum,
            datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def _count_removed(self, sequence: int) -> tuple[int, int, int, int]:
        """Count the articles, rows, paragraphs and boilerplate rows that a commit removed."""
        run = self.connection.execute
        statement = (
            "SELECT count(*), coalesce(sum(rows), 0), coalesce(sum(paragraphs), 0) "
            "FROM articles WHERE removed = ?"
        )
        articles, rows, paragraphs = run(statement, (sequence,)).fetchone()
        statement = (
            "SELECT count(*) FROM articles CROSS JOIN boilerplate "
            "ON row >= first_row AND row < first_row + rows WHERE removed = ?"
        )
        return articles, rows, paragraphs, run(statement, (sequence,)).fetchone()[0]

    def _insert_commit(self, commit: Commit) -> None:
        marks = ", ".join("?" * len(astuple(commit)))
        self.connection.execute(f"INSERT INTO commits VALUES ({marks})", astuple(commit))

    def _learn_boilerplate(
        self, articles: Sequence[ArticleRows], known: Set[RecurringText], sequence: int
    ) -> int:
        """Mark newly learned boilerplate; return the number of rows that it excludes."""
        hidden = 0
        for text, rows in learn_boilerplate(self.connection, articles, known):
            self._insert_learned(text, sequence)
            for row in rows:
                if not self._is_last_ranked(row):
                    hidden += self._insert_boilerplate(row, sequence)
        return hidden

    def _insert_learned(self, text: RecurringText, sequence: int) -> None:
        fields = (*text, sequence)
        statement = "INSERT OR REPLACE INTO learned VALUES (?, ?, ?, ?)"
        self.connection.execute(statement, (*fields, fields_checksum(fields)))

    def _is_last_ranked(self, row: int) -> bool:
        """Tell whether the article of a row has at most one row that is still ranked."""
        statement = (
            "SELECT first_row, rows FROM articles WHERE first_row <= ? "
            "ORDER BY first_row DESC LIMIT 1"
        )
        first, rows = self.connection.execute(statement, (row,)).fetchone()
        statement = "SELECT count(*) FROM boilerplate WHERE row >= ? AND row < ?"
        ((left_out,),) = self.connection.execute(statement, (first, first + rows))
        return bool(rows - left_out <= 1)

    def _insert_boilerplate(self, row: int, sequence: int) -> bool:
        """Exclude a row from rankings; return False if it was already excluded."""
        fields = row, sequence
        statement = "INSERT OR IGNORE INTO boilerplate VALUES (?, ?, ?)"
        done = self.connection.execute(statement, (*fields, fields_checksum(fields)))
        return bool(done.rowcount)

    def _mark_removed(self, article: str, sequence: int) -> None:
        run = self.connection.execute
        statement = f"SELECT number, {CHECKSUMMED} FROM articles WHERE id = ? AND removed IS NULL"
        for number, *sealed in run(statement, (article,)).fetchall():
            seal = fields_checksum((*sealed[:-1], sequence))
            run(
                "UPDATE articles SET removed = ?, seal = ? WHERE number = ?",
                (sequence, seal, number),
            )

    def _insert_dictionary(self, made: Dictionary) -> None:
        statement = "INSERT INTO dictionaries VALUES (?, ?, ?, ?, ?)"
        self.connection.executemany(statement, made.copies())

    def _insert(
        self,
        articles: Sequence[ArticleRows],
        first_row: int,
        sequence: int,
        stored: Sequence[_StoredText],
    ) -> None:
        run = self.connection.executemany
        marks = ", ".join("?" * (CHECKSUMMED.count(",") + 2))
        run(
            f"INSERT INTO articles ({CHECKSUMMED}, seal) VALUES ({marks})",
            _checksummed_articles(articles, first_row, sequence),
        )
        run(
            f"INSERT INTO paragraphs ({CHECKSUMMED_ROW}, seal, dictionary, text) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            _checksummed_rows(articles, first_row, stored),
        )
        rows = (row for put in articles for row in put.rows)
        for number, row in enumerate(rows, first_row):
            if row.boilerplate:
                self._insert_boilerplate(number, sequence)

    def _insert_code(self, field: str, value: str) -> None:
        run = self.connection.execute
        known = "SELECT 1 FROM codes WHERE field = ? AND value = ?"
        if run(known, (field, value)).fetchone() is None:
            ((count,),) = run("SELECT count(*) FROM codes WHERE field = ?", (field,))
            seal = fields_checksum((field, value, count + 1))
            run("INSERT INTO codes VALUES (?, ?, ?, ?)", (field, value, count + 1, seal))


def _coded_values(
    articles: Sequence[ArticleRows], fields: Mapping[str, DeclaredKind]
) -> Iterator[tuple[str, str]]:
    for put in articles:
        for field in KEYWORD_FIELDS:
            for value in values_of(put.article, field):
                yield field, value
        for field, kind in fields.items():
            for value in texts_of(put.article.extra, field, kind):
                yield field, value


def _checksummed_articles(
    articles: Sequence[ArticleRows], first_row: int, sequence: int
) -> Iterator[tuple[Any, ...]]:
    for put in articles:
        article = put.article
        fields = (
            *fields_of(article),
            put.digest, first_row, len(put.rows), len(article.paragraphs), sequence, None,
        )  # fmt: skip
        yield *fields, fields_checksum(fields)
        first_row += len(put.rows)


def _checksummed_rows(
    articles: Sequence[ArticleRows], first_row: int, stored: Sequence[_StoredText]
) -> Iterator[tuple[Any, ...]]:
    rows = (pair for put in articles for pair in zip(put.rows, put.contexts, strict=True))
    for number, ((row, context), text) in enumerate(zip(rows, stored, strict=True), first_row):
        sealed = number, row.position, row.part, row.start, text_digest(row.text), context
        yield *sealed, row_checksum(*sealed), *text
