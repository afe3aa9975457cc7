"""Folding: remove differences of case, accents, apostrophes and width."""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["APOSTROPHES", "MAX_TERM", "cut", "fold", "lower", "plain_form"]

MAX_TERM: Final = 64
"""Most characters of a term.

Longer words are addresses and noise. A search still finds such a word, because the word in the
question is cut at the same length.
"""

APOSTROPHES: Final = {ord(char): "'" for char in "\u2019\u2018\u02bc\u02b9\u201b\uff07\u2032"}
"""Typographic apostrophes, as a table for `str.translate`."""

_INVISIBLE: Final[dict[int, None]] = dict.fromkeys(
    # Soft hyphen, joiners and variation selectors change the look of a word, not its letters.
    [0xAD, 0x200C, 0x200D, 0x2060, 0xFEFF, *range(0xFE00, 0xFE10)]
)

_LETTERS: Final = str.maketrans(
    {
        # Letters that Unicode normalization does not decompose: Søren, Wałęsa, Đoković.
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "þ": "th", "æ": "ae", "œ": "oe",
    }
)  # fmt: skip

_PLAIN: Final = {**APOSTROPHES, **_INVISIBLE}
_FOLDED: Final = {**_PLAIN, **_LETTERS}


def lower(word: str) -> str:
    """Return `word` in lower case.

    Typographic apostrophes are replaced with "'", and invisible characters are removed.
    """
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFKC", word.casefold().translate(_PLAIN))


def fold(word: str) -> str:
    """Return `word` without case, accents and invisible characters.

    Typographic apostrophes are replaced with "'". Folding a folded word does not change it.
    """
    if word.isascii():
        return word.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", word).casefold())
    kept = "".join(char for char in apart if not _is_accent(char))
    return unicodedata.normalize("NFKC", kept.casefold().translate(_FOLDED))


def cut(word: str) -> str:
    """Return at most MAX_TERM characters of `word`."""
    return word[:MAX_TERM]


def plain_form(word: str) -> str:
    """Return a word without typographic apostrophes, and without 's at its end."""
    plain = word if word.isascii() else word.translate(APOSTROPHES)
    return plain.removesuffix("'s")


def _is_accent(char: str) -> bool:
    # Combining classes 10 to 36 are Hebrew and Arabic vowel points. Classes from 200
    # on are accents above and below. Marks of the other classes belong to the letter: the
    # voicing of kana, the virama of Indic scripts, Thai tones.
    combining = unicodedata.combining(char)
    return combining >= 200 or 10 <= combining <= 36
