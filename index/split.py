"""The split of an article into rows, and the text of each row for the encoder.

A row is a paragraph, or a part of a paragraph that is too long for the encoder.
The text of a row is stored unchanged. For the encoder, it gets the title of its
article, and a very short text is joined with the text of a neighbouring row.
"""

from __future__ import annotations

import math
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, Protocol

from nutgraf.index.analysis.runs import single_spaced
from nutgraf.index.analysis.sentences import sentence_spans
from nutgraf.index.catalog.rows import Row
from nutgraf.index.models.encoder.titled import TitledText

__all__ = ["TokenCount", "contexts_of", "rows_of"]

SHORT: Final = 12
"""The shortest sentence that the encoder reads alone, in characters.

A shorter sentence, such as "He agreed.", is joined with a neighbouring row.
"""

LABEL: Final = 40
"""The shortest text of another kind that the encoder reads alone, in characters.

Such texts are subheadings, labels or the name under a quotation.
"""

SMALLEST: Final = 4
"""A part that ends with a sentence has more than 1/SMALLEST of the token limit."""

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

    The joined texts of all parts of a paragraph are exactly its text.
    """
    return tuple(
        row
        for position, text in enumerate(paragraphs)
        for row in _rows(position, text, tokens, language)
    )


def contexts_of(title: str, rows: Sequence[Row]) -> tuple[TitledText | None, ...]:
    """Return the text of each row for the encoder, in NFC with single spaces.

    Boilerplate gets None, because the encoder does not read it.

    A short text is joined with the text of a neighbouring row. If the short text
    ends a sentence, this is the previous row. If it is another text, such as a name
    or a label, this is the next row.
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
    """Yield the offsets that cut `text` into parts of similar length that fit."""
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
        if starts[cut] > place:  # One character can be many tokens, which start at one offset.
            place = starts[cut]
            yield place
        at = cut


def _is_between_words(text: str, at: int) -> bool:
    return text[at - 1].isspace() or text[at].isspace()


def _nearest(places: Sequence[int], above: int, most: int, ideal: int) -> int | None:
    """Return the one of `places` that is nearest to `ideal`.

    It is above `above` and at most `most`. Return None if there is no such place.
    """
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
    return single_spaced(unicodedata.normalize("NFC", text))
