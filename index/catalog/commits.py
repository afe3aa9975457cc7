"""The commits in the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple

from nutgraf.index.catalog.connection import ADVICE, MANY, CatalogConnection
from nutgraf.index.catalog.records import NO_COMMIT, Commit
from nutgraf.index.errors import BrokenIndexError

__all__ = ["CommitTable"]


class CommitTable(CatalogConnection):
    """The numbers and counts of all commits."""

    def last_commit(self) -> Commit:
        """Return the newest commit, or NO_COMMIT (sequence 0) if there is none."""
        return self._commit("ORDER BY sequence DESC LIMIT 1") or NO_COMMIT

    def commit_of(self, sequence: int) -> Commit:
        """Return the commit with number `sequence`, or NO_COMMIT for 0.

        Raises BrokenIndexError if the catalog has no such commit.
        """
        if sequence == 0:
            return NO_COMMIT
        found = self._commit("WHERE sequence = ?", sequence)
        if found is None:
            raise BrokenIndexError(
                f"{self._path} has no commit {sequence}, but the keyword index shows it; "
                "restore the index from a backup or index the articles again"
            )
        return found

    def commits(self) -> Iterator[Commit]:
        """Yield all commits, in order."""
        last = 0
        while some := self._commits("WHERE sequence > ? ORDER BY sequence LIMIT ?", last, MANY):
            for commit in some:
                if commit.sequence <= last:  # Damaged pages can repeat commits.
                    raise BrokenIndexError(
                        f"{self._path}: the order of commits is damaged: commit "
                        f"{commit.sequence} follows commit {last}; {ADVICE}"
                    )
                last = commit.sequence
                yield commit

    def _commit(self, where: str, *values: int) -> Commit | None:
        found = self._commits(where, *values)
        return found[0] if found else None

    def _commits(self, where: str, *values: int) -> list[Commit]:
        statement = (
            "SELECT sequence, rows, living, ranked, articles, paragraphs, checksum, at "
            f"FROM commits {where}"
        )
        commits = [Commit(*found) for found in self.fetch(statement, values)]
        for commit in commits:
            if not all(isinstance(number, int) for number in astuple(commit)[:-1]):
                raise BrokenIndexError(
                    f"{self._path}: the record of commit {commit.sequence} is damaged: a "
                    f"field is not an integer; {ADVICE}"
                )
        return commits
