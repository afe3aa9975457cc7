"""The parser of questions: the tree of a text, whatever it contains.

Most questions are plain words. Only texts with operators go to whoosh's parser (operators.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from nutgraf.index.analysis.edit_distance import distance
from nutgraf.index.schema import QUERY_FIELDS
from nutgraf.search.query.syntax.nodes import Group, Warn
from nutgraf.search.query.syntax.operators import PHRASE, START, grouped
from nutgraf.search.query.syntax.words import LETTER, MAX_DISTANCE, leaf_of

__all__ = ["MAX_WORDS", "TOO_LONG", "parse", "parse_operators"]

MAX_WORDS: Final = 256
"""Maximum number of words that are searched, to limit the time of a search.

The encoder reads no more words than these.
"""

TOO_LONG: Final = f"the question is too long: only its start is searched, at most {MAX_WORDS} words"

MAX_CHARACTERS: Final = 4_096
"""Maximum number of characters that are read, enough for MAX_WORDS long words."""

# Control characters, and also halves of surrogate pairs, because no encoder accepts these.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# Telephones and word processors insert these quotes in place of ".
_QUOTES: Final = str.maketrans({"“": '"', "”": '"', "„": '"'})

_OPERATOR: Final = re.compile(r'[":()]|(?:^| )[+-]|(?:^| )(?:AND|OR|NOT)(?: |$)')
"""Match a sign or a word that can be an operator.

The words of the text have single spaces between them. The signs of patterns (* ? ~) are parts of
words.
"""

# Not https://, 9:30 or std::map.
_NEARLY_FIELD: Final = re.compile(
    rf"{START}[+-]?(?P<name>{LETTER}{{4,12}}):(?P<value>\"[^\"]+\"|[^\s()\":/][^\s()]*)"
)
_LONG_NAME: Final = 6
"""Names with this many letters may differ from a field in MAX_DISTANCE letters."""


def parse(question: str, warn: Warn, declared: Iterable[str] = ()) -> Group:
    """Return the tree of a question; call `warn` with each warning. Never raises.

    `declared` are the names of the declared fields of the index.
    """
    text = _readable(question, warn)
    if _OPERATOR.search(text) is None:
        # Most questions have no operator. Whoosh would take ten times as long.
        return Group("plain", tuple(leaf_of(word, warn) for word in text.split()))
    return parse_operators(text, warn, declared)


def parse_operators(text: str, warn: Warn, declared: Iterable[str] = ()) -> Group:
    """Return the tree of a question with operators, as whoosh's parser groups them.

    The words of `text` have single spaces between them. Without operators, `parse` is faster.
    """
    _warn_of_unknown_fields(text, warn, declared)
    tree = grouped(text, warn, declared)
    return tree if isinstance(tree, Group) else Group("plain", (tree,))


def _readable(question: str, warn: Warn) -> str:
    question = question.strip()
    words = _CONTROL.sub(" ", question[:MAX_CHARACTERS]).translate(_QUOTES).split()
    if len(question) > MAX_CHARACTERS or len(words) > MAX_WORDS:
        warn(TOO_LONG)
    return " ".join(words[:MAX_WORDS])


def _warn_of_unknown_fields(text: str, warn: Warn, declared: Iterable[str]) -> None:
    """Warn of a word before a colon that is nearly a field, such as sorce:bbc."""
    outside = PHRASE.sub(lambda phrase: phrase[0].replace(":", " "), text)
    for match in _NEARLY_FIELD.finditer(outside):
        name = match["name"].lower()
        most = 1 if len(name) < _LONG_NAME else MAX_DISTANCE
        known = (*QUERY_FIELDS, *declared)
        edits, field = min((distance(name, each), each) for each in known)
        if 0 < edits <= most:
            meant = f"{field}:{match['value'][:40]}"
            warn(f"'{match['name']}:' is not a field; did you mean {meant}? It is searched as text")
