"""Text to paragraphs."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["split_paragraphs", "split_title"]

BLANK_LINES: Final = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")


def split_paragraphs(text: str) -> tuple[str, ...]:
    """Return the paragraphs of `text`: what stands between blank lines, trimmed.

    Line breaks inside a paragraph stay as they are. Every character that is
    not white space is in exactly one paragraph, in its order.
    """
    unix = text.replace("\r\n", "\n").replace("\r", "\n")
    parts = (part.strip() for part in BLANK_LINES.split(unix))
    return tuple(part for part in parts if part)


def split_title(text: str) -> tuple[str, str]:
    """Return the first line that is not blank, trimmed, and all that follows it."""
    lines = text.lstrip().replace("\r\n", "\n").replace("\r", "\n")
    title, _, rest = lines.partition("\n")
    return title.strip(), rest
