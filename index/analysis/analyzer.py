"""Convert text to terms, in Python, for both keyword engines.

Indexing, searching and highlighting all use this analysis, so their terms always
agree. Engines receive terms and never read a text.

All languages share the rules for words (tokenizer.py). Stems and stop words depend
on the language. An article is analysed in its own language. A question is analysed
in all languages of the index (multilingual.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain
from threading import Lock
from typing import Final, NamedTuple

import Stemmer

from nutgraf.index.analysis.folding import cut, fold, lower, plain_form
from nutgraf.index.analysis.languages import LANGUAGES, analysed_as, primary_language
from nutgraf.index.analysis.runs import RunCache
from nutgraf.index.analysis.stopwords import has_meaning, stop_words
from nutgraf.index.analysis.tokenizer import ASCII_WORD, placed_words, written_words

__all__ = ["Analyzer", "Analyzers", "Token"]

_ACCENTLESS: Final = frozenset({"en"})
# In these languages, accents are removed before stemming. English spells one word both
# résumé and resume, and the English stemmer ignores accents. Other stemmers need accents,
# so in all other languages accents are removed after stemming.

_ELISIONS: Final = {
    "ca": re.compile(r"[dlmnst]'(?=\w)"),
    "fr": re.compile(r"(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu)'(?=\w)"),
    "it": re.compile(r"(?:[cdlmnstv]|un|dell|nell|all|dall|sull|quest|quell)'(?=\w)"),
}

_MAX_CACHED: Final = 1 << 18
# Most words in the cache of the default language of an index. This is enough for the
# frequent words of a large archive. A full cache takes about 40 MB.

_MAX_CACHED_OTHER: Final = 1 << 16
# Most words in the cache of each other language.

_MAX_CACHED_CONTENT: Final = 1 << 16
# Most runs in the cache of content words. A full cache takes about 10 MB.

_MAX_CACHED_TOKENS: Final = 1 << 14
# Most runs in the cache of tokens with positions. A full cache takes about 5 MB.

_THOUSANDS: Final = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])")


class Token(NamedTuple):
    """A term and the position of its word in the original text, in code points.

    The word is `text[start:end]`.
    """

    term: str
    start: int
    end: int


class Analyzer:
    """A converter from text of one language to terms. Safe to use from many threads.

    `language` is a tag such as "en" or "en-GB". A language that is not in
    LANGUAGES is analysed without stemming. `cache_size` limits the number of cached
    words.
    """

    def __init__(self, language: str = "en", *, cache_size: int | None = None) -> None:
        self.language = primary_language(language)
        size = _MAX_CACHED if cache_size is None else cache_size
        self._terms = RunCache(_Terms(self.language).of, size)
        self._runs = RunCache(self._terms_of_run, size)
        self._joined_runs = RunCache(self._joined_terms_of_run, size)
        self._run_tokens = RunCache(self._tokens_of_run, min(size, _MAX_CACHED_TOKENS))
        self._content = RunCache(self._content_of_run, min(size, _MAX_CACHED_CONTENT))
        words = stop_words(self.language)
        self.stop_terms = frozenset(self._terms[word] for word in words) - _NOT_STOP_TERMS
        """The terms of all stop words."""
        self._stop_words = words | self.stop_terms
        self._elision = _ELISIONS.get(self.language)

    @property
    def cached(self) -> int:
        """Number of words in the cache."""
        return len(self._terms)

    def terms(self, text: str) -> list[str]:
        """Return the terms of `text` in order. This is faster than `tokens`."""
        # No word contains white space. The runs of characters between white space often repeat, so
        # the terms of each run are cached.
        return list(chain.from_iterable(self.terms_of_runs(text.split())))

    def joined_terms(self, text: str) -> str:
        """Return the terms of `text`, joined by spaces. This is faster than `terms`."""
        return " ".join(filter(None, map(self._joined_runs.__getitem__, text.split())))

    def terms_of_runs(self, runs: Iterable[str]) -> Iterable[tuple[str, ...]]:
        """Return the terms of each run of characters between white space."""
        return map(self._runs.__getitem__, runs)

    def content_words(self, runs: Iterable[str]) -> Iterable[tuple[str, ...]]:
        """Return the words of each run that have a meaning of their own, in plain form."""
        return map(self._content.__getitem__, runs)

    def run_tokens(self, run: str) -> tuple[Token, ...]:
        """Return the tokens of a run, with their positions in the run."""
        return self._run_tokens[run]

    def _terms_of_run(self, run: str) -> tuple[str, ...]:
        words = ASCII_WORD.findall(run) if run.isascii() else written_words(run)
        return tuple(filter(None, map(self._terms.__getitem__, words)))

    def _joined_terms_of_run(self, run: str) -> str:
        return " ".join(self._terms_of_run(run))

    def _tokens_of_run(self, run: str) -> tuple[Token, ...]:
        return tuple(self.tokens(run))

    def _content_of_run(self, run: str) -> tuple[str, ...]:
        if run.isascii():
            written = ASCII_WORD.findall(run)
        else:
            written = [run[start:end] for _, start, end in self.tokens(run)]
        return tuple(plain_form(word) for word in written if has_meaning(word, self.is_stop))

    def term(self, word: str) -> str:
        """Return the term of one word from `placed_words`.

        The term is "" if the word contains only accents and invisible characters.
        """
        return self._terms[word]

    def words(self, text: str) -> list[str]:
        """Return the words of `text` in order, before `terms` converts them to terms.

        The words are in NFKC. Typographic apostrophes are replaced with "'".
        """
        return written_words(text)

    def key(self, text: str) -> str:
        """Return the folded words of `text`, joined by single spaces.

        Texts that differ only in case, accents and signs have the same key. As in `terms`,
        words that contain only accents and invisible characters are omitted. The key does not
        depend on the language.
        """
        return " ".join(filter(None, map(fold, self.words(text))))

    def tokens(self, text: str) -> list[Token]:
        """Return the terms of `text` in order, with their positions.

        Terms that come from one character of the text (½, ㍿) share its position. In
        scripts without spaces, the positions of neighbouring terms overlap.
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
        """Return whether `word` (a word or its term) is a stop word.

        A word in capitals is never a stop word: WHO, IT and US are names.
        """
        if len(word) > 1 and word.isupper():
            return False
        word = _without_possessive(fold(word))
        if self._elision is not None:
            word = self._elision.sub("", word, count=1)
        return word in self._stop_words

    @staticmethod
    def fold(word: str) -> str:
        """Return `word` without case and accents, not stemmed.

        Prefixes and patterns need this form, because they cannot be stemmed.
        """
        return fold(word)


class Analyzers:
    """The analyzers of an index, one for each language. Safe to use from many threads.

    `default` is the language of articles without a language tag. `cache_size` limits the
    number of cached words of each other language.
    """

    def __init__(self, default: str, *, cache_size: int = _MAX_CACHED_OTHER) -> None:
        self._cache_size = cache_size
        self.default = Analyzer(analysed_as(default) or "")
        self._by_language = {self.default.language: self.default}

    def of(self, tag: str | None) -> Analyzer:
        """Return the analyzer for texts with this tag, such as "en-GB".

        The analyzer of a language is created at the first call for this language.
        """
        language = analysed_as(tag)
        return self.default if language is None else self.of_language(language)

    def of_language(self, language: str) -> Analyzer:
        """Return the analyzer of a language, given as by `analysed_as`: "en", or ""."""
        found = self._by_language.get(language)
        if found is None:
            made = Analyzer(language, cache_size=self._cache_size)
            found = self._by_language.setdefault(language, made)
        return found


_NOT_STOP_TERMS: Final = frozenset({"doe"})
# Terms that come from stop words but do not count as stop words, because they are also
# names: the term of "does" is "doe", as in John Doe.


class _Terms:
    """The rules for the term of a word of one language. Thread-safe."""

    def __init__(self, language: str) -> None:
        name = LANGUAGES.get(language)
        # 0 is the size of the stemmer's own cache: the analyzer has a cache of terms.
        self._stemmer = Stemmer.Stemmer(name, 0) if name else None
        self._accentless = language in _ACCENTLESS
        self._elision = _ELISIONS.get(language)
        self._lock = Lock()  # A stemmer has state, so only one thread at a time can use it.

    def of(self, word: str) -> str:
        """Return the term of a word from `placed_words`."""
        word = fold(word) if self._accentless else lower(word)
        word = _without_possessive(word)
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


def _without_possessive(word: str) -> str:
    """Return a word without any 's at its end.

    With a single removal, the term of "x's's" would have another term.
    """
    while word.endswith("'s"):
        word = word[:-2]
    return word


def _has_digit(word: str) -> bool:
    return any(map(str.isdigit, word))


def _without_dots(word: str) -> str:
    return word.replace(".", "")


def _without_commas(match: re.Match[str]) -> str:
    return match[0].replace(",", "")
