"""Suggestions to complete a question and to correct its words.

They are in a database next to the catalog, derived from it. It contains words and
phrases with the number of living articles that have them, and titles by their keys. It
stores the sequence of the commit that it shows. That commit is never older than the
commit of the keyword index, so a deleted article is not suggested after it can no longer
be found. It can be 1 commit newer.
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
"""Version of the tables and of the rules in analysis/phrases.py.

If the rules changed without it, counts of deleted articles would not go down to 0.
"""

PROBE: Final = "SELECT version, sequence FROM shown"

LAST_CHARACTER: Final = "\U0010ffff"
"""The last character in order: a prefix followed by it ends the prefix's range."""

POOL: Final = 20_000
"""Most words that a word is compared with, most frequent first.

Of 300,000 words, about 10,000 have the same 2 first letters.
"""

FREQUENT: Final = 2_000
"""Most frequent words, whose letters are nearly all letters of the language."""

ALPHABET: Final = 64
"""Most letters to try in place of another: with accents, and of a second script."""

MAX_SIMILAR: Final = 64
"""Most similar words to return, nearest first.

The first of them that a paragraph has is nearly always the correct one.
"""


@dataclass(frozen=True, slots=True)
class TermCount:
    """A word or phrase, its key, and the number of articles with it.

    analysis/phrases.py makes the keys.
    """

    text: str
    key: str
    count: int


def magnitude_of(count: int) -> int:
    """Return the number of binary digits: a rough order by count that rarely changes."""
    return count.bit_length()


def counted_checksum(text: str, key: str, count: int) -> int:
    """Return the CRC-32 of a row: SQLite does not detect a bit that a disk flipped."""
    return zlib.crc32(f"{text}\0{key}\0{count}".encode())


class Suggestions:
    """A connection to the suggestions.

    Many threads can use it; their calls run one at a time. `sequence` is the oldest
    accepted commit. Raise BrokenIndexError if the file is missing, damaged or shows an
    older commit.
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
        """Return the first rows of articles with a title key that begins with `start`.

        The order is that of the keys. If `later` is True, search the keys that begin at a later
        word of the title. They are cut at TITLE_KEY characters, so a long `start` can return
        articles that do not match it.
        """
        start = start[:TITLE_KEY] if later else start
        found = self._fetch(
            "SELECT row FROM titles WHERE later = ? AND key >= ? AND key < ? LIMIT ?",
            (int(later), start, start + LAST_CHARACTER, most),
        )
        return [int(row) for (row,) in found]

    def articles_with_title(self, key: str) -> int:
        """Return the number of articles whose complete title has this key."""
        ((count,),) = self._fetch("SELECT count(*) FROM titles WHERE later = 0 AND key = ?", (key,))
        return int(count)

    def words(self, start: str, most: int) -> list[TermCount]:
        """Return up to `most` words with keys that begin with `start`, by frequency.

        The order is rough: words of one magnitude are in order of their keys, and the list
        can end within a magnitude.
        """
        return [self._checked(row) for row in self._by_magnitude("phrase = 0", start, most)]

    def phrases(self, start: str, most: int) -> list[TermCount]:
        """Return phrases of at least 2 articles, with keys that begin with `start`.

        The order and the limit are those of `words`.
        """
        found = self._by_magnitude("phrase = 1 AND magnitude > 1", start, most)
        return [self._checked(row) for row in found]

    def words_like(self, word: str, letters: int) -> list[tuple[int, TermCount]]:
        """Return words that are similar to `word`, each with its distance (1 or more).

        An edit inserts, deletes or replaces a letter, or swaps 2 adjacent letters. The result
        contains the MAX_SIMILAR nearest words of the POOL most frequent ones with the same 2
        first letters, up to `letters` edits, and all words with other first letters and 1 edit.
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
        """Yield keys within 1 edit of `word` whose first 2 letters differ from its own."""
        for at in (0, 1):
            start, letter, rest = word[:at], word[at : at + 1], word[at + 1 :]
            found = [start + rest, start + rest[:1] + letter + rest[1:]]
            found += [start + other + end for other in self._alphabet for end in (rest, word[at:])]
            yield from (key for key in found if key[:2] != word[:2])

    @cached_property
    def _alphabet(self) -> list[str]:
        """At most ALPHABET letters of the most frequent words."""
        counts = Counter("".join(self._keys("", FREQUENT)))
        return [letter for letter, _ in counts.most_common(ALPHABET)]

    def _keys(self, start: str, most: int) -> list[str]:
        """Return the keys of the `most` most frequent words that begin with `start`.

        SQLite joins the keys, several times as fast as fetching their rows. A key can occur
        twice.
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
        """Return all magnitudes, highest first."""
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
            raise self._unusable("is damaged: a checksum does not match")
        return TermCount(text, key, count)

    def _check(self, sequence: int) -> None:
        """Check the version and the commit.

        Once is enough: commits only move forward, and a rebuild makes another file.
        """
        ((version, shown),) = self._connection.execute(PROBE)
        if version != VERSION:
            raise self._unusable("was written by another version of nutgraf")
        if shown < sequence:
            raise self._unusable(f"is out of date: it shows commit {shown}, not {sequence}")

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
            f"{self._path} {why}; to rebuild it from the catalog, open the index for writing once "
            "(any 'nutgraf index' does) or run 'nutgraf repair'"
        )
