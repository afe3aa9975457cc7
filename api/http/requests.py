"""The shapes of requests over HTTP that are not searches, for validation and for /docs."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from nutgraf.search.suggest.completion import MAX_COMPLETIONS

__all__ = ["ArticleBody", "SuggestParameters"]


class SuggestParameters(BaseModel):
    """What is typed so far, as query parameters."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, Field(description="What is typed; empty, it is completed to nothing.")]
    limit: Annotated[
        int,
        Field(
            description="Suggestions.",
            json_schema_extra={"minimum": 1, "maximum": MAX_COMPLETIONS},
        ),
    ] = 8


class ArticleBody(BaseModel):
    """An article to be put: `title`, and `paragraphs` or `text`."""

    id: Annotated[str | None, Field(description="If given, the one in the URL.")] = None
    title: str
    paragraphs: list[str] | None = None
    text: Annotated[
        str | None, Field(description="In place of paragraphs; blank lines stand between them.")
    ] = None
    url: str | None = None
    source: str | None = None
    author: str | None = None
    section: str | None = None
    published: Annotated[str | None, Field(examples=["2023-01-04"])] = None
    language: str | None = None
