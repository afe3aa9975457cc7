"""Spellings that a reader takes for one: case, accents, apostrophes, width."""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["MAX_TERM", "cut", "fold", "lower"]

MAX_TERM: Final = 64
"""Characters of a term: longer 'words' are addresses and noise, and still found."""

_SAME: Final = str.maketrans(
    {
        # Letters that no normalization takes apart: Søren, Wałęsa, Đoković.
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "þ": "th", "æ": "ae", "œ": "oe",
        # Typographic apostrophes.
        "\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u02b9": "'", "\u201b": "'", "\u2032": "'",
        "`": "'", "\u00b4": "'",
        # Soft hyphen and joiners: they change how a word looks, not which it is.
        "\u00ad": None, "\u200c": None, "\u200d": None, "\u2060": None, "\ufeff": None,
        **{chr(selector): None for selector in range(0xFE00, 0xFE10)},
    }
)  # fmt: skip


def lower(word: str) -> str:
    """Return `word` without case, typographic apostrophes and invisible characters."""
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFKC", word.casefold().translate(_INVISIBLE))


def fold(word: str) -> str:
    """Return `word` without case and accents, its apostrophes unified. Folding twice is once."""
    if word.isascii():
        return word.lower().replace("`", "'")
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", word).casefold())
    kept = "".join(char for char in apart if not _is_accent(char))
    return unicodedata.normalize("NFKC", kept.casefold().translate(_SAME))


def cut(word: str) -> str:
    """Return at most MAX_TERM characters of `word`."""
    return word[:MAX_TERM]


def _is_accent(char: str) -> bool:
    # Classes 10 to 36 are Hebrew and Arabic vowel points, from 200 on accents
    # above and below. What lies between belongs to the letter: the voicing of
    # kana, the virama of Indic scripts, Thai tones.
    combining = unicodedata.combining(char)
    return combining >= 200 or 10 <= combining <= 36


_INVISIBLE: Final = {place: None for place, same in _SAME.items() if same is None} | {
    place: "'" for place, same in _SAME.items() if same == "'"
}
