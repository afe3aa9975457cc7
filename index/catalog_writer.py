"""The catalog as its one writer has it open: one transaction a commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path

from nutgraf.index.article import Article
from nutgraf.index.catalog import SEALED, Catalog
from nutgraf.index.context import InContext
from nutgraf.index.database import SQLITE_ERRORS, broken
from nutgraf.index.records import CODED, NO_COMMIT, Commit, seal_of, seal_of_text, text_digest

__all__ = ["CatalogWriter"]


class CatalogWriter(Catalog):
    """A catalog that articles are written to.

    It remembers the texts of its last commit until they are forgotten: whoever
    catches up with that commit need not have each of them read and checked again.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, *, writing: bool) -> None:
        super().__init__(path, connection, writing=writing)
        self._written: dict[int, str] = {}

    def texts(self, rows: Iterable[int]) -> dict[int, str]:
        """See Catalog."""
        wanted = list(rows)
        try:
            return {row: self._written[row] for row in wanted}
        except KeyError:
            return super().texts(wanted)

    def forget_texts(self) -> None:
        """Let go of the texts of the last commit."""
        self._written = {}

    def write(
        self,
        articles: Sequence[Article],
        deleted: Sequence[str],
        first_row: int,
        checksum: int,
        sequence: int = 0,
    ) -> Commit:
        """Put `articles` and delete ids in one transaction; return the commit.

        Each article takes the next rows from `first_row` on, in order. An
        article whose id is alive replaces the living record. `checksum` is
        that of rows.f16 with the new rows. The commit takes the next sequence
        number, or `sequence` where that is later.
        """
        self.forget_texts()
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    commit = self._write(articles, deleted, first_row, checksum, sequence)
                except BaseException:
                    if self._connection.in_transaction:  # SQLite rolls some failures back itself.
                        self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except SQLITE_ERRORS as error:
                raise broken(self._path, error) from error
        texts = (text for article in articles for text in article.paragraphs)
        self._written = dict(enumerate(texts, first_row))
        return commit

    def _write(
        self,
        articles: Sequence[Article],
        deleted: Sequence[str],
        first_row: int,
        checksum: int,
        sequence: int,
    ) -> Commit:
        run = self._connection.execute
        found = run("SELECT * FROM commits ORDER BY sequence DESC LIMIT 1").fetchone()
        last = Commit(*found) if found else NO_COMMIT
        sequence = max(last.sequence + 1, sequence)
        for name in (*deleted, *(article.id for article in articles)):
            self._remove(name, sequence)
        row = first_row
        for article in articles:
            self._insert(article, row, sequence)
            row += len(article.paragraphs)
        removed, removed_paragraphs = run(
            "SELECT count(*), coalesce(sum(paragraphs), 0) FROM articles WHERE removed = ?",
            (sequence,),
        ).fetchone()
        commit = Commit(
            sequence,
            row,
            last.articles - removed + len(articles),
            last.paragraphs - removed_paragraphs + row - first_row,
            checksum,
            datetime.now(UTC).isoformat(timespec="seconds"),
        )
        run("INSERT INTO commits VALUES (?, ?, ?, ?, ?, ?)", astuple(commit))
        return commit

    def _remove(self, article: str, sequence: int) -> None:
        run = self._connection.execute
        statement = f"SELECT number, {SEALED} FROM articles WHERE id = ? AND removed IS NULL"
        for number, *sealed in run(statement, (article,)).fetchall():
            seal = seal_of((*sealed[:-1], sequence))
            run(
                "UPDATE articles SET removed = ?, seal = ? WHERE number = ?",
                (sequence, seal, number),
            )

    def _insert(self, article: Article, first_row: int, sequence: int) -> None:
        run = self._connection.execute
        fields = (
            article.id, article.title, article.url, article.source, article.author,
            article.section, article.published, article.language,
            article.digest(), first_row, len(article.paragraphs), sequence, None,
        )  # fmt: skip
        run(
            f"INSERT INTO articles ({SEALED}, seal) VALUES ({', '.join('?' * 14)})",
            (*fields, seal_of(fields)),
        )
        rows = []
        for row, text in enumerate(article.paragraphs, first_row):
            digest = text_digest(text)
            context = InContext(article.title, text).digest()
            rows.append((row, text, digest, context, seal_of_text(row, digest, context)))
        self._connection.executemany("INSERT INTO paragraphs VALUES (?, ?, ?, ?, ?)", rows)
        for field in CODED:
            if (value := getattr(article, field)) is not None:
                self._give_code(field, value)

    def _give_code(self, field: str, value: str) -> None:
        run = self._connection.execute
        known = "SELECT 1 FROM codes WHERE field = ? AND value = ?"
        if run(known, (field, value)).fetchone() is None:
            ((count,),) = run("SELECT count(*) FROM codes WHERE field = ?", (field,))
            seal = seal_of((field, value, count + 1))
            run("INSERT INTO codes VALUES (?, ?, ?, ?)", (field, value, count + 1, seal))
