"""Suggestions: what a question can be completed to, and how its words may have been meant.

A database beside the catalog, derived from it: words and phrases with the
number of living articles that hold them, and the titles by their keys. It
holds the sequence number of the commit that it shows, which is never behind
the one that the keyword index shows: what was deleted is suggested to nobody
who cannot find it. It may be a commit ahead.
"""

from __future__ import annotations

import sqlite3
import threading
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from nutgraf.index.analysis.phrases import TITLE_KEY
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.storage.sqlite import SQLITE_ERRORS, connect

__all__ = ["PROBE", "VERSION", "Suggestions", "TermCount", "counted_checksum", "magnitude_of"]

VERSION: Final = 2
"""Of the tables, and of the rules in analysis/phrases.py: counts by other rules would not go down
to 0."""

PROBE: Final = "SELECT version, sequence FROM shown"

LAST_CHARACTER: Final = "\U0010ffff"
"""Sorts behind every other letter, so that a prefix and it are where its range ends."""

POOL: Final = 20_000
"""Words that one is compared with, the most frequent first; of 300,000, some 10,000 begin alike."""

FREQUENT: Final = 2_000
"""Words whose letters are those of the language, nearly."""

ALPHABET: Final = 64
"""Letters that are tried in the place of another: with accents, and some of a second script."""

MAX_SIMILAR: Final = 64
"""Words that are like one, the nearest: nearly always the first that a paragraph has is meant."""


@dataclass(frozen=True, slots=True)
class TermCount:
    """A word or phrase as written, its key, and how many articles hold it.

    analysis/phrases.py makes the keys.
    """

    text: str
    key: str
    count: int


def magnitude_of(count: int) -> int:
    """Return the number of binary digits: it seldom changes, and sorts by count, nearly."""
    return count.bit_length()


def counted_checksum(text: str, key: str, count: int) -> int:
    """Return the CRC-32 of a row: SQLite does not notice a bit that its disk flips."""
    return zlib.crc32(f"{text}\0{key}\0{count}".encode())


class Suggestions:
    """One connection to the suggestions. Safe to use from many threads, one at a time each.

    `sequence` is the commit that has to be shown at the least. Raises
    BrokenIndexError where the file is missing, damaged or behind.
    """

    def __init__(self, path: Path, sequence: int) -> None:
        self._path = path
        self._lock = threading.Lock()
        with self._guarded():
            if not path.is_file():
                raise self._unusable("is missing")
            self._connection = connect(path, writing=False, probe=PROBE)
            try:
                self._check(sequence)
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Release files."""
        with self._lock:
            self._connection.close()

    def titles(self, start: str, most: int, *, later: bool) -> list[int]:
        """Return the first rows of articles whose title's key begins with `start`, by their keys.

        With `later`, from a later word of the title on. Such keys are cut at
        TITLE_KEY characters, so that more than what was asked for may come.
        """
        start = start[:TITLE_KEY] if later else start
        found = self._fetch(
            "SELECT row FROM titles WHERE later = ? AND key >= ? AND key < ? LIMIT ?",
            (int(later), start, start + LAST_CHARACTER, most),
        )
        return [int(row) for (row,) in found]

    def articles_with_title(self, key: str) -> int:
        """Count the articles whose whole title has this key."""
        ((count,),) = self._fetch("SELECT count(*) FROM titles WHERE later = 0 AND key = ?", (key,))
        return int(count)

    def words(self, start: str, most: int) -> list[TermCount]:
        """Return words whose keys begin with `start`.

        The `most` of the most frequent, nearly: those of one magnitude come by
        their keys, and it may be there that the list ends.
        """
        return [self._checked(row) for row in self._by_magnitude("phrase = 0", start, most)]

    def phrases(self, start: str, most: int) -> list[TermCount]:
        """Return phrases of at least two articles whose keys begin with `start`, as `words`."""
        found = self._by_magnitude("phrase = 1 AND magnitude > 1", start, most)
        return [self._checked(row) for row in found]

    def words_like(self, word: str, letters: int) -> list[tuple[int, TermCount]]:
        """Return words that one letter tells from `word`, or at most `letters` after the second.

        Each with the letters to insert, delete, replace or swap with a
        neighbour, at least 1: the MAX_SIMILAR nearest that begin with the same two
        letters, of the POOL most frequent, and all others that are one off.
        """
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        keys = self._keys(word[:2], POOL)
        found = process.extract(
            word, keys, scorer=OSA.distance, score_cutoff=letters, limit=MAX_SIMILAR
        )
        apart = dict.fromkeys(self._other_first_letters(word), 1)
        apart.update((key, int(count)) for key, count, _ in found if count)
        return [(apart[one.key], one) for one in self._with_keys(apart)]

    def _other_first_letters(self, word: str) -> Iterator[str]:
        """Yield what can be one off `word` and begins with other two letters than it."""
        for at in (0, 1):
            start, letter, rest = word[:at], word[at : at + 1], word[at + 1 :]
            found = [start + rest, start + rest[:1] + letter + rest[1:]]
            found += [start + other + end for other in self._alphabet for end in (rest, word[at:])]
            yield from (key for key in found if key[:2] != word[:2])

    @cached_property
    def _alphabet(self) -> list[str]:
        """The letters of the most frequent words, at most ALPHABET of them."""
        counts = Counter("".join(self._keys("", FREQUENT)))
        return [letter for letter, _ in counts.most_common(ALPHABET)]

    def _keys(self, start: str, most: int) -> list[str]:
        """Return the keys of the `most` most frequent words that begin with `start`.

        SQLite joins them several times as fast as their rows are fetched. One
        key may come twice.
        """
        found: list[str] = []
        for magnitude in self._magnitudes("phrase = 0"):
            ((keys,),) = self._fetch(
                "SELECT group_concat(key, ' ') FROM (SELECT key FROM terms "
                "WHERE phrase = 0 AND magnitude = ? AND key >= ? AND key < ? LIMIT ?)",
                (magnitude, start, start + LAST_CHARACTER, most - len(found)),
            )
            found += keys.split(" ") if keys else []
            if len(found) >= most:
                break
        return found

    def _with_keys(self, keys: Iterable[str]) -> list[TermCount]:
        """Return the words with one of these keys."""
        wanted = list(keys)
        magnitudes = ",".join(map(str, self._magnitudes("phrase = 0")))
        found = self._fetch(
            f"SELECT text, key, count, seal FROM terms WHERE phrase = 0 "
            f"AND magnitude IN ({magnitudes}) AND key IN ({','.join('?' * len(wanted))})",
            tuple(wanted),
        )
        return [self._checked(row) for row in found]

    def _magnitudes(self, which: str) -> range:
        """Return the magnitudes that there are, the greatest first."""
        ((highest,),) = self._fetch(f"SELECT max(magnitude) FROM terms WHERE {which}", ())
        return range(highest or 0, 0, -1)

    def _by_magnitude(self, which: str, start: str, most: int) -> list[Any]:
        found: list[Any] = []
        for magnitude in self._magnitudes(which):
            found += self._fetch(
                f"SELECT text, key, count, seal FROM terms WHERE {which} AND magnitude = ? "
                "AND key >= ? AND key < ? LIMIT ?",
                (magnitude, start, start + LAST_CHARACTER, most - len(found)),
            )
            if len(found) >= most:
                break
        return found

    def _checked(self, row: Any) -> TermCount:
        text, key, count, seal = row
        if counted_checksum(text, key, count) != seal:
            raise self._unusable("is not what was written")
        return TermCount(text, key, count)

    def _check(self, sequence: int) -> None:
        """Look once: a commit only adds to what is shown, and what is made anew is another file."""
        ((version, shown),) = self._connection.execute(PROBE)
        if version != VERSION:
            raise self._unusable("was made by another version")
        if shown < sequence:
            raise self._unusable(f"shows commit {shown}, not {sequence}")

    def _fetch(self, statement: str, values: tuple[Any, ...]) -> list[Any]:
        with self._lock, self._guarded():
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError as error:
            raise ValueError(f"the index {self._path.parent} is closed: open it again") from error
        except (*SQLITE_ERRORS, ValueError, TypeError) as error:
            raise self._unusable(f"cannot be read ({error!s:.100})") from error

    def _unusable(self, why: str) -> BrokenIndexError:
        return BrokenIndexError(
            f"{self._path} {why}; open the index for writing once (any 'nutgraf index' does) "
            "and it is made again from the catalog, or 'nutgraf repair' does that"
        )
