"""A complete article, as it is shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from nutgraf.index.schema import ArticleFields

__all__ = ["ArticleView", "ParagraphView"]


@dataclass(frozen=True, slots=True)
class ParagraphView:
    """One paragraph of an `ArticleView`."""

    id: str = field(metadata={"examples": ["ARTICLE#12"]})
    position: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleView(ArticleFields):
    """An article with all its paragraphs, from one snapshot.

    `digest` is 16 bytes that identify this version of the article. JSON does not contain the
    digest, but HTTP sends it as the ETag.
    """

    paragraphs: tuple[ParagraphView, ...]
    snapshot: int
    digest: bytes = field(metadata={"exclude": True})

    def to_dict(self) -> dict[str, Any]:
        """Return the article in its form as JSON."""
        return {
            **self.fields_to_dict(),
            "paragraphs": [asdict(paragraph) for paragraph in self.paragraphs],
            "snapshot": self.snapshot,
        }
