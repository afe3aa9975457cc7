"""Group the lines of pages into Blocks: paragraphs, headings and items of lists.

Running heads are removed. They are page numbers, and lines that are repeated at the
top or bottom of several pages.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median
from typing import Final

from nutgraf.index.sources.fields.paragraphs import Block, Kind

__all__ = ["Line", "blocks_of"]

EDGE: Final = 2
"""Number of lines that can be running heads, at the top and at the bottom each."""

MIN_PAGES: Final = 3
"""Smallest number of pages that have the same running head."""

MIN_SHARE: Final = 0.3
"""Smallest share of pages that have the same running head.

The share is below half because left and right pages may have different ones.
"""

PAGE_NUMBER: Final = re.compile(
    r"\W*(?:(?:page|seite|p\.|s\.)\s*)?\d{1,4}(?:\s*(?:/|of|von|de)\s*\d{1,4})?\W*", re.IGNORECASE
)

LARGER: Final = 1.15
"""Smallest size of letters in a heading, relative to the letters of the text."""

WIDER: Final = 1.25
"""Smallest distance of paragraphs, relative to the usual distance of lines."""

INDENT: Final = 0.8
"""Smallest indent of the first line of a paragraph, relative to the letter size."""

SHORT: Final = 0.7
"""Largest length of a short line, relative to the usual length of lines.

If a short line ends a sentence, it also ends the paragraph.
"""

MAX_HEADING: Final = 200
"""Largest number of characters in a heading."""

_FINAL: Final = tuple('.!?…:"”’»)')
_HYPHENS: Final = ("-", "\u00ad", "\u2010")
_BULLETS: Final = tuple(f"{sign} " for sign in "•·◦▪‣")
_BULLET: Final = re.compile(r"[•·◦▪‣–*-]\s|\d{1,2}[.)]\s|\(?[a-z]\)\s")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text on a page.

    `page` counts from 0. `x` and `y` are the position of the start of the line, and
    `size` is the size of its letters, in points.
    """

    page: int
    x: float
    y: float
    size: float
    text: str


def blocks_of(lines: Sequence[Line]) -> tuple[list[Block], str]:
    """Return the Blocks of the lines, without running heads, and the title.

    The title is the largest heading on the first page, or else the first line. The
    title is "" if there is no line.
    """
    kept = _without_running_heads(lines)
    if not kept:
        return [], ""
    shape = _Shape.of(kept)
    words = set(re.findall(r"[\w-]+", " ".join(line.text for line in kept).casefold()))
    groups = list(_grouped(kept, shape))
    blocks = [Block(shape.kind_of(group), _joined(group, words)) for group in groups]
    first = [at for at, group in enumerate(groups) if group[0].page == kept[0].page]
    largest = max(first, key=lambda at: (groups[at][0].size, -at))
    is_title = blocks[largest].kind == "heading"
    return blocks, blocks[largest].text if is_title else kept[0].text


@dataclass(frozen=True, slots=True)
class _Shape:
    """The usual layout of the text.

    `size` is the size of letters in points. `leading` is the distance of two lines,
    divided by `size`. `length` is the number of characters in a line.
    """

    size: float
    leading: float
    length: float

    @staticmethod
    def of(lines: Sequence[Line]) -> _Shape:
        sizes: Counter[float] = Counter()
        for line in lines:
            sizes[round(line.size, 1)] += len(line.text)
        size = max(sizes, key=lambda one: (sizes[one], one))
        body = [line for line in lines if round(line.size, 1) == size]
        gaps = [a.y - b.y for a, b in pairwise(body) if a.page == b.page and a.y > b.y]
        usual = median(gaps) if gaps else size
        return _Shape(size, max(usual, size) / (size or 1), median(len(line.text) for line in body))

    def kind_of(self, group: Sequence[Line]) -> Kind:
        long = sum(len(line.text) for line in group) > MAX_HEADING
        if group[0].size > self.size * LARGER and not long:
            return "heading"
        return "item" if group[0].text.startswith(_BULLETS) else "text"

    def goes_on(self, line: Line, following: Line) -> bool:
        """Tell whether the next line continues the paragraph of `line`."""
        if abs(line.size - following.size) > 0.1 * max(line.size, following.size):
            return False
        ended = line.text.endswith(_FINAL)
        if line.page != following.page or following.y > line.y + line.size / 2:
            return line.text.endswith(_HYPHENS) or (not ended and following.text[0].islower())
        if line.y - following.y > self.leading * line.size * WIDER:
            return False
        if _BULLET.match(following.text):
            return False
        if following.x - line.x > INDENT * line.size and not _BULLET.match(line.text):
            return line.text.endswith(_HYPHENS)
        return not (ended and len(line.text) < SHORT * self.length)


def _grouped(lines: Sequence[Line], shape: _Shape) -> Iterator[list[Line]]:
    group = [lines[0]]
    for line, following in pairwise(lines):
        if not shape.goes_on(line, following):
            yield group
            group = []
        group.append(following)
    yield group


def _joined(group: Sequence[Line], words: set[str]) -> str:
    text = group[0].text
    for line in group[1:]:
        if not (text.endswith(_HYPHENS) and text[-2:-1].isalnum()):
            text = f"{text} {line.text}"
        elif text[-2].isalpha() and line.text[0].islower():
            text = _unhyphenated(text, line.text, words)
        else:
            text = f"{text}{line.text}"
    return text


def _unhyphenated(text: str, following: str, words: set[str]) -> str:
    """Join two lines, of which the first one ends in a hyphen.

    The hyphen is kept if `words` contain the word with the hyphen and do not contain
    the word without it. `words` are all words of the text.
    """
    first = re.search(r"[\w-]*$", text[:-1])
    rest = re.match(r"[\w-]*", following)
    start = first[0].casefold() if first else ""
    end = rest[0].casefold() if rest else ""
    kept = text[-1] == "-" and f"{start}-{end}" in words and f"{start}{end}" not in words
    return f"{text if kept else text[:-1]}{following}"


def _without_running_heads(lines: Sequence[Line]) -> list[Line]:
    pages = [list(page) for _, page in groupby(lines, lambda line: line.page)]
    edges = [set(_edges(page)) for page in pages]
    counts = Counter(key for edge in edges for key in {_key(line) for line in edge})
    needed = max(MIN_PAGES, MIN_SHARE * len(pages))
    return [
        line
        for page, edge in zip(pages, edges, strict=True)
        for line in page
        if line not in edge
        or not (counts[_key(line)] >= needed or PAGE_NUMBER.fullmatch(line.text))
    ]


def _edges(page: Iterable[Line]) -> list[Line]:
    ordered = sorted(page, key=lambda line: -line.y)
    return [*ordered[:EDGE], *ordered[-EDGE:]]


def _key(line: Line) -> tuple[str, int]:
    # The size is part of the key, because a running head can repeat the title in small letters.
    return re.sub(r"\d+", "#", line.text).casefold(), round(line.size)
