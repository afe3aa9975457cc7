"""How unlikely it is that a word was typed in place of another one.

The costs are those of a noisy channel: a low cost for the errors that people make, such as two
letters in the wrong order, a letter once instead of twice, the next key, or another letter with the
same sound. The order of the costs follows Kernighan, Church and Gale, "A Spelling Correction
Program Based on a Noisy Channel Model", COLING 1990. They are for Latin letters; in other scripts,
every replaced letter costs the same.
"""

from __future__ import annotations

from typing import Final

__all__ = ["SWAPPED", "typing_cost"]

DOUBLED: Final = 0.5
"""A letter once instead of twice, or twice instead of once."""

SWAPPED: Final = 0.1
"""Two letters in the wrong order: an unknown name is seldom that of a known one."""

ALIKE: Final = 1.25
"""A letter with a similar sound, or a silent letter too many or too few."""

NEAR: Final = 1.0
"""A key next to the right one, or a consonant too few."""

OTHER: Final = 3.0
"""Any other letter."""

FIRST: Final = 1.5
"""An error in the first letter, in addition: people notice it."""

VOWELS: Final = frozenset("aeiouy")
SILENT: Final = VOWELS | {"h"}
SOUNDS: Final = ("aeiouy", "ckqsxz", "ijgy", "fpv", "vw", "dt", "mn")
"""Groups of letters with similar sounds."""

KEYS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _neighbours() -> dict[str, frozenset[str]]:
    """Return the keys next to each key; each row begins half a key later."""
    places = {
        key: (at + row / 2, row) for row, keys in enumerate(KEYS) for at, key in enumerate(keys)
    }
    return {
        key: frozenset(
            other
            for other, (x2, y2) in places.items()
            if other != key and abs(x - x2) <= 1 and abs(y - y2) <= 1
        )
        for key, (x, y) in places.items()
    }


NEIGHBOURS: Final = _neighbours()


def typing_cost(typed: str, meant: str) -> float:
    """Return the cost of typing `typed` for the word `meant`, 0 if they are equal.

    Both words are folded.
    """
    from rapidfuzz.distance import OSA, Levenshtein

    changes = Levenshtein.editops(typed, meant)
    swaps = len(changes) - OSA.distance(typed, meant)
    if swaps:
        # Each swap is 2 of the changes. The others, if there are any, are not known.
        first = FIRST if typed[:1] != meant[:1] else 0.0
        return swaps * SWAPPED + (len(changes) - 2 * swaps) * OTHER + first
    return sum(_cost(typed, meant, *change) for change in changes)


def _cost(typed: str, meant: str, kind: str, at: int, there: int) -> float:
    """Return the cost of one change of the letter `at` in `typed`, `there` in `meant`."""
    first = FIRST if not min(at, there) else 0.0
    if kind == "delete":  # One letter too many.
        letter, beside = typed[at], typed[max(0, at - 1) : at] + typed[at + 1 : at + 2]
        if letter in beside:
            return DOUBLED
        if letter in SILENT:
            return ALIKE + first
        near = NEIGHBOURS.get(letter, frozenset())
        return first + (NEAR if not near.isdisjoint(beside) else OTHER)
    if kind == "insert":  # One letter too few.
        letter, beside = (
            meant[there],
            meant[max(0, there - 1) : there] + meant[there + 1 : there + 2],
        )
        if letter in beside:
            return DOUBLED
        return first + (ALIKE if letter in SILENT else NEAR)
    wrong, right = typed[at], meant[there]
    if wrong in typed[max(0, at - 1) : at] + typed[at + 1 : at + 2] and right in (
        meant[max(0, there - 1) : there] + meant[there + 1 : there + 2]
    ):
        return SWAPPED + first  # The wrong letter is twice: quenn.
    if any(wrong in group and right in group for group in SOUNDS):
        return ALIKE + first
    return first + (NEAR if right in NEIGHBOURS.get(wrong, ()) else OTHER)
