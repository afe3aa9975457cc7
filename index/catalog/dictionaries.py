"""The dictionaries of the catalog, with which its texts are compressed.

Each text names its dictionary by number; 0 means none. A new index has no
dictionary. The first one is made from the first FIRST texts. When the index has
grown GROWTH times, a new one is made from samples of all its texts, for later
texts. Earlier texts keep their dictionary until compaction, which writes all
texts again.

A dictionary contains pieces of texts. Compaction makes new ones from the articles
that are left, so no piece of a deleted text remains.

Many texts depend on one dictionary. So each is stored twice, and a damaged copy
loses no text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nutgraf.index.catalog.compression import DamagedTextError, TextCodec, train_dictionary
from nutgraf.index.catalog.records import fields_checksum

__all__ = ["COPIES", "Dictionaries", "Dictionary"]

FIRST: Final = 2_000
"""The number of rows from which on an index has a dictionary."""

GROWTH: Final = 8
"""Ratio of the numbers of rows when two successive dictionaries are made."""

SAMPLES: Final = 16_000
"""Highest number of texts that a dictionary is made from: more make it no better."""

COPIES: Final = (1, 2)
"""The numbers of the copies of each dictionary."""


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A dictionary: its number, the rows of the index when it was made, and its bytes."""

    number: int
    rows: int
    content: bytes

    def copies(self) -> list[tuple[int, int, int, bytes, int]]:
        """Return the entries of the table: one for each copy, with its checksum."""
        return [
            (*entry, fields_checksum(entry))
            for copy in COPIES
            for entry in [(self.number, copy, self.rows, self.content)]
        ]


class Dictionaries:
    """The dictionaries of a catalog. Each is read when it is first used.

    `fetch` runs a statement with values and returns all rows of its result.
    """

    def __init__(self, fetch: Callable[[str, Sequence[Any]], list[Any]]) -> None:
        self._fetch = fetch
        self._codecs = {0: TextCodec()}

    def codec(self, number: int) -> TextCodec:
        """Return the codec of a dictionary.

        Raises DamagedTextError if no copy of the dictionary is intact.
        """
        if number not in self._codecs:
            statement = (
                "SELECT number, copy, rows, content, seal FROM dictionaries WHERE number = ?"
            )
            for *entry, seal in self._fetch(statement, (number,)):
                if fields_checksum(entry) == seal:
                    self._codecs[number] = TextCodec(entry[-1])
                    return self._codecs[number]
            raise DamagedTextError(f"dictionary {number} is damaged or missing")
        return self._codecs[number]

    def text(self, number: int, stored: Any) -> str:
        """Return a text that was compressed with dictionary `number`.

        Raises DamagedTextError if the text or its dictionary is damaged.
        """
        return self.codec(number).decompress(stored)

    def next(self, texts: Sequence[str], first_row: int) -> Dictionary | None:
        """Return a new dictionary if one is due before `texts` are written.

        The rows of these texts begin with `first_row`.
        """
        rows = first_row + len(texts)
        number, rows_then = self._newest()
        if not texts or rows < max(FIRST, GROWTH * rows_then):
            return None
        sampled = range(0, rows, -(-rows // SAMPLES))
        samples = [texts[row - first_row] for row in sampled if row >= first_row]
        samples += self._readable(row for row in sampled if row < first_row)
        content = train_dictionary(samples)
        return Dictionary(number + 1, rows, content) if content else None

    def newest_codec(self) -> tuple[int, TextCodec]:
        """Return the number and the codec of the newest dictionary.

        Return the codec without a dictionary if there is none, or if it is damaged.
        """
        number, _ = self._newest()
        try:
            return number, self.codec(number)
        except DamagedTextError:
            return 0, self._codecs[0]

    def _newest(self) -> tuple[int, int]:
        statement = "SELECT coalesce(max(number), 0), coalesce(max(rows), 0) FROM dictionaries"
        ((number, rows),) = self._fetch(statement, ())
        return number, rows

    def _readable(self, rows: Iterable[int]) -> list[str]:
        """Return the texts of rows, without damaged ones."""
        statement = (
            "SELECT dictionary, text FROM paragraphs WHERE row IN (SELECT value FROM json_each(?))"
        )
        texts = []
        for number, stored in self._fetch(statement, (json.dumps(list(rows)),)):
            try:
                texts.append(self.text(number, stored))
            except DamagedTextError:
                continue
        return texts
