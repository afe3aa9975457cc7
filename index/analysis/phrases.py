"""The suggestions of an article: its words and names, and phrases of its title.

A form is a word or phrase in the spelling of the article. Forms that differ only in case,
accents and signs have the same key: the folded words, joined by single spaces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

from nutgraf.index.analysis.analyzer import Analyzer, Analyzers

__all__ = [
    "QUICK_WORD",
    "SIMPLE_TEXT",
    "TITLE_KEY",
    "PhraseExtractor",
    "is_plain_word",
    "word_forms",
]

MAX_WORD: Final = 32
"""Most letters of a suggested word. Completing a longer word is of no use."""

MIN_WORD: Final = 3
"""Fewest letters of a suggested word. Shorter words are fast to type."""

MAX_PHRASE: Final = 80
"""Most characters of a suggested phrase."""

MAX_STARTS: Final = 16
"""Most words of a title at which one of its keys begins.

A key is made for each of these words (see `PhraseExtractor.title_keys`). Few titles have more.
"""

TITLE_KEY: Final = 32
"""Most characters of a key that begins at a later word of a title.

The limit saves disk space.
"""

_MAX_CACHED: Final = 1 << 17
"""Most entries in a cache of forms. A full cache takes about 20 MB."""

_CAPITALS: Final = "A-Z" + "".join(chr(at) for at in range(0x80, 0x0600) if chr(at).isupper())
"""Capitals of Latin, Greek, Cyrillic and Armenian; other scripts have none."""

SIMPLE_TEXT: Final = re.compile(
    r"[\x00-\xac\xae-\u02ff\u0370-\u0482\u048a-\u052f\u1e00-\u200a\u2010-\u2026\u2030-\u205e"
    r"\u20a0-\u20bf\u2100-\u214f\u2190-\u22ff]*"
)
"""Match texts in Latin, Greek and Cyrillic without marks or invisible characters."""

QUICK_WORD: Final = re.compile(r"\w+(?:['’]\w+)*")
"""Match a word in a text that SIMPLE_TEXT matches.

This is 3 times as fast as the analyzer.
"""

_REST: Final = r"(?:[^\W\d_]|['’-](?=[^\W\d_]))*"
_NAME: Final = rf"[{_CAPITALS}]{_REST}"
_JOINT: Final = (
    "(?:of the|of|de la|de|du|des|del|della|di|da|dos|van der|van|von der|von|der|bin|al)"
)
_NAMES: Final = re.compile(
    rf"[{_CAPITALS}](?<!\w[{_CAPITALS}]){_REST}(?:\s(?:{_JOINT}\s)?{_NAME}){{1,4}}(?!\w)"
)
"""Match names: 2 to 5 words with capitals, and the short words that join them.

The pattern begins with the capital and tests the start of the word with a lookbehind. So `re` skips
all other characters, which halves the time.
"""

_OWNED: Final = re.compile("['’]s$")


def is_plain_word(word: str) -> bool:
    """Return whether a word has only letters and apostrophes."""
    return word.replace("'", "").isalpha()


class PhraseExtractor:
    """An extractor of words and phrases.

    An extractor has caches, so threads must not share one.
    """

    def __init__(self, analyzers: Analyzers) -> None:
        self._analyzers = analyzers
        self._analyzer = analyzers.default
        self._simple = _FormCache(lambda run: word_forms(QUICK_WORD.findall(run)))
        self._others = _FormCache(lambda run: word_forms(self._analyzer.words(run)))
        self._names: dict[str, _FormCache] = {}

    def of(self, title: str, paragraphs: Iterable[str], language: str | None = None) -> set[str]:
        """Return the words and phrases of an article, each once.

        A phrase contains a space; a word does not. `language` is the language tag of the
        article, and selects the stop words. Stop words are removed from the start of a name. A
        phrase of the title neither begins nor ends with a stop word.
        """
        analyzer = self._analyzers.of(language)
        # The runs of characters between white space often repeat, so the words of each run are
        # cached.
        simple: set[str] = set()
        others: set[str] = set()
        names: set[str] = set()
        for text in (title, *paragraphs):
            runs = simple if text.isascii() or SIMPLE_TEXT.fullmatch(text) else others
            runs.update(text.split())
            names.update(_NAMES.findall(text))
        found: set[str] = set(_title_phrases(title, analyzer))
        read = self._names.get(analyzer.language)
        if read is None:
            read = self._names[analyzer.language] = _FormCache(partial(_name, analyzer=analyzer))
        return found.union(
            *map(self._simple.__getitem__, simple),
            *map(self._others.__getitem__, others),
            *map(read.__getitem__, names),
        )

    def key(self, text: str) -> str:
        """Return the key of a form: its folded words, joined by single spaces."""
        if text.isascii() and text.replace(" ", "").isalpha():
            # For most forms, this gives the same key as below, in a tenth of the time.
            return text.lower()
        return self._analyzer.key(text) if " " in text else self._analyzer.fold(text)

    def title_keys(self, title: str) -> Iterator[tuple[int, str]]:
        """Yield the key of a complete title, and the keys that begin at its later words.

        The key of the complete title comes first, as (0, key). The other keys follow, as
        (1, key). They omit the first words of the title, and are cut at TITLE_KEY characters.
        """
        words = self._analyzer.key(title).split()
        yield 0, " ".join(words)
        later = {" ".join(words[at:])[:TITLE_KEY] for at in range(1, min(len(words), MAX_STARTS))}
        for key in sorted(later):
            yield 1, key


def _name(run: str, analyzer: Analyzer) -> tuple[str, ...]:
    """Return the names in a run of words with capitals.

    Stop words at the start are removed: they have a capital only because they begin a
    sentence. The last 2 words of a longer name are returned as a second name: for
    "President Jane Doe", the names are "President Jane Doe" and "Jane Doe".
    """
    words = _OWNED.sub("", run).split()
    while len(words) > 1 and analyzer.is_stop(words[0]):
        del words[0]
    forms = [" ".join(words)] if len(words) > 1 else []
    if len(words) > 2 and words[-2][0].isupper():
        forms.append(" ".join(words[-2:]))
    return tuple(form for form in forms if len(form) <= MAX_PHRASE)


def _title_phrases(title: str, analyzer: Analyzer) -> Iterator[str]:
    """Yield the phrases of a title: each 2 and each 3 adjacent words.

    A phrase neither begins nor ends with a stop word.
    """
    places = [(token.start, token.end) for token in analyzer.tokens(title)]
    stops = [analyzer.is_stop(title[start:end]) for start, end in places]
    for many in (2, 3):
        for first in range(len(places) - many + 1):
            last = first + many - 1
            start, end = places[first][0], places[last][1]
            if stops[first] or stops[last] or end - start > MAX_PHRASE:
                continue
            between = zip(places[first:last], places[first + 1 : last + 1], strict=True)
            # Words form a phrase only if a single space separates them. The words of a phrase
            # contain only letters and apostrophes.
            if all(title[one[1] : other[0]] == " " for one, other in between):
                phrase = title[start:end].removesuffix("'s")
                if is_plain_word(phrase.replace(" ", "").replace("’", "")):
                    yield phrase


class _FormCache(dict[str, tuple[str, ...]]):
    """A cache of the forms of each text. The cache is cleared when it is full."""

    def __init__(self, forms: Callable[[str], tuple[str, ...]]) -> None:
        super().__init__()
        self._forms = forms

    def __missing__(self, read: str) -> tuple[str, ...]:
        forms = self._forms(read)
        if len(read) > MAX_PHRASE:  # For example, a text without white space.
            return forms
        if len(self) >= _MAX_CACHED:
            self.clear()
        self[read] = forms
        return forms


def word_forms(words: Iterable[str]) -> tuple[str, ...]:
    """Return the forms of words to suggest, without a possessive 's.

    Words shorter than MIN_WORD or longer than MAX_WORD are omitted, and words that do not
    consist of letters and apostrophes. Typographic apostrophes are replaced with "'".
    """
    forms = (word.replace("’", "'").removesuffix("'s") for word in words)
    return tuple(
        form for form in forms if MIN_WORD <= len(form) <= MAX_WORD and is_plain_word(form)
    )
