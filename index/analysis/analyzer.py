"""Text -> terms: done once, in Python, for both engines.

The same analysis runs when paragraphs are indexed, when a question is asked
and when a hit is highlighted, so the three cannot disagree. Engines receive
ready terms and never look into a text.

What is a word is the same in all languages (tokenizer.py); its stem and whether a
question can do without it are not. An article is analysed in its own language,
a question in those of the index (multilingual.py).
"""

from __future__ import annotations

import re
from itertools import chain
from threading import Lock
from typing import Final, NamedTuple

import Stemmer

from nutgraf.index.analysis.folding import cut, fold, lower
from nutgraf.index.analysis.stopwords import stop_words
from nutgraf.index.analysis.tokenizer import ASCII_WORD, placed_words, written_words

__all__ = [
    "LANGUAGES",
    "Analyzer",
    "Analyzers",
    "Token",
    "analysed_as",
    "exact_term",
    "primary_language",
    "tags_of",
    "value_terms",
]

LANGUAGES: Final = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "eo": "esperanto",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "st": "sesotho",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
"""Language tag -> name of its Snowball stemmer: all that PyStemmer has."""

_TAG_ALIASES: Final = {"nb": "no", "nn": "no", "in": "id", "ji": "yi"}
# Other tags of the same: written Norwegian, and two that were withdrawn.

_NO_LANGUAGE_TAGS: Final = frozenset({"", "und", "mul", "mis", "zxx"})
# Tags that name no language.

_ACCENTLESS: Final = frozenset({"en"})
# English writes résumé and resume for one word, and its stemmer knows no
# accents; the other stemmers need them, so there they go after stemming.

_ELISIONS: Final = {
    "ca": re.compile(r"[dlmnst]'(?=\w)"),
    "fr": re.compile(r"(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu)'(?=\w)"),
    "it": re.compile(r"(?:[cdlmnstv]|un|dell|nell|all|dall|sull|quest|quell)'(?=\w)"),
}

_MAX_CACHED: Final = 1 << 18
# Words kept with their terms: the vocabulary of a large archive's frequent
# words, some 40 MB when full.

_MAX_CACHED_OTHER: Final = 1 << 16
# The same for each language of an index that is not its own.

_MAX_CACHED_LENGTH: Final = 64
# Longer words are not kept: a blob of letters comes once and can be of any size.

_THOUSANDS: Final = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])")


class Token(NamedTuple):
    """A term and where it stands: `text[start:end]`, in code points of the text as given."""

    term: str
    start: int
    end: int


class Analyzer:
    """Turns text of one language into terms. Safe to use from many threads.

    `language` is a tag such as "en" or "en-GB". A language that is not in
    LANGUAGES is analysed without stemming. `cache_size` bounds the words that are
    remembered.
    """

    def __init__(self, language: str = "en", *, cache_size: int | None = None) -> None:
        self.language = primary_language(language)
        self._terms = _TermCache(self.language, _MAX_CACHED if cache_size is None else cache_size)
        self._runs = _RunCache(self._terms, _MAX_CACHED if cache_size is None else cache_size)
        words = stop_words(self.language)
        self._stop_words = words | {self._terms[word] for word in words} - _NOT_STOP_TERMS
        self._letters = frozenset("".join(words))
        self._elision = _ELISIONS.get(self.language)

    @property
    def cached(self) -> int:
        """The number of words in the cache."""
        return len(self._terms)

    def terms(self, text: str) -> list[str]:
        """Return the terms of `text` in their order; quicker than `tokens`."""
        # No word has white space in it, and what stands between comes again and again.
        return list(chain.from_iterable(map(self._runs.__getitem__, text.split())))

    def term(self, word: str) -> str:
        """Return the term of one word as `placed_words` gives it; "" where no letter is in it."""
        return self._terms[word]

    def words(self, text: str) -> list[str]:
        """Return the words of `text` as written, in their order: what `terms` makes terms of.

        In NFKC, as terms are, and with their apostrophes unified.
        """
        return written_words(text)

    def key(self, text: str) -> str:
        """Return the words of `text` folded, with single spaces: what alike texts have in common.

        As `terms`, it leaves out what has no letter: joiners and marks by themselves.
        It is the same in all languages.
        """
        return " ".join(filter(None, map(fold, self.words(text))))

    def tokens(self, text: str) -> list[Token]:
        """Return the terms of `text` with their places, in their order.

        Where one character of the text stands for several words (½, ㍿), they
        share its place; in scripts without spaces, a place overlaps the next.
        """
        if text.isascii():
            return [
                Token(self._terms[match[0]], match.start(), match.end())
                for match in ASCII_WORD.finditer(text)
            ]
        return [
            Token(term, start, end)
            for word, start, end in placed_words(text)
            if (term := self._terms[word])
        ]

    def is_stop(self, word: str) -> bool:
        """Say whether a question can do without `word` (a word, or its term).

        Words in capitals never: WHO, IT and US are names.
        """
        if len(word) > 1 and word.isupper():
            return False
        word = fold(word).removesuffix("'s")
        if self._elision is not None:
            word = self._elision.sub("", word, count=1)
        return word in self._stop_words

    def shares_script(self, word: str) -> bool:
        """Say whether the language's stop words have any letter of `word`: its script has, then."""
        return not self._letters.isdisjoint(fold(word))

    @staticmethod
    def fold(word: str) -> str:
        """Return `word` without case and accents, for prefixes and patterns; not stemmed."""
        return fold(word)


class Analyzers:
    """The analyzers of an index, one a language. Safe to use from many threads.

    `default` is the language of what names none.
    """

    def __init__(self, default: str) -> None:
        self.default = Analyzer(analysed_as(default) or "")
        self._by_language = {self.default.language: self.default}

    def of(self, tag: str | None) -> Analyzer:
        """Return the analyzer of texts with this tag ("en-GB"), made when first asked for."""
        language = analysed_as(tag)
        return self.default if language is None else self.of_language(language)

    def of_language(self, language: str) -> Analyzer:
        """Return the analyzer of what `analysed_as` makes of a tag."""
        found = self._by_language.get(language)
        if found is None:
            made = Analyzer(language, cache_size=_MAX_CACHED_OTHER)
            found = self._by_language.setdefault(language, made)
        return found


def analysed_as(tag: str | None) -> str | None:
    """Return the language by whose rules texts with this tag are read; None where it says none.

    It is "" for all languages without a stemmer and stop words: they share one analyzer.
    """
    primary = "" if tag is None else primary_language(tag)
    if primary in _NO_LANGUAGE_TAGS:
        return None
    return primary if primary in LANGUAGES or stop_words(primary) else ""


def primary_language(tag: str) -> str:
    """Return what a tag says of the language, without region and script: "en" for "en-GB"."""
    primary = tag.replace("_", "-").partition("-")[0].strip().lower()
    return _TAG_ALIASES.get(primary, primary)


def tags_of(language: str) -> tuple[str, ...]:
    """Return the tags, without region and script, of texts in a language: nb and nn for "no"."""
    return (language, *(tag for tag, same in _TAG_ALIASES.items() if same == language))


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
    words = map(fold, written_words(value))
    whole = " ".join(fold(value).split())
    return tuple(dict.fromkeys(term for term in (exact_term(value), whole, *words) if term))


_NOT_STOP_TERMS: Final = frozenset({"doe"})
# Terms of stop words that are other words, too: does, but John Doe.


class _TermCache(dict[str, str]):
    """Word -> term, worked out when first asked for. Bounded: starts afresh when full."""

    def __init__(self, language: str, cache_size: int) -> None:
        super().__init__()
        self._size = cache_size
        name = LANGUAGES.get(language)
        # Our cache serves the stemmer's purpose, and its own is not needed.
        self._stemmer = Stemmer.Stemmer(name, 0) if name else None
        self._accentless = language in _ACCENTLESS
        self._elision = _ELISIONS.get(language)
        self._lock = Lock()  # a Snowball stemmer has state and takes no two threads

    def __missing__(self, word: str) -> str:
        term = self._term(word)
        if len(word) > _MAX_CACHED_LENGTH:
            return term
        if len(self) >= self._size:
            self.clear()
        self[word] = term
        return term

    def _term(self, word: str) -> str:
        word = fold(word) if self._accentless else lower(word)
        word = word.removesuffix("'s")
        if "." in word or "," in word:
            word = (
                _THOUSANDS.sub(_without_commas, word) if _has_digit(word) else _without_dots(word)
            )
        if self._elision is not None and (match := self._elision.match(word)):
            word = word[match.end() :]
        word = cut(word)
        if self._stemmer is not None:
            with self._lock:
                word = str(self._stemmer.stemWord(word))
        return cut(fold(word))


class _RunCache(dict[str, tuple[str, ...]]):
    """What stands between white space -> its terms, bounded as _TermCache is."""

    def __init__(self, terms: _TermCache, cache_size: int) -> None:
        super().__init__()
        self._terms = terms
        self._size = cache_size

    def __missing__(self, run: str) -> tuple[str, ...]:
        words = ASCII_WORD.findall(run) if run.isascii() else written_words(run)
        terms = tuple(filter(None, map(self._terms.__getitem__, words)))
        if len(run) > _MAX_CACHED_LENGTH:
            return terms
        if len(self) >= self._size:
            self.clear()
        self[run] = terms
        return terms


def _has_digit(word: str) -> bool:
    return any(map(str.isdigit, word))


def _without_dots(word: str) -> str:
    return word.replace(".", "")


def _without_commas(match: re.Match[str]) -> str:
    return match[0].replace(",", "")
