"""The shapes of requests over HTTP that are not searches, for validation and for /docs."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, create_model

from nutgraf.index.schema import FIELDS, OPTIONAL_FIELDS, Field as SchemaField
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


class _ArticleText(BaseModel):
    """An article to be put: `title`, and `paragraphs` or `text`."""

    id: Annotated[str | None, Field(description="If given, the one in the URL.")] = None
    title: str
    paragraphs: list[str] | None = None
    text: Annotated[
        str | None, Field(description="In place of paragraphs; blank lines stand between them.")
    ] = None


def _optional(field: SchemaField) -> tuple[Any, Any]:
    examples = ["2023-01-04"] if field.kind == "date" else None
    return str | None, Field(default=None, description=field.help, examples=examples)


_OPTIONAL: Final[dict[str, Any]] = {
    field.name: _optional(field) for field in FIELDS if field.name in OPTIONAL_FIELDS
}

ArticleBody: Final[type[BaseModel]] = create_model(
    "ArticleBody", __base__=_ArticleText, __doc__=_ArticleText.__doc__, **_OPTIONAL
)
"""An article as /docs describes it: with every field of the schema."""
