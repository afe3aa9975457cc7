"""Models of requests over HTTP that are not searches, for validation and /docs."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, create_model

from nutgraf.index.schema import FIELDS, OPTIONAL_FIELDS, Field as SchemaField
from nutgraf.search.suggest.completion import MAX_COMPLETIONS

__all__ = ["ArticleBody", "SuggestParameters"]


class SuggestParameters(BaseModel):
    """The query parameters of a request for suggestions."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, Field(description="The text typed so far; an empty text has no suggestions.")]
    limit: Annotated[
        int,
        Field(
            description="The maximum number of suggestions.",
            json_schema_extra={"minimum": 1, "maximum": MAX_COMPLETIONS},
        ),
    ] = 8


class _ArticleText(BaseModel):
    """An article to put: `title`, and `paragraphs` or `text`."""

    id: Annotated[str | None, Field(description="Optional: the same id as in the URL.")] = None
    title: str
    paragraphs: list[str] | None = None
    text: Annotated[
        str | None,
        Field(description="The text, instead of `paragraphs`; blank lines separate paragraphs."),
    ] = None


def _optional(field: SchemaField) -> tuple[Any, Any]:
    examples = ["2023-01-04"] if field.kind == "date" else None
    kinds: dict[str, Any] = {"list": list[str] | str | None, "json": dict[str, Any] | None}
    kind = kinds.get(field.kind, str | None)
    return kind, Field(default=None, description=field.help, examples=examples)


_OPTIONAL: Final[dict[str, Any]] = {
    field.name: _optional(field) for field in FIELDS if field.name in OPTIONAL_FIELDS
}

ArticleBody: Final[type[BaseModel]] = create_model(
    "ArticleBody", __base__=_ArticleText, __doc__=_ArticleText.__doc__, **_OPTIONAL
)
"""An article as /docs describes it, with every field of the schema."""
