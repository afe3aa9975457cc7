"""Suggestions to complete a question and to correct its words.

The suggestions are in a database next to the catalog, and are derived from the catalog.
The database contains the words and phrases of articles, each with the number of articles
that contain it, and the keys of titles. Deleted articles are not included.

The database stores the sequence (number) of the commit that it shows. This commit is
never older than the commit of the keyword index, but can be 1 commit newer. So when a
search no longer finds a deleted article, the article is no longer suggested either.
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

VERSION: Final = 3
"""Version of the tables and of the rules in analysis/phrases.py.

Increase the version when the rules change. Otherwise, deleting an old article would subtract other
words than were counted when it was added.
"""

PROBE: Final = "SELECT version, sequence FROM shown"

WORDS: Final = "phrase = 0"
PHRASES: Final = "phrase = 1 AND (phrase = 0 OR magnitude > 1)"
"""The terms that are suggested: words, and phrases in 2 or more articles.

The condition in parentheses is that of the SQL index. With `magnitude > 1` alone, SQLite would read
all phrases in the index, and not only those with the wanted keys.
"""

LAST_CHARACTER: Final = "\U0010ffff"
"""The last code point of Unicode.

Every key that begins with a prefix sorts before the prefix followed by this character.
"""

POOL: Final = 20_000
"""Most words with which a word is compared, the most frequent words first.

Of the 300,000 words of an index, about 10,000 have the same 2 first letters.
"""

FREQUENT: Final = 2_000
"""Number of words from which the alphabet is read, the most frequent words first.

These words contain nearly all letters of the language.
"""

ALPHABET: Final = 64
"""Most letters that are tried in place of another letter.

This is enough for the letters of 2 scripts.
"""

MAX_SIMILAR: Final = 64
"""Largest number of similar words to return, the nearest words first.

The caller uses the first word that a paragraph contains; this is nearly always the correct one.
"""


@dataclass(frozen=True, slots=True)
class TermCount:
    """A word or phrase, its key, and the number of articles that contain it.

    analysis/phrases.py explains the keys.
    """

    text: str
    key: str
    count: int


def magnitude_of(count: int) -> int:
    """Return the magnitude of a count: the number of its binary digits.

    Words are ordered by magnitude, which changes less often than the count.
    """
    return count.bit_length()


def counted_checksum(text: str, key: str, count: int) -> int:
    """Return the CRC-32 of a word or phrase, its key and its count.

    The checksum is needed because SQLite does not detect a bit that a disk flipped.
    """
    return zlib.crc32(f"{text}\0{key}\0{count}".encode())


class Suggestions:
    """A read-only connection to the suggestions.

    Many threads can use one connection; their calls run one at a time. `sequence` is the
    oldest accepted commit. Raises BrokenIndexError if the file is missing or damaged, or
    shows an older commit.
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
        """Return up to `most` articles with a title key that begins with `start`.

        The result contains the first row of each article, in the order of the keys. If `later`
        is False, the keys are those of complete titles. If `later` is True, the keys begin at a
        later word of the title and are cut at TITLE_KEY characters. Then a longer `start` is
        also cut, so an article may not match the complete `start`.
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

        The order is rough. Words of a higher magnitude come first, but words of the same
        magnitude are in the order of their keys. If the list ends within a magnitude, more
        frequent words of this magnitude may be missing.
        """
        return [self._checked(row) for row in self._by_magnitude(WORDS, start, most)]

    def phrases(self, start: str, most: int) -> list[TermCount]:
        """Return phrases that are in 2 or more articles and have keys with this start.

        The order and the limit are the same as in `words`.
        """
        return [self._checked(row) for row in self._by_magnitude(PHRASES, start, most)]

    def words_of(self, keys: Iterable[str]) -> list[TermCount]:
        """Return all words with one of these keys, in any order."""
        return self._with_keys(WORDS, keys)

    def phrases_of(self, keys: Iterable[str]) -> list[TermCount]:
        """Return all phrases with one of these keys, in any order."""
        return self._with_keys(PHRASES, keys)

    def words_like(self, word: str, letters: int) -> list[tuple[int, TermCount]]:
        """Return words that are similar to `word`, each with its distance (1 or more).

        The distance is a number of edits. An edit inserts, deletes or replaces a letter, or
        swaps 2 adjacent letters. The result contains two groups of words:

        - Words with the same 2 first letters as `word` and a distance of at most `letters`. Only
          the POOL most frequent words are compared, and the MAX_SIMILAR nearest are returned.
        - All words that differ in the first 2 letters, with a distance of 1.
        """
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        keys = self._keys(word[:2], POOL)
        found = process.extract(
            word, keys, scorer=OSA.distance, score_cutoff=letters, limit=MAX_SIMILAR
        )
        apart = dict.fromkeys(self._other_first_letters(word), 1)
        apart.update((key, int(count)) for key, count, _ in found if count)
        return [(apart[one.key], one) for one in self.words_of(apart)]

    def beginnings_like(self, start: str) -> list[str]:
        """Return beginnings of words that are 1 edit from `start`, frequent words first.

        The beginnings have the same 2 first letters as `start`. See `words_like` for the edits.
        """
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        lengths = range(len(start) - 1, len(start) + 2)
        keys = self._keys(start[:2], POOL)
        beginnings = list(dict.fromkeys(key[:many] for key in keys for many in lengths))
        found = process.extract(
            start, beginnings, scorer=OSA.distance, score_cutoff=1, limit=MAX_SIMILAR
        )
        return [beginnings[at] for _, _, at in sorted(found, key=lambda each: each[2])]

    def _other_first_letters(self, word: str) -> Iterator[str]:
        """Yield the keys that are 1 edit from `word` and differ in the first 2 letters."""
        for at in (0, 1):
            start, letter, rest = word[:at], word[at : at + 1], word[at + 1 :]
            found = [start + rest, start + rest[:1] + letter + rest[1:]]
            found += [start + other + end for other in self._alphabet for end in (rest, word[at:])]
            yield from (key for key in found if key[:2] != word[:2])

    @cached_property
    def _alphabet(self) -> list[str]:
        """The most frequent letters of the most frequent words, at most ALPHABET."""
        counts = Counter("".join(self._keys("", FREQUENT)))
        return [letter for letter, _ in counts.most_common(ALPHABET)]

    def _keys(self, start: str, most: int) -> list[str]:
        """Return the keys of the `most` most frequent words that begin with `start`.

        SQLite joins the keys into one text, because this is several times as fast as fetching
        one row per key. A key can occur twice, because several words can have the same key.
        """
        found: list[str] = []
        for magnitude in self._magnitudes(WORDS):
            ((keys,),) = self._fetch(
                f"SELECT group_concat(key, ' ') FROM (SELECT key FROM terms "
                f"WHERE {WORDS} AND magnitude = ? AND key >= ? AND key < ? LIMIT ?)",
                (magnitude, start, start + LAST_CHARACTER, most - len(found)),
            )
            found += keys.split(" ") if keys else []
            if len(found) >= most:
                break
        return found

    def _with_keys(self, which: str, keys: Iterable[str]) -> list[TermCount]:
        wanted = list(keys)
        magnitudes = ",".join(map(str, self._magnitudes(which)))
        found = self._fetch(
            f"SELECT text, key, count, seal FROM terms WHERE {which} "
            f"AND magnitude IN ({magnitudes}) AND key IN ({','.join('?' * len(wanted))})",
            tuple(wanted),
        )
        return [self._checked(row) for row in found]

    def _magnitudes(self, which: str) -> range:
        """Return all magnitudes from the highest in the table down to 1."""
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
        """Check the version of the file, and the commit that it shows.

        One check per connection is enough: the file can only change to newer commits, and a
        rebuild creates another file.
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
