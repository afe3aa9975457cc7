"""What of an article can be suggested: its words, its names, and the phrases of its title.

All of it as written. What two spellings have in common is their key: words
folded, single spaces between, and no signs.
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
"""Letters of a word that is kept; longer ones nobody wants completed."""

MIN_WORD: Final = 3
"""Letters of a word that is kept; shorter ones are typed as fast as chosen."""

MAX_PHRASE: Final = 80
"""Characters of a phrase that is kept."""

MAX_STARTS: Final = 16
"""Words of a title that it can be completed from; few titles have more."""

TITLE_KEY: Final = 48
"""Characters of a title's key where it begins at a later word: a bound on what a title takes."""

_MAX_CACHED: Final = 1 << 17
"""Forms that are remembered; some 20 MB when full."""

_CAPITALS: Final = "A-Z" + "".join(chr(at) for at in range(0x80, 0x0600) if chr(at).isupper())
"""Capitals of Latin, Greek, Cyrillic and Armenian; other scripts have none."""

SIMPLE_TEXT: Final = re.compile(
    r"[\x00-\xac\xae-\u02ff\u0370-\u0482\u048a-\u052f\u1e00-\u200a\u2010-\u2026\u2030-\u205e"
    r"\u20a0-\u20bf\u2100-\u214f\u2190-\u22ff]*"
)
"""Texts in Latin, Greek and Cyrillic letters that no mark and nothing invisible stands between."""

QUICK_WORD: Final = re.compile(r"\w+(?:['’]\w+)*")
"""Words in such texts, three times as fast as the analyzer finds words of all kinds."""

_REST: Final = r"(?:[^\W\d_]|['’-](?=[^\W\d_]))*"
_NAME: Final = rf"[{_CAPITALS}]{_REST}"
_JOINT: Final = (
    "(?:of the|of|de la|de|du|des|del|della|di|da|dos|van der|van|von der|von|der|bin|al)"
)
_NAMES: Final = re.compile(
    rf"[{_CAPITALS}](?<!\w[{_CAPITALS}]){_REST}(?:\s(?:{_JOINT}\s)?{_NAME}){{1,4}}(?!\w)"
)
"""Two to five words with capitals, as names have them, and what joins their parts.

It looks behind the first capital, not before it for the start of a word: so `re` skips what is no
capital, in half the time.
"""

_OWNED: Final = re.compile("['’]s$")


def is_plain_word(word: str) -> bool:
    """Tell whether a word is of letters alone, apostrophes aside."""
    return word.replace("'", "").isalpha()


class PhraseExtractor:
    """Reads articles. Not to be shared between threads: it remembers what it read."""

    def __init__(self, analyzers: Analyzers) -> None:
        self._analyzers = analyzers
        self._analyzer = analyzers.default
        self._simple = _FormCache(lambda run: word_forms(QUICK_WORD.findall(run)))
        self._others = _FormCache(lambda run: word_forms(self._analyzer.words(run)))
        self._names: dict[str, _FormCache] = {}

    def of(self, title: str, paragraphs: Iterable[str], language: str | None = None) -> set[str]:
        """Return the words and phrases of an article, each once; a phrase has a space in it.

        `language` is the article's tag: by it words are known that are not part of a phrase.
        """
        analyzer = self._analyzers.of(language)
        # What stands between white space comes again and again: its words are remembered.
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
        """Return the words of a form, folded, with single spaces: alike forms have one key."""
        if text.isascii() and text.replace(" ", "").isalpha():
            return text.lower()  # As what follows would, for most forms, in a tenth of the time.
        return self._analyzer.key(text) if " " in text else self._analyzer.fold(text)

    def title_keys(self, title: str) -> Iterator[tuple[int, str]]:
        """Yield the key of a title from each of its words on, and whether that is a later word.

        The first is whole; those of later words are cut at TITLE_KEY characters.
        """
        words = self._analyzer.key(title).split()
        yield 0, " ".join(words)
        later = {" ".join(words[at:])[:TITLE_KEY] for at in range(1, min(len(words), MAX_STARTS))}
        for key in sorted(later):
            yield 1, key


def _name(run: str, analyzer: Analyzer) -> tuple[str, ...]:
    """Return a run of words with capitals without what only begins its sentence.

    The last two of several go by themselves, too: President Jane Doe is Jane Doe.
    """
    words = _OWNED.sub("", run).split()
    while len(words) > 1 and analyzer.is_stop(words[0]):
        del words[0]
    forms = [" ".join(words)] if len(words) > 1 else []
    if len(words) > 2 and words[-2][0].isupper():
        forms.append(" ".join(words[-2:]))
    return tuple(form for form in forms if len(form) <= MAX_PHRASE)


def _title_phrases(title: str, analyzer: Analyzer) -> Iterator[str]:
    """Yield two and three words of a title that stand side by side, stop words not outside."""
    places = [(token.start, token.end) for token in analyzer.tokens(title)]
    stops = [analyzer.is_stop(title[start:end]) for start, end in places]
    for many in (2, 3):
        for first in range(len(places) - many + 1):
            last = first + many - 1
            start, end = places[first][0], places[last][1]
            if stops[first] or stops[last] or end - start > MAX_PHRASE:
                continue
            between = zip(places[first:last], places[first + 1 : last + 1], strict=True)
            # Words with a sign or a digit between them are no phrase.
            if all(title[one[1] : other[0]] == " " for one, other in between):
                phrase = title[start:end].removesuffix("'s")
                if is_plain_word(phrase.replace(" ", "").replace("’", "")):
                    yield phrase


class _FormCache(dict[str, tuple[str, ...]]):
    """What was read -> the forms that are kept of it. Bounded: starts afresh when full."""

    def __init__(self, forms: Callable[[str], tuple[str, ...]]) -> None:
        super().__init__()
        self._forms = forms

    def __missing__(self, read: str) -> tuple[str, ...]:
        forms = self._forms(read)
        if len(read) > MAX_PHRASE:  # A text without white space, for one.
            return forms
        if len(self) >= _MAX_CACHED:
            self.clear()
        self[read] = forms
        return forms


def word_forms(words: Iterable[str]) -> tuple[str, ...]:
    """Return of words as they stand in a text those that are kept, as they are kept."""
    forms = (word.replace("’", "'").removesuffix("'s") for word in words)
    return tuple(
        form for form in forms if MIN_WORD <= len(form) <= MAX_WORD and is_plain_word(form)
    )
