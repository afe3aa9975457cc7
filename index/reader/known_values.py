"""KnownValues: the values of keyword fields, found without case or by letters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from nutgraf.index.analysis.folding import lower

__all__ = ["KnownValues"]

MAX_COMPARED: Final = 20_000
"""Maximum number of values that are compared by letters, in about 5 ms."""

MAX_EDITS: Final = 2
"""Maximum number of edits between a value and the nearest known one."""

MAX_NEAR: Final = 5
"""Maximum number of near values. Some may belong to deleted articles only."""

PART: Final = 3
"""Minimum number of characters of a value that is looked for inside known ones."""

SHORT: Final = 4
"""Values with at most this many characters may differ in 1 edit."""


class KnownValues:
    """The values of keyword fields, in memory.

    `pairs` are pairs of a field and a value. They may include values that only deleted articles
    have.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._spellings: dict[str, dict[str, list[str]]] = {}
        for field, value in pairs:
            self._spellings.setdefault(field, {}).setdefault(lower(value), []).append(value)

    def spellings(self, field: str, values: Iterable[str]) -> dict[str, list[str]]:
        """Return the known values that differ from each value in case only, in order.

        Values without any are omitted.
        """
        known = self._spellings.get(field, {})
        found = ((value, known.get(lower(value))) for value in values)
        return {value: sorted(spellings) for value, spellings in found if spellings}

    def near(self, field: str, value: str) -> Iterator[str]:
        """Yield values that are near to `value`, the nearest first.

        A value is near if it differs in at most MAX_EDITS letters without case, or if it contains
        all of `value`, as 'The Guardian' contains 'guardian'.
        """
        # Imported here, because only an unknown value needs them.
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        known, wanted = self._spellings.get(field, {}), lower(value)
        compared = islice(known, MAX_COMPARED)
        most = 1 if len(wanted) <= SHORT else MAX_EDITS
        # The types of rapidfuzz do not know that a distance is an int.
        scorer: Any = OSA.distance
        found = process.extract(wanted, compared, scorer=scorer, score_cutoff=most, limit=MAX_NEAR)
        close = [folded for folded, _, _ in found]
        longer = sorted((each for each in known if len(wanted) >= PART and wanted in each), key=len)
        for folded in dict.fromkeys([*close, *longer[:MAX_NEAR]]):
            yield from sorted(known[folded])
