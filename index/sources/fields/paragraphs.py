"""Split text into paragraphs.

`split_paragraphs` splits plain text at blank lines. Readers of structured
formats yield a `Block` for each heading, item of a list or row of a table, and
`paragraphs_of` joins the blocks. Both join a crosshead, which says little
alone, with the paragraph below it.
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
"""Characters in a crosshead of plain text: fewer than in a wrapped line."""

MIN_PROSE: Final = 80
"""Characters in a paragraph below a crosshead: a shorter one may be a list."""

MAX_HEADING: Final = 200
"""Characters in a heading; longer text was marked as one to look larger."""

MAX_HEADINGS: Final = 2
"""Headings in one paragraph: of a section and a subsection."""

MAX_GATHERED: Final = 2_000
"""Characters of items or rows in one paragraph: a longer one is too large to rank."""

_OPENING: Final = "\"'“‘„‚«‹「『([¿¡"
_CLOSING: Final = "\"'”’“‘»›」』)]"
_FINAL: Final = ".!?…:;,。！？：；،؟۔।"
_BULLETS: Final = ("- ", "– ", "* ", "• ", "· ", "◦ ", "▪ ")
_COLONS: Final = (":", "：")


@dataclass(frozen=True, slots=True)
class Block:
    """An element of an article in a structured format.

    Line breaks in `text` are kept only in the kind "text". In a "row", tabs
    separate the cells.
    """

    kind: Kind
    text: str


def paragraphs_of(blocks: Iterable[Block]) -> tuple[str, ...]:
    """Return the paragraphs of `blocks`, trimmed and with single spaces.

    A heading becomes the first line of the paragraph below it, or a paragraph
    if none follows. The items of a list become one paragraph of lines "- item",
    with the text before them if it ends in a colon. The rows of a table become
    one paragraph of lines "cell | cell". A list or table over MAX_GATHERED is
    split. Every character that is not white space is kept, in order.
    """
    gathered = _Gathered()
    for block in blocks:
        if line := _cleaned(block):
            is_text = block.kind == "heading" and len(line) > MAX_HEADING
            gathered.add("text" if is_text else block.kind, line)
    return gathered.finished()


def split_paragraphs(text: str) -> tuple[str, ...]:
    """Return the paragraphs of `text`, which blank lines separate, trimmed.

    A line that looks like a crosshead becomes the first line of the paragraph
    below it. Line breaks in a paragraph are unchanged. Every character that is
    not white space is in exactly one paragraph, in order.
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
    """A builder of paragraphs: the finished ones, and the lines of the current one."""

    def __init__(self) -> None:
        self._done: list[str] = []
        self._lines: list[str] = []
        self._kind: Kind = "text"
        self._length = 0

    def add(self, kind: Kind, line: str) -> None:
        if not self._takes(kind, line):
            self._finish()
        elif kind == "text" and is_boilerplate(line):
            # A heading before boilerplate would hide the boilerplate, or be omitted with it.
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
    """Return the line of a block for its paragraph, several for a text; "" for none."""
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
    """Tell whether `part` is prose without a crosshead."""
    first = part.split("\n", 1)[0]
    ends = part.rstrip(_CLOSING).endswith(tuple(_FINAL))
    return len(part) >= MIN_PROSE and ends and not _is_crosshead(first)


def _begins_anew(letter: str) -> bool:
    """Tell whether a sentence could begin with a letter: not if it is lower case."""
    return letter.isdigit() or (letter.isalpha() and not letter.islower())
