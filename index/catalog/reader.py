"""The catalog: articles and paragraphs in SQLite, the source of truth of an index.

Content is never changed in place. A new version of an article is a new record
with new rows. The commit that replaces or deletes an article only marks the
old record as removed. This mark is called a tombstone. So any number of readers
can read the catalog as of any commit while the one writer continues.

A record stores the sequence number of the commit that added it and, with its
tombstone, the number of the commit that removed it:

    a record is alive at sequence s when added <= s and not removed <= s

The rows of a living record are called alive too; all other rows are dead.

The rows of a record have consecutive numbers: first_row, first_row + 1, ...
Each row is a paragraph, or a part of a paragraph that is too long for the
encoder.

Each table has a module: commits.py, articles.py, paragraphs.py, codes.py and
boilerplate.py, over one connection (connection.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from types import MappingProxyType

from nutgraf.index.catalog.articles import ArticleTable
from nutgraf.index.catalog.boilerplate import BoilerplateTable
from nutgraf.index.catalog.codes import CodeTable
from nutgraf.index.catalog.connection import MANY
from nutgraf.index.catalog.paragraphs import ParagraphTable
from nutgraf.index.catalog.records import ColumnValues
from nutgraf.index.fields.declared import DeclaredKind, texts_of
from nutgraf.index.schema import KEYWORD_FIELDS, values_of

__all__ = ["Catalog"]


class Catalog(ArticleTable, ParagraphTable, CodeTable, BoilerplateTable):
    """All tables of the catalog, over one connection that many threads can use."""

    def unranked_rows(self, sequence: int, after: int = 0) -> list[int]:
        """Return the rows that left the rankings after commit `after`, up to `sequence`.

        They were removed, or they became boilerplate. Raises BrokenIndexError if a list is
        damaged.
        """
        removed = self.removed_rows(sequence, after)
        return sorted({*chain(*removed), *self.boilerplate_rows(sequence, after)})

    def column_values(
        self, row: int, fields: Mapping[str, DeclaredKind] = MappingProxyType({})
    ) -> Iterator[ColumnValues]:
        """Yield the column values of each record, beginning with the record of `row`.

        `fields` are the declared fields. The records are in order of their rows and
        include removed records.
        """
        before = "SELECT coalesce(max(first_row), 0) FROM articles WHERE first_row <= ?"
        ((row,),) = self.fetch(before, (row,))
        while some := self.records("WHERE first_row >= ? ORDER BY first_row LIMIT ?", (row, MANY)):
            coded = {
                field: self.codes_of_each(field, [values_of(record, field) for record in some])
                for field in KEYWORD_FIELDS
            }
            for name, kind in fields.items():
                if kind in ("keyword", "keyword[]"):
                    texts = [texts_of(record.extra, name, kind) for record in some]
                    coded[name] = self.codes_of_each(name, texts)
            for at, record in enumerate(some):
                yield ColumnValues(
                    record.number,
                    record.first_row,
                    record.row_count,
                    record.published,
                    {field: codes[at] for field, codes in coded.items()},
                    record.extra,
                )
            row = some[-1].rows.stop
