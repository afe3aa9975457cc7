"""Split text into words, by the same rules for all languages and scripts.

A word is a run of letters, digits and marks. A word may contain apostrophes and,
between digits, dots and commas. All other characters separate words: "anti-air" is
two words, so the phrase "anti air" finds it. tests/index/analysis/test_analyzer.py
lists every rule.

In scripts without spaces (Chinese, Japanese, Thai, Lao, Burmese, Khmer), each pair
of adjacent characters is a word: 東京都 becomes 東京 and 京都. Pairs need no
dictionary. Searches with pairs find more than searches with single characters, and
more than searches with the words that budoux finds (benchmarks/languages.md). If a
run has only 1 character, this character is a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from nutgraf.index.analysis.folding import APOSTROPHES

__all__ = ["ASCII_WORD", "PlacedWord", "is_lone", "placed_words", "written_words"]

# Scripts without spaces between words: Thai, Lao, Burmese, Khmer, Han, kana.
_SINGLE: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029"
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
# This rarely used letter replaces every mark and joiner while a text is split
# into words, because \w does not match marks.
_MARK: Final = "\ua78c"


def _word(first: str, letter: str, inner: str, more: str = "") -> re.Pattern[str]:
    # Each word begins with `first`, so `re` skips all other characters. The pattern of each rare
    # form begins with a sign (".", "+" or "#"), so other words skip it fast. Both halve the time.
    return re.compile(
        rf"{first}(?:"
        # U.S. and e.g., with their last dot if they have one
        rf"\.(?<={letter}\.){letter}(?:\.{letter})*(?!{inner})\.?(?:'[sS](?!{inner}))?"
        r"|\+\+(?<=[A-Za-z]\+\+)(?![A-Za-z+\#])|\#(?<=[A-Za-z]\#)(?![A-Za-z+\#])"  # C++, C#
        rf"|{inner}*(?:'(?!{_MARK}){inner}+|[.,](?<=\d.)(?=\d){inner}+)*"
        rf"){more}"
    )


ASCII_WORD: Final = _word("[A-Za-z0-9]", "[A-Za-z]", "[A-Za-z0-9]")
"""Match a word in a text that is all ASCII.

The rules are the same as for other texts, but matching takes less time.
"""

_CHARACTER: Final = rf"(?![{_MARK}\W_])[{_SINGLE}][{_MARK}]*"
_WORD: Final = _word(
    rf"[^\W_{_MARK}{_SINGLE}]",
    rf"[^\W\d_{_MARK}{_SINGLE}]",
    rf"[^\W_{_SINGLE}]",
    rf"|(?:{_CHARACTER})+|[{_MARK}]+",
)
_CHARACTERS: Final = re.compile(_CHARACTER)
_LONE: Final = re.compile(rf"[{_SINGLE}]\W*")

_NO_LETTERS: Final = re.compile(r"[^\w\x00-\x7f]")

_SIGNS: Final = {
    **{chr(sign): plain for sign, plain in APOSTROPHES.items()},
    "“": '"', "”": '"', "–": "-", "—": "-",
}  # fmt: skip
# Typographic signs and their ASCII equivalents. Quotation marks and dashes only separate words, so
# replacing them changes no word. If a text has no other characters outside ASCII, it is then ASCII
# and fast to split.


class PlacedWord(NamedTuple):
    """A word in NFKC and its position in the original text, in code points."""

    word: str
    start: int
    end: int


def written_words(text: str) -> list[str]:
    """Return the words of any text, in NFKC.

    Typographic apostrophes are replaced with "'". This is faster than `placed_words`.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        for sign, plain in _SIGNS.items():
            text = text.replace(sign, plain)
    if text.isascii():
        return ASCII_WORD.findall(text)
    if _CHARACTERS.search(text) or any(map(_is_inner, _NO_LETTERS.findall(text))):
        return [word for word, _, _ in _words(text)]
    return _WORD.findall(text)


def placed_words(text: str) -> Iterable[PlacedWord]:
    """Return the words of any text with their positions.

    Words that come from one character of the text (½, ㍿) share its position.
    """
    if text.isascii():
        return [
            PlacedWord(match[0], match.start(), match.end()) for match in ASCII_WORD.finditer(text)
        ]
    if unicodedata.is_normalized("NFKC", text):
        return _words(text)
    normal, places = _normalize(text)
    return [
        PlacedWord(word, places[start][0], places[end - 1][1])
        for word, start, end in _words(normal)
    ]


def is_lone(term: str) -> bool:
    """Return whether a term is 1 character of a script without spaces, ignoring marks."""
    return _LONE.fullmatch(term) is not None


def _words(text: str) -> Iterator[PlacedWord]:
    """Yield the words of an NFKC text in order.

    Typographic apostrophes are replaced with "'".
    """
    text = text.translate(APOSTROPHES)
    marks = [char for char in set(text) if not char.isalnum() and _is_inner(char)]
    # Each code point is replaced by 1 code point, so positions stay correct.
    masked = text.translate(dict.fromkeys(map(ord, marks), _MARK)) if marks else text
    without_spaces = _CHARACTERS.search(masked) is not None
    for match in _WORD.finditer(masked):
        is_run = without_spaces and _CHARACTERS.match(masked, match.start())
        for start, end in _pairs(match) if is_run else (match.span(),):
            yield PlacedWord(text[start:end], start, end)


def _pairs(run: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield the span of each pair of adjacent characters, or of the only character."""
    spans = [match.span() for match in _CHARACTERS.finditer(run.string, *run.span())]
    if len(spans) == 1:
        yield spans[0]
    for one, other in pairwise(spans):
        yield one[0], other[1]


def _is_inner(char: str) -> bool:
    # Marks of category Me are excluded. They draw a shape around a character, such as a keycap.
    return unicodedata.category(char) in ("Mn", "Mc") or char in "\u00ad\u200c\u200d\u2060\ufeff"


def _normalize(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return the NFKC form of a text, and the span of each of its characters.

    A span is the start and end, in the text, of the characters that it comes from.
    """
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    start, piece = 0, ""
    for position, char in enumerate(text):
        grown = char if char.isascii() else unicodedata.normalize("NFKC", char)
        if piece and not char.isascii():
            both = unicodedata.normalize("NFKC", text[start : position + 1])
            if both != piece + grown:  # they combine, like e and its accent
                piece = both
                continue
        pieces.append(piece)
        places += [(start, position)] * len(piece)
        start, piece = position, grown
    pieces.append(piece)
    places += [(start, len(text))] * len(piece)
    return "".join(pieces), places
