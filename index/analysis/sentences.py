"""Sentence boundaries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import sentencex

__all__ = ["sentence_spans"]

_WIDE: Final = re.compile(r"[^\S\x00-\x7f]")
"""Match white space outside ASCII.

After a sentence, sentencex 1.0 stops at such white space. So it is replaced with a space.
"""


def sentence_spans(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each sentence, in code points.

    White space around a sentence is excluded; every other character is in a sentence.
    `language` is a tag such as "en".
    """
    if not text.isascii():
        text = _WIDE.sub(" ", text)
    at = 0
    for sentence in sentencex.segment(language, text):
        start = text.find(sentence, at)
        if start < 0:
            break
        at = start + len(sentence)
        inner = sentence.strip()
        if inner:
            first = start + sentence.index(inner[0])
            yield first, first + len(inner)
    if text[at:].strip():
        rest = text[at:]
        first = at + len(rest) - len(rest.lstrip())
        yield first, first + len(rest.strip())
