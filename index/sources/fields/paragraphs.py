"""Split text into paragraphs.

`split_paragraphs` splits plain text at blank lines. Readers of structured
formats yield a `Block` for each paragraph, heading, item of a list or row of a
table, and `paragraphs_of` joins the blocks. Both functions join a crosshead with
the paragraph below it. A crosshead is a short heading inside an article, which
says little alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from nutgraf.index.analysis.boilerplate import is_boilerplate

__all__ = ["Block", "Kind", "paragraphs_of", "split_paragraphs", "split_title"]

Kind = Literal["text", "heading", "item", "row"]

BLANK_LINES: Final = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")

MAX_CROSSHEAD: Final = 60
"""Largest number of characters in a crosshead of plain text.

A line of wrapped text is longer.
"""

MIN_PROSE: Final = 80
"""Smallest number of characters in a paragraph below a crosshead.

A shorter paragraph may be an item of a list.
"""

MAX_HEADING: Final = 200
"""Largest number of characters in a heading.

Longer text is a paragraph that was marked as a heading so that it looks larger.
"""

MAX_HEADINGS: Final = 2
"""Largest number of headings in one paragraph: for a section and a subsection."""

MAX_GATHERED: Final = 2_000
"""Largest number of characters of items or rows in one paragraph.

A longer paragraph is too large to rank well.
"""

_OPENING: Final = "\"'“‘„‚«‹「『([¿¡"
_CLOSING: Final = "\"'”’“‘»›」』)]"
_FINAL: Final = ".!?…:;,。！？：；،؟۔।"
_BULLETS: Final = ("- ", "– ", "* ", "• ", "· ", "◦ ", "▪ ")
_COLONS: Final = (":", "：")


@dataclass(frozen=True, slots=True)
class Block:
    """An element of an article in a structured format.

    `paragraphs_of` keeps the line breaks of a block of the kind "text" only. In a
    block of the kind "row", tabs separate the cells.
    """

    kind: Kind
    text: str


def paragraphs_of(blocks: Iterable[Block]) -> tuple[str, ...]:
    """Return the paragraphs of `blocks`, trimmed and with single spaces.

    A heading becomes the first line of the paragraph below it. If no paragraph
    follows, the heading is a paragraph. The items of a list become one paragraph,
    with a line "- item" for each. If the text before the list ends in a colon, it
    is part of this paragraph. The rows of a table become one paragraph, with a
    line "cell | cell" for each. A list or table over MAX_GATHERED characters is
    split. Every character that is not white space is kept, in order.
    """
    gathered = _Gathered()
    for block in blocks:
        if line := _cleaned(block):
            is_text = block.kind == "heading" and len(line) > MAX_HEADING
            gathered.add("text" if is_text else block.kind, line)
    return gathered.finished()


def split_paragraphs(text: str) -> tuple[str, ...]:
    """Split plain text at blank lines, and return the trimmed paragraphs.

    A line that looks like a crosshead becomes the first line of the paragraph
    below it. Line breaks in a paragraph are kept. Every character that is not white
    space is in exactly one paragraph, in order.
    """
    unix = text.replace("\r\n", "\n").replace("\r", "\n")
    parts = [stripped for part in BLANK_LINES.split(unix) if (stripped := part.strip())]
    paragraphs: list[str] = []
    crosshead = ""
    for part, following in pairwise([*parts, ""]):
        if not crosshead and _stands_over(part, following):
            crosshead = part
        else:
            paragraphs.append(f"{crosshead}\n{part}" if crosshead else part)
            crosshead = ""
    return tuple(paragraphs)


def split_title(text: str) -> tuple[str, str]:
    """Return the first line that is not blank, trimmed, and the text after it."""
    lines = text.lstrip().replace("\r\n", "\n").replace("\r", "\n")
    title, _, rest = lines.partition("\n")
    return title.strip(), rest


class _Gathered:
    """A builder of paragraphs.

    It stores the finished paragraphs, and the lines of the current paragraph.
    """

    def __init__(self) -> None:
        self._done: list[str] = []
        self._lines: list[str] = []
        self._kind: Kind = "text"
        self._length = 0

    def add(self, kind: Kind, line: str) -> None:
        if not self._takes(kind, line):
            self._finish()
        elif kind == "text" and is_boilerplate(line):
            # Below a heading, boilerplate is not recognised, or the heading is omitted with it.
            self._finish()
        elif kind == "heading" and len(self._lines) == MAX_HEADINGS:
            self._done.append(self._lines.pop(0))
        self._lines.append(line)
        self._kind = kind
        self._length += len(line)

    def finished(self) -> tuple[str, ...]:
        self._finish()
        return tuple(self._done)

    def _takes(self, kind: Kind, line: str) -> bool:
        """Tell whether a line continues the current paragraph."""
        if not self._lines or self._kind == "heading":
            return True
        if self._length + len(line) > MAX_GATHERED:
            return False
        introduced = kind == "item" and self._kind == "text" and self._lines[-1].endswith(_COLONS)
        return introduced or kind == self._kind != "text"

    def _finish(self) -> None:
        if self._lines:
            self._done.append("\n".join(self._lines))
        self._lines = []
        self._length = 0


def _cleaned(block: Block) -> str:
    """Return the text of a block for its paragraph, or "" if there is no text.

    The text has single spaces. It has several lines only in the kind "text".
    """
    text = block.text
    if block.kind == "row":
        return " ".join(" | ".join(text.rstrip().split("\t")).split()) if text.strip() else ""
    if block.kind == "text":
        lines = (" ".join(line.split()) for line in text.splitlines())
        return "\n".join(line for line in lines if line)
    line = " ".join(text.split())
    if block.kind == "item" and line and not line.startswith(_BULLETS):
        return f"- {line}"
    return line


def _stands_over(part: str, following: str) -> bool:
    """Tell whether a part of plain text is the crosshead of the next part."""
    together = _is_crosshead(part) and _is_prose(following)
    return together and not is_boilerplate(part) and not is_boilerplate(following)


def _is_crosshead(part: str) -> bool:
    """Tell whether a part looks like a crosshead: a short line, not a sentence."""
    if len(part) > MAX_CROSSHEAD or "\n" in part:
        return False
    bare = part.strip(_OPENING + _CLOSING)
    return (
        bool(bare) and _begins_anew(bare[0]) and not part.rstrip(_CLOSING).endswith(tuple(_FINAL))
    )


def _is_prose(part: str) -> bool:
    """Tell whether `part` can be the paragraph below a crosshead.

    Such a part has at least MIN_PROSE characters and ends in a punctuation mark.
    Its first line is not a crosshead.
    """
    first = part.split("\n", 1)[0]
    ends = part.rstrip(_CLOSING).endswith(tuple(_FINAL))
    return len(part) >= MIN_PROSE and ends and not _is_crosshead(first)


def _begins_anew(letter: str) -> bool:
    """Tell whether a sentence can begin with a character.

    It can begin with a digit, or with a letter that is not lower case.
    """
    return letter.isdigit() or (letter.isalpha() and not letter.islower())
