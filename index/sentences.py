"""Where the sentences of a text are."""

from __future__ import annotations

from collections.abc import Iterator

import sentencex

__all__ = ["sentence_spans"]


def sentence_spans(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each sentence, in code points, without the white space around it.

    `language` is a tag such as "en". Every character that is not white space is in one.
    """
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
