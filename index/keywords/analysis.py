"""Text -> terms: done once, in Python, for both engines.

The same analysis runs when paragraphs are indexed, when a question is asked
and when a hit is highlighted, so the three cannot disagree. Engines receive
ready terms and never look into a text.

A word is a run of letters, digits and marks, with apostrophes, and between
digits dots and commas, inside. Everything else separates: anti-air is two
words, so a phrase finds it. Scripts written without spaces give one term a
character. The rules, one by one, are in tests/index/test_analysis.py.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from threading import Lock
from typing import Final, NamedTuple

import Stemmer

from nutgraf.index.keywords.folding import APOSTROPHES, cut, fold, lower
from nutgraf.index.keywords.stopwords import STOP_WORDS

__all__ = ["LANGUAGES", "Analyzer", "Token", "exact_term", "value_terms"]

LANGUAGES: Final = {
    "ar": "arabic",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
    "ru": "russian",
    "sv": "swedish",
}
"""Language tag -> name of its Snowball stemmer."""

_ACCENTLESS: Final = frozenset({"en"})
# English writes résumé and resume for one word, and its stemmer knows no
# accents; the other stemmers need them, so there they go after stemming.

_ELISIONS: Final = {
    "fr": re.compile(r"(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu)'(?=\w)"),
    "it": re.compile(r"(?:[cdlmnstv]|un|dell|nell|all|dall|sull|quest|quell)'(?=\w)"),
}

_MAX_CACHED: Final = 1 << 18
# Words kept with their terms: the vocabulary of a large archive's frequent
# words, some 40 MB when full.

_LONG: Final = 64
# Longer words are not kept: a blob of letters comes once and can be of any size.

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


_ASCII_WORD: Final = _word("[A-Za-z0-9]", "[A-Za-z]", "[A-Za-z0-9]")
_WORD: Final = _word(
    rf"[^\W_{_MARK}{_SINGLE}]",
    rf"[^\W\d_{_MARK}{_SINGLE}]",
    rf"[^\W_{_SINGLE}]",
    rf"|(?![{_MARK}\W_])[{_SINGLE}][{_MARK}]*|[{_MARK}]+",
)

_NO_LETTERS: Final = re.compile(r"[^\w\x00-\x7f]")

_SIGNS: Final = {
    **{chr(sign): plain for sign, plain in APOSTROPHES.items()},
    "“": '"', "”": '"', "–": "-", "—": "-",
}  # fmt: skip
# Signs of typesetting, and what a typewriter has for them. To words quotation marks and dashes are
# white space, so a text that has no other such signs is as quick as one without any.

_THOUSANDS: Final = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])")


class Token(NamedTuple):
    """A term and where it stands: `text[start:end]`, in code points of the text as given."""

    term: str
    start: int
    end: int


class Analyzer:
    """Turns text of one language into terms. Safe to use from many threads.

    `language` is a tag such as "en" or "en-GB". A language that is not in
    LANGUAGES is analysed without stemming.
    """

    def __init__(self, language: str = "en") -> None:
        self.language = language.split("-")[0].split("_")[0].lower()
        self._terms = _Terms(self.language)
        words = STOP_WORDS.get(self.language, frozenset())
        self._stop_words = words | {self._terms[word] for word in words} - _NOT_STOPS

    def terms(self, text: str) -> list[str]:
        """Return the terms of `text` in their order; quicker than `tokens`."""
        if text.isascii():
            return list(map(self._terms.__getitem__, _ASCII_WORD.findall(text)))
        return list(filter(None, map(self._terms.__getitem__, _written(text))))

    def words(self, text: str) -> list[str]:
        """Return the words of `text` as written, in their order: what `terms` makes terms of.

        In NFKC, as terms are, and with their apostrophes unified.
        """
        return _written(text)

    def key(self, text: str) -> str:
        """Return the words of `text` folded, with single spaces: what alike texts have in common.

        As `terms`, it leaves out what has no letter: joiners and marks by themselves.
        """
        return " ".join(filter(None, map(fold, self.words(text))))

    def tokens(self, text: str) -> list[Token]:
        """Return the terms of `text` with their places, in their order.

        Where one character of the text stands for several words (½, ㍿), they
        share its place.
        """
        if text.isascii():
            return [
                Token(self._terms[match[0]], match.start(), match.end())
                for match in _ASCII_WORD.finditer(text)
            ]
        if unicodedata.is_normalized("NFKC", text):
            return [
                Token(term, start, end)
                for word, start, end in _words(text)
                if (term := self._terms[word])
            ]
        normal, places = _normalize(text)
        return [
            Token(term, places[start][0], places[end - 1][1])
            for word, start, end in _words(normal)
            if (term := self._terms[word])
        ]

    def is_stop(self, word: str) -> bool:
        """Say whether a question can do without `word` (a word, or its term).

        Words in capitals never: WHO, IT and US are names.
        """
        if len(word) > 1 and word.isupper():
            return False
        return fold(word).removesuffix("'s") in self._stop_words

    @staticmethod
    def fold(word: str) -> str:
        """Return `word` without case and accents, for prefixes and patterns; not stemmed."""
        return fold(word)


def exact_term(value: str) -> str:
    """Return the term that finds exactly this value of source, author, section ...

    It begins with a space, which no folded term does: a value that looks like
    another's exact term must not be taken for it.
    """
    return " " + value


def value_terms(value: str) -> tuple[str, ...]:
    """Return the terms of a source, author, section, language or article id.

    They are the value itself (as `exact_term` writes it), the whole of it
    folded, with single spaces, and its words folded; none twice.
    """
    words = map(fold, _written(value))
    whole = " ".join(fold(value).split())
    return tuple(dict.fromkeys(term for term in (exact_term(value), whole, *words) if term))


_NOT_STOPS: Final = frozenset({"doe"})
# Terms of stop words that are other words, too: does, but John Doe.


class _Terms(dict[str, str]):
    """Word -> term, worked out when first asked for. Bounded: starts afresh when full."""

    def __init__(self, language: str) -> None:
        super().__init__()
        name = LANGUAGES.get(language)
        # Our cache serves the stemmer's purpose, and its own is not needed.
        self._stemmer = Stemmer.Stemmer(name, 0) if name else None
        self._accentless = language in _ACCENTLESS
        self._elision = _ELISIONS.get(language)
        self._lock = Lock()  # a Snowball stemmer has state and takes no two threads

    def __missing__(self, word: str) -> str:
        term = self._term(word)
        if len(word) > _LONG:
            return term
        if len(self) >= _MAX_CACHED:
            self.clear()
        self[word] = term
        return term

    def _term(self, word: str) -> str:
        word = fold(word) if self._accentless else lower(word)
        word = word.removesuffix("'s")
        if "." in word or "," in word:
            word = _THOUSANDS.sub(_without_commas, word) if _has_digit(word) else _joined(word)
        if self._elision is not None and (match := self._elision.match(word)):
            word = word[match.end() :]
        word = cut(word)
        if self._stemmer is not None:
            with self._lock:
                word = str(self._stemmer.stemWord(word))
        return cut(fold(word))


def _has_digit(word: str) -> bool:
    return any(map(str.isdigit, word))


def _joined(word: str) -> str:
    return word.replace(".", "")


def _without_commas(match: re.Match[str]) -> str:
    return match[0].replace(",", "")


def _written(text: str) -> list[str]:
    """Return the words of any text, in NFKC, apostrophes unified; quicker than `_words`."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        for sign, plain in _SIGNS.items():
            text = text.replace(sign, plain)
    if text.isascii():
        return _ASCII_WORD.findall(text)
    if any(map(_is_inner, _NO_LETTERS.findall(text))):
        return [word for word, _, _ in _words(text)]
    return _WORD.findall(text)


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the words of an NFKC text, apostrophes unified, with their places."""
    text = text.translate(APOSTROPHES)
    marks = [char for char in set(text) if not char.isalnum() and _is_inner(char)]
    # One code point for one, so places hold.
    masked = text.translate(dict.fromkeys(map(ord, marks), _MARK)) if marks else text
    for match in _WORD.finditer(masked):
        start, end = match.span()
        yield text[start:end], start, end


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
