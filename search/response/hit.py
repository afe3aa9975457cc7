"""Hits: the article and paragraph that were found, with snippet and score."""

from __future__ import annotations

from dataclasses import KW_ONLY, asdict, dataclass, field
from typing import Any

from nutgraf.index.schema import ArticleFields
from nutgraf.search.response.explanation import Explanation
from nutgraf.search.response.snippet import Snippet

__all__ = ["Hit", "HitArticle", "HitParagraph", "More"]


@dataclass(frozen=True, slots=True)
class HitArticle(ArticleFields):
    """The article of a hit, without its paragraphs.

    `title_html` is the title, escaped, with the words that match the question marked.
    """

    _: KW_ONLY
    title_html: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields in their form as JSON."""
        return {**self.fields_to_dict(), "title_html": self.title_html}


@dataclass(frozen=True, slots=True)
class HitParagraph:
    """A paragraph that was found.

    `id` is the public id of the paragraph, `position` its position in its article, from 0. A
    paragraph that is too long for the encoder is divided into parts. `part` is the number, from 1,
    of the part that was found. It is None for other paragraphs. `text` is the text of the complete
    paragraph. JSON contains this text only if the request has `text`.
    """

    id: str = field(metadata={"examples": ["ARTICLE#12"]})
    position: int
    part: int | None
    text: str = ""

    def to_dict(self, *, text: bool = False) -> dict[str, Any]:
        """Return the paragraph in its form as JSON."""
        found = {"id": self.id, "position": self.position, "part": self.part}
        return {**found, "text": self.text} if text else found


@dataclass(frozen=True, slots=True)
class More:
    """Another paragraph that was found in the article of a hit."""

    paragraph: HitParagraph
    score: float | None = field(metadata={"ge": 0, "le": 1})
    snippet: Snippet

    def to_dict(self, *, text: bool = False) -> dict[str, Any]:
        """Return the paragraph, its score and its snippet in their form as JSON."""
        return {
            "paragraph": self.paragraph.to_dict(text=text),
            "score": _rounded(self.score),
            "snippet": self.snippet.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Hit:
    """A ranked paragraph, or an article ranked by its best paragraph.

    `id` is the public id of the paragraph (ARTICLE#POSITION) or of the article. `score`, from 0 to
    1, is the best score of all versions of the hit. It is None in a listing: a question without
    words ranks nothing. If the hit is an article, `more` contains its
    next best paragraphs. `versions` is the number of versions that were found, this hit included.
    `version_ids` are the ids of these versions, with the id of this hit first. `explain` is None
    unless the request has `explain`.
    """

    rank: int
    id: str = field(metadata={"examples": ["ARTICLE#12", "ARTICLE"]})
    score: float | None = field(metadata={"ge": 0, "le": 1})
    article: HitArticle
    paragraph: HitParagraph
    snippet: Snippet
    more: tuple[More, ...]
    versions: int
    version_ids: tuple[str, ...]
    explain: Explanation | None = None

    def to_dict(self, *, text: bool = False) -> dict[str, Any]:
        """Return the hit in its form as JSON; `text` adds the texts of paragraphs."""
        found: dict[str, Any] = {
            "rank": self.rank,
            "id": self.id,
            "score": _rounded(self.score),
            "article": self.article.to_dict(),
            "paragraph": self.paragraph.to_dict(text=text),
            "snippet": self.snippet.to_dict(),
            "more": [one.to_dict(text=text) for one in self.more],
            "versions": self.versions,
            "version_ids": list(self.version_ids),
        }
        if self.explain is not None:
            found["explain"] = asdict(self.explain)
        return found


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 4)
