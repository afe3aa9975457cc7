"""Text to paragraphs.

Plain text is split at its blank lines (`split_paragraphs`); readers that know
what is a heading, an item of a list or a row of a table say so (`Block`,
`paragraphs_of`). By either way a crosshead, which says little by itself, goes
with what it stands over.
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
"""Characters in a line of plain text that can be a crosshead: below where lines are wrapped."""

MIN_PROSE: Final = 80
"""Characters in what a crosshead of plain text stands over: less may be a list or a table."""

MAX_HEADING: Final = 200
"""Characters in a heading; what is longer was marked as one for its looks."""

MAX_HEADINGS: Final = 2
"""Headings that can stand over one paragraph: of a section, and of a part of it."""

MAX_GATHERED: Final = 2_000
"""Characters up to which items or rows make one paragraph: more is no unit to rank."""

_OPENING: Final = "\"'“‘„‚«‹「『([¿¡"
_CLOSING: Final = "\"'”’“‘»›」』)]"
_FINAL: Final = ".!?…:;,。！？：；،؟۔।"
_BULLETS: Final = ("- ", "– ", "* ", "• ", "· ", "◦ ", "▪ ")
_COLONS: Final = (":", "：")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of an article as a structured reader finds it.

    `text` may hold line breaks, which are kept in a "text" alone. In a "row",
    tabs stand between its cells.
    """

    kind: Kind
    text: str


def paragraphs_of(blocks: Iterable[Block]) -> tuple[str, ...]:
    """Return the paragraphs that `blocks` make, trimmed and with single spaces.

    A heading is the first line of what follows it. The items of a list make one
    paragraph of lines "- item", together with the text before them if that ends
    in a colon; the rows of a table one of lines "cell | cell". A heading that
    nothing follows is a paragraph, and a list or table that grows too long
    several. Every character that is not white space is kept, in its order.
    """
    gathered = _Gathered()
    for block in blocks:
        if line := _cleaned(block):
            is_text = block.kind == "heading" and len(line) > MAX_HEADING
            gathered.add("text" if is_text else block.kind, line)
    return gathered.finished()


def split_paragraphs(text: str) -> tuple[str, ...]:
    """Return the paragraphs of `text`: what stands between blank lines, trimmed.

    A line that is a crosshead by its looks is put before the paragraph that it
    stands over. Line breaks inside a paragraph stay as they are. Every character
    that is not white space is in exactly one paragraph, in its order.
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
    """Return the first line that is not blank, trimmed, and all that follows it."""
    lines = text.lstrip().replace("\r\n", "\n").replace("\r", "\n")
    title, _, rest = lines.partition("\n")
    return title.strip(), rest


class _Gathered:
    """Paragraphs in the making: those that are done, and the lines of the last."""

    def __init__(self) -> None:
        self._done: list[str] = []
        self._lines: list[str] = []
        self._kind: Kind = "text"
        self._length = 0

    def add(self, kind: Kind, line: str) -> None:
        if not self._takes(kind, line):
            self._finish()
        elif kind == "text" and is_boilerplate(line):
            self._finish()  # A heading over it would hide it, or be hidden with it.
        elif kind == "heading" and len(self._lines) == MAX_HEADINGS:
            self._done.append(self._lines.pop(0))
        self._lines.append(line)
        self._kind = kind
        self._length += len(line)

    def finished(self) -> tuple[str, ...]:
        self._finish()
        return tuple(self._done)

    def _takes(self, kind: Kind, line: str) -> bool:
        """Tell whether the paragraph in the making goes on with what comes."""
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
    """Return the line, or of a text the lines, that a block gives its paragraph; "" for none."""
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
    """Tell whether one part of plain text is the crosshead of the next."""
    together = _is_crosshead(part) and _is_prose(following)
    return together and not is_boilerplate(part) and not is_boilerplate(following)


def _is_crosshead(part: str) -> bool:
    """Tell whether a part of plain text looks like one: a short line that is no sentence."""
    if len(part) > MAX_CROSSHEAD or "\n" in part:
        return False
    bare = part.strip(_OPENING + _CLOSING)
    return (
        bool(bare) and _begins_anew(bare[0]) and not part.rstrip(_CLOSING).endswith(tuple(_FINAL))
    )


def _is_prose(part: str) -> bool:
    """Tell whether a crosshead can stand over `part`, which has none as yet."""
    first = part.split("\n", 1)[0]
    ends = part.rstrip(_CLOSING).endswith(tuple(_FINAL))
    return len(part) >= MIN_PROSE and ends and not _is_crosshead(first)


def _begins_anew(letter: str) -> bool:
    """Tell whether a sentence could begin so: by a capital, a digit, a letter that has no case."""
    return letter.isdigit() or (letter.isalpha() and not letter.islower())
