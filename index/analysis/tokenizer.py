"""Text -> words, the same for all languages: where one begins and ends, in any script.

A word is a run of letters, digits and marks, with apostrophes, and between
digits dots and commas, inside. Everything else separates: anti-air is two
words, so a phrase finds it. The rules, one by one, are in tests/index/analysis/test_analyzer.py.

Scripts written without spaces (Chinese, Japanese, Thai, Lao, Burmese, Khmer) give a
word for each two characters side by side: 東京都 is 東京 and 京都. It takes no
dictionary, and finds more than characters one by one, or than words that budoux
makes out (benchmarks/languages.md). A character that stands alone is a word.
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
# A letter of no living script stands in for every mark and joiner while words
# are looked for, because \w leaves marks out.
_MARK: Final = "\ua78c"


def _word(first: str, letter: str, inner: str, more: str = "") -> re.Pattern[str]:
    # Each word begins with `first`, so `re` skips what begins none; what is seldom comes by its
    # own sign. Both halve the time.
    return re.compile(
        rf"{first}(?:"
        # U.S. and e.g., with their last dot where there is one
        rf"\.(?<={letter}\.){letter}(?:\.{letter})*(?!{inner})\.?(?:'[sS](?!{inner}))?"
        r"|\+\+(?<=[A-Za-z]\+\+)(?![A-Za-z+\#])|\#(?<=[A-Za-z]\#)(?![A-Za-z+\#])"  # C++, C#
        rf"|{inner}*(?:'(?!{_MARK}){inner}+|[.,](?<=\d.)(?=\d){inner}+)*"
        rf"){more}"
    )


ASCII_WORD: Final = _word("[A-Za-z0-9]", "[A-Za-z]", "[A-Za-z0-9]")
"""A word, in a text of ASCII alone: the same as in any other, sooner."""

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
# Signs of typesetting, and what a typewriter has for them. To words quotation marks and dashes are
# white space, so a text that has no other such signs is as quick as one without any.


class PlacedWord(NamedTuple):
    """A word in NFKC, and its place in the text as given, in code points."""

    word: str
    start: int
    end: int


def written_words(text: str) -> list[str]:
    """Return the words of any text, in NFKC, apostrophes unified; quicker than with places."""
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
    """Return the words of any text, with their places.

    Where one character of the text stands for several words (½, ㍿), they
    share its place.
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
    """Tell whether a term is one character of a script without spaces, marks aside."""
    return _LONE.fullmatch(term) is not None


def _words(text: str) -> Iterator[PlacedWord]:
    """Yield the words of an NFKC text, apostrophes unified, in their order."""
    text = text.translate(APOSTROPHES)
    marks = [char for char in set(text) if not char.isalnum() and _is_inner(char)]
    # One code point for one, so places hold.
    masked = text.translate(dict.fromkeys(map(ord, marks), _MARK)) if marks else text
    without_spaces = _CHARACTERS.search(masked) is not None
    for match in _WORD.finditer(masked):
        is_run = without_spaces and _CHARACTERS.match(masked, match.start())
        for start, end in _pairs(match) if is_run else (match.span(),):
            yield PlacedWord(text[start:end], start, end)


def _pairs(run: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield the places of each two characters of a run that stand side by side, or of its one."""
    spans = [match.span() for match in _CHARACTERS.finditer(run.string, *run.span())]
    if len(spans) == 1:
        yield spans[0]
    for one, other in pairwise(spans):
        yield one[0], other[1]


def _is_inner(char: str) -> bool:
    # Not the marks of category Me: they make pictures of keys.
    return unicodedata.category(char) in ("Mn", "Mc") or char in "\u00ad\u200c\u200d\u2060\ufeff"


def _normalize(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return the NFKC form of a text, and for each of its characters the place it came from."""
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    start, piece = 0, ""
    for position, char in enumerate(text):
        grown = char if char.isascii() else unicodedata.normalize("NFKC", char)
        if piece and not char.isascii():
            both = unicodedata.normalize("NFKC", text[start : position + 1])
            if both != piece + grown:  # they combine: e and its accent
                piece = both
                continue
        pieces.append(piece)
        places += [(start, position)] * len(piece)
        start, piece = position, grown
    pieces.append(piece)
    places += [(start, len(text))] * len(piece)
    return "".join(pieces), places
