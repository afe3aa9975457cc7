"""Names in the words of a question: values of fields, such as a source."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from nutgraf.index.schema import KEYWORD_FIELDS

__all__ = ["NAMED_FIELDS", "PossibleName", "possible_names"]

NAMED_FIELDS: Final = tuple(field for field in KEYWORD_FIELDS if field != "language")
"""The fields whose values are looked for.

The tags of languages are words in other languages: it, de, no, is.
"""

MAX_NAME: Final = 4
"""Maximum number of words in a name."""

MAX_WORDS: Final = 32
"""Maximum number of words in which names are looked for.

Longer questions are pasted texts.
"""

_WORD: Final = re.compile(r"\w(?:[^\s\x00]*\w)?[!+]?")


class PossibleName(NamedTuple):
    """Consecutive words of a text, and their place in code points.

    `value` are the words with single spaces between them.
    """

    value: str
    start: int
    end: int
    words: int


def possible_names(text: str) -> list[PossibleName]:
    """Return all sequences of 1 to MAX_NAME words of a text.

    A NUL character in the text ends a sequence.
    """
    words = [match.span() for match in _WORD.finditer(text)][:MAX_WORDS]
    found = []
    for at, (start, _) in enumerate(words):
        for many, (_, end) in enumerate(words[at : at + MAX_NAME], start=1):
            name = text[start:end]
            if "\x00" in name:
                break
            found.append(PossibleName(" ".join(name.split()), start, end, many))
    return found
