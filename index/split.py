"""The split of an article into rows, and the text of each row for the encoder.

A row is a paragraph, or a part of a paragraph that is too long for the encoder.
Its text is unchanged. The encoder reads the text with the title of its article
and, if the text is very short, together with a neighbour.
"""

from __future__ import annotations

import math
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, Protocol

from nutgraf.index.analysis.sentences import sentence_spans
from nutgraf.index.catalog.rows import Row
from nutgraf.index.models.encoder.titled import TitledText

__all__ = ["TokenCount", "contexts_of", "rows_of"]

SHORT: Final = 12
"""The shortest sentence that the encoder reads alone, in characters.

A shorter one, such as "He agreed.", is read together with a neighbour.
"""

LABEL: Final = 40
"""The same limit for other texts: a crosshead, a label, the name under a quote."""

SMALLEST: Final = 4
"""A part that is cut after a sentence has more than 1/4 of the tokens that fit."""

_ENDS: Final = tuple(".!?…。！？؟।")


class TokenCount(Protocol):
    """The properties of an encoder that the split of paragraphs needs."""

    @property
    def limit(self) -> int:
        """The highest number of tokens of a text that the encoder reads."""

    def fits(self, text: str) -> bool:
        """Return True if the encoder certainly reads the complete text."""

    def starts(self, text: str) -> list[int]:
        """Return the start offsets of a text's tokens, in code points, ascending."""


def rows_of(paragraphs: Sequence[str], tokens: TokenCount, language: str) -> tuple[Row, ...]:
    """Return the rows of an article in `language`.

    The texts of the parts of a paragraph, joined, are exactly its text.
    """
    return tuple(
        row
        for position, text in enumerate(paragraphs)
        for row in _rows(position, text, tokens, language)
    )


def contexts_of(title: str, rows: Sequence[Row]) -> tuple[TitledText | None, ...]:
    """Return the text of each row for the encoder, in NFC with single spaces.

    It is None for boilerplate.

    A short row is read with a neighbour: a text that ends a sentence with the
    previous row, any other text, such as a name or a label, with the next row.
    """
    title = _plain(title)
    texts = [_plain(row.text) for row in rows if not row.boilerplate]
    contexts = (TitledText(title, _joined(texts, at)) for at in range(len(texts)))
    return tuple(None if row.boilerplate else next(contexts) for row in rows)


def _rows(position: int, text: str, tokens: TokenCount, language: str) -> Iterator[Row]:
    if tokens.fits(text):
        yield Row(position, 0, 0, text)
        return
    cuts = list(_cuts(text, tokens, language))
    if not cuts:
        yield Row(position, 0, 0, text)
        return
    for part, (start, end) in enumerate(pairwise([0, *cuts, len(text)]), 1):
        yield Row(position, part, start, text[start:end])


def _cuts(text: str, tokens: TokenCount, language: str) -> Iterator[int]:
    """Yield the offsets of the cuts that give parts that fit and have similar lengths."""
    starts, limit = tokens.starts(text), tokens.limit
    if len(starts) <= limit:
        return
    sentences = sorted({bisect_left(starts, start) for start, _ in sentence_spans(text, language)})
    words = [at for at, start in enumerate(starts) if start and _is_between_words(text, start)]
    at = place = 0
    while (left := len(starts) - at) > limit:
        ideal = at + math.ceil(left / math.ceil(left / limit))
        cut = (
            _nearest(sentences, at + limit // SMALLEST, at + limit, ideal)
            or _nearest(words, at, at + limit, ideal)
            or ideal
        )
        if starts[cut] > place:  # A single character can be many tokens.
            place = starts[cut]
            yield place
        at = cut


def _is_between_words(text: str, at: int) -> bool:
    return text[at - 1].isspace() or text[at].isspace()


def _nearest(places: Sequence[int], above: int, most: int, ideal: int) -> int | None:
    """Return the place nearest to `ideal` that is above `above` and at most `most`."""
    some = places[bisect_left(places, above + 1) : bisect_left(places, most + 1)]
    return min(some, key=lambda place: abs(place - ideal), default=None)


def _joined(texts: Sequence[str], at: int) -> str:
    text = texts[at]
    is_sentence = text.endswith(_ENDS)
    if len(text) >= (SHORT if is_sentence else LABEL) or len(texts) == 1:
        return text
    with_next = at == 0 or (at + 1 < len(texts) and not is_sentence)
    return f"{text} {texts[at + 1]}" if with_next else f"{texts[at - 1]} {text}"


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
