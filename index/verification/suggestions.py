"""Check that the stored suggestions match the articles of the catalog."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Final

from nutgraf.index.analysis.analyzer import Analyzers
from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.storage.layout import SUGGESTIONS
from nutgraf.index.storage.sqlite import SQLITE_ERRORS, connect
from nutgraf.index.suggestions.reader import PROBE, VERSION
from nutgraf.index.suggestions.writer import derive
from nutgraf.index.verification.check import CATCH_UP, CheckContext
from nutgraf.index.verification.report import EXAMPLES, OnRows

__all__ = [
    "REPAIR_SUGGESTIONS",
    "CompareElsewhere",
    "Differences",
    "StoredSuggestions",
    "check_suggestions",
]

REPAIR_SUGGESTIONS: Final = "'nutgraf repair' rebuilds the suggestions from the catalog"

TERMS: Final = "SELECT text, key, phrase, count, magnitude, seal FROM terms ORDER BY text"
TITLES: Final = "SELECT later, key, row FROM titles ORDER BY later, key, row"


@dataclass(frozen=True, slots=True)
class Differences:
    """The number of differences, and the first of them as examples."""

    count: int
    examples: Sequence[str]

    @classmethod
    def of(cls, differences: Iterable[str]) -> Differences:
        """Count differences; keep only the examples in memory."""
        left = iter(differences)
        examples = list(islice(left, EXAMPLES))
        return cls(len(examples) + sum(1 for _ in left), examples)


CompareElsewhere = Callable[[OnRows], Differences | None]
"""A function that returns the differences that another process has found.

It returns None if there is no such process, or if it failed.
"""


def check_suggestions(
    context: CheckContext, compare_elsewhere: CompareElsewhere = lambda _: None
) -> None:
    """Check that the suggestions are up to date and match the catalog.

    If `compare_elsewhere` returns no differences, they are looked for here. Raises
    BrokenIndexError if the suggestions cannot be read.
    """
    path = context.parts / SUGGESTIONS
    if not path.exists() and (not context.commit.sequence or context.is_written):
        return  # A writer creates the file when it opens an index.
    with closing(StoredSuggestions(path)) as check:
        if check.sequence < context.commit.sequence:
            if context.is_written:
                return
            shown, last = check.sequence, context.commit.sequence
            what = f"they show commit {shown}, but the catalog is at commit {last}"
            context.findings.add(SUGGESTIONS, what, CATCH_UP)
        elif context.catalog_check.is_sound and bool(
            context.catalog_check.readable[context.catalog_check.alive].all()
        ):
            analyzers = Analyzers(context.manifest.language)
            found = compare_elsewhere(context.on_rows) or Differences.of(
                check.differences(context.catalog, analyzers, context.on_rows)
            )
            what = "they do not match the articles of the catalog"
            for example in found.examples:
                context.findings.add(SUGGESTIONS, what, REPAIR_SUGGESTIONS, example)
            if others := found.count - len(found.examples):
                context.findings.add(SUGGESTIONS, what, REPAIR_SUGGESTIONS, count=others)


class StoredSuggestions:
    """A consistent view of the suggestions at `path`.

    The view stays the same if a writer updates the file meanwhile. `sequence` is the
    number of the last commit in the suggestions. Raises BrokenIndexError if the
    suggestions cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            if not path.is_file():
                raise BrokenIndexError(f"{path} is missing; {REPAIR_SUGGESTIONS}")
            self._connection = connect(path, writing=False, probe=PROBE)
            self._connection.execute("BEGIN")
            ((version, self.sequence),) = self._connection.execute(PROBE)
            if version != VERSION:
                raise BrokenIndexError(
                    f"{path} was made by another version; 'nutgraf repair' rebuilds it"
                )
        except (*SQLITE_ERRORS, ValueError) as error:
            raise _unreadable(path, error) from error

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def differences(
        self, catalog: Catalog, analyzers: Analyzers, on_rows: OnRows = lambda _: None
    ) -> Iterator[str]:
        """Yield each word, phrase and title that does not match the catalog.

        If SQLite finds damage in the file, yield its message first. `on_rows` is called with
        the number of rows of the catalog that are done.
        """
        try:
            found = self._connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if found != "ok":
                yield str(found)
            with closing(derive(catalog, analyzers, self.sequence, on_rows)) as right:
                for text in _in_one_only(self._connection, right, TERMS, 0):
                    yield repr(text)
                for key in _in_one_only(self._connection, right, TITLES, 1):
                    yield f"the title {key!r}"
        except (*SQLITE_ERRORS, TypeError) as error:
            raise _unreadable(self._path, error) from error


def _in_one_only(
    there: sqlite3.Connection, right: sqlite3.Connection, statement: str, column: int
) -> Iterator[Any]:
    """Yield the value of one column in each row that only one of two databases has.

    `statement` selects the rows in both databases. The values are in the order of the
    rows; equal values that follow each other are yielded once.
    """
    rows = heapq.merge(there.execute(statement), right.execute(statement))
    odd = (row[column] for row, same in groupby(rows) if len(list(same)) == 1)
    for value, _ in groupby(odd):
        yield value


def _unreadable(path: Path, error: Exception) -> BrokenIndexError:
    return BrokenIndexError(f"{path} cannot be read ({error!s:.100}); {REPAIR_SUGGESTIONS}")
