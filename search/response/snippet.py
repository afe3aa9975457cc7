"""Snippets: a part of a paragraph, and the words in it that match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["HighlightKind", "Highlighted", "Snippet"]

HighlightKind = Literal["keyword", "semantic"]


@dataclass(frozen=True, slots=True)
class Highlighted:
    """A word of a snippet that matches the question, or is near to it in meaning.

    `start` and `end` are positions in the snippet's `text`, in code points.
    """

    start: int
    end: int
    kind: HighlightKind


@dataclass(frozen=True, slots=True)
class Snippet:
    """The part of a paragraph that shows why it was found.

    `text` is plain text. `html` is the same text, escaped, with marked highlights. `highlights`
    are in text order and do not overlap. `start` and `end` are the snippet's position in the
    text of the paragraph, in code points, without ellipses.
    """

    text: str
    html: str
    highlights: tuple[Highlighted, ...]
    start: int
    end: int

    def to_dict(self) -> dict[str, Any]:
        """Return the snippet in its form as JSON."""
        return {
            "text": self.text,
            "html": self.html,
            # asdict copies each value, which takes half of the time for a response.
            "highlights": [
                {"start": one.start, "end": one.end, "kind": one.kind} for one in self.highlights
            ],
            "start": self.start,
            "end": self.end,
        }
