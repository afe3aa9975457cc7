"""An article's paragraphs to rows: what is ranked, and what the encoder reads of it.

A row is a paragraph, or a part of one that is too long for the encoder. Its
text is as it was written; the encoder reads it under the title of its article,
and together with a neighbour where it says too little by itself.
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
"""Characters of a sentence below which the encoder reads a neighbour with it: "He agreed." """

LABEL: Final = 40
"""The same of what is no sentence: a crosshead, a label, the name below a quotation."""

SMALLEST: Final = 4
"""A part that ends with a sentence has at least one in so many of the tokens that fit."""

_ENDS: Final = tuple(".!?…。！？؟।")


class TokenCount(Protocol):
    """What has to be known of an encoder to split paragraphs for it."""

    @property
    def limit(self) -> int:
        """Tokens of a text that it reads."""

    def fits(self, text: str) -> bool:
        """Tell whether a text is surely read whole."""

    def starts(self, text: str) -> list[int]:
        """Return where in a text its tokens begin, in code points, ascending."""


def rows_of(paragraphs: Sequence[str], tokens: TokenCount, language: str) -> tuple[Row, ...]:
    """Return the rows of an article in `language`; the parts of a paragraph make it up exactly."""
    return tuple(
        row
        for position, text in enumerate(paragraphs)
        for row in _rows(position, text, tokens, language)
    )


def contexts_of(title: str, rows: Sequence[Row]) -> tuple[TitledText | None, ...]:
    """Return what the encoder reads of each row of an article: NFC, with single spaces.

    Of boilerplate it reads nothing: None.

    Of a short row it reads a neighbour, too: what ends a sentence goes with what
    is before it, anything else, such as a name or a label, with what follows.
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
    """Yield where a text is cut, so that each part fits and all are about as long."""
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
        if starts[cut] > place:  # A single sign may be many tokens.
            place = starts[cut]
            yield place
        at = cut


def _is_between_words(text: str, at: int) -> bool:
    return text[at - 1].isspace() or text[at].isspace()


def _nearest(places: Sequence[int], above: int, most: int, ideal: int) -> int | None:
    """Return the place nearest to the ideal, above the one and at most the other."""
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
