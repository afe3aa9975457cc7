"""Read the front matter of Markdown files: metadata in YAML, TOML or JSON.

Hugo and Jekyll read such metadata at the start of a file.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final

import yaml

from nutgraf.index.article import MAX_VALUE
from nutgraf.index.errors import InputError
from nutgraf.index.schema import FIELD_NAMES, LIST_FIELDS
from nutgraf.index.sources.fields.split import split_values

__all__ = ["article_fields", "split_front_matter"]

MAX_LENGTH: Final = 16 * 1024
"""Largest number of characters in front matter.

Front matter has few keys, and parsing is slow.
"""

MAX_DEPTH: Final = 50
"""Largest depth of nested brackets.

The time that PyYAML needs grows with the square of the depth.
"""

FENCED: Final = re.compile(
    r"\s*(?:---[ \t]*\n(?P<yaml>.*?)^(?:---|\.\.\.)|\+\+\+[ \t]*\n(?P<toml>.*?)^\+\+\+)"
    r"[ \t]*(?:\n|\Z)",
    re.DOTALL | re.MULTILINE,
)

KEY_FIRST: Final = re.compile(r"(?:#[^\n]*\n)*[\"']?[\w-]+[\"']?[ \t]*:(?:\s|\Z)")
"""The first key of YAML.

Two lines of --- can also be horizontal rules. Text between rules has no such key.
"""

JSON_BEGINS: Final = re.compile(r'\s*\{\s*(?:"|\})')

KEYS: Final = {name: (name,) for name in FIELD_NAMES if name != "extra"} | {
    "id": ("id", "slug"),
    "title": ("title", "headline"),
    "url": ("canonical_url", "canonicalurl", "canonical", "url", "permalink", "link"),
    "source": ("source", "publication", "publisher", "site"),
    "author": ("author", "authors", "byline"),
    "byline": ("byline", "authors", "author"),
    "section": ("section", "sections", "category", "categories", "topics", "tags"),
    "sections": ("sections", "categories", "section", "category"),
    "tags": ("tags", "keywords", "topics"),
    "summary": ("summary", "description", "standfirst", "teaser", "excerpt"),
    "image": ("image", "cover", "thumbnail"),
    "published": ("date", "published", "publishdate", "published_at", "pubdate", "created"),
    "language": ("language", "lang", "locale"),
}
"""Field -> its keys in front matter, in lower case. The first key found is used."""

JOINED: Final = frozenset({"source", "author"})
"""Fields that join all values of a list. Other texts are the first value."""

WEB: Final = ("http://", "https://")


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Return the front matter and the text below it.

    The front matter is {} if there is none. Raises InputError if the front matter
    cannot be read.
    """
    if JSON_BEGINS.match(text):
        return _json(text)
    found = FENCED.match(text)
    if found is None:
        return {}, text
    below = text[found.end() :]
    if (toml := found["toml"]) is not None:
        return _toml(_checked(toml)), below
    inside = found["yaml"]
    try:
        matter = _yaml(_checked(inside))
    except InputError:
        if KEY_FIRST.match(inside):
            raise
        matter = None
    return ({}, text) if matter is None else (matter, below)


def _checked(inside: str) -> str:
    if len(inside) > MAX_LENGTH:
        raise InputError(
            f"the front matter is longer than {MAX_LENGTH:,} characters; move text below it"
        )
    if line := _deep_line(inside):
        raise InputError(
            f"the front matter is nested more than {MAX_DEPTH} levels deep in line {line}; remove "
            "the nested values"
        )
    return inside


def article_fields(matter: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields of an article in front matter, and all other keys.

    The values of a list that is one text are between commas or semicolons.
    """
    lower = {str(key).lower(): key for key in matter}
    fields: dict[str, Any] = {}
    used = {"extra"}
    for field, keys in KEYS.items():
        for key in keys:
            value = matter.get(lower.get(key, ""))
            if field in LIST_FIELDS and isinstance(value, str):
                value = split_values(value, commas=field == "tags")
            values = list(_texts(value))
            if field == "url":
                # Other values are paths on an unknown site.
                values = [value for value in values if value.startswith(WEB)]
            if values:
                whole = ", ".join(values) if field in JOINED else values[0]
                fields[field] = values if field in LIST_FIELDS else whole[:MAX_VALUE].strip()
                used.add(key)
                break
    if (extra := matter.get(lower.get("extra", ""))) is not None:
        fields["extra"] = extra
    others = {str(key): matter[key] for name, key in lower.items() if name not in used}
    return fields, others


def _yaml(text: str) -> dict[str, Any] | None:
    """Return a YAML mapping, or None for other YAML.

    Other YAML is text between two horizontal rules.
    """
    try:
        # BaseLoader creates only text, lists and mappings; safe_load reads a title "On" as True.
        found = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        # The mark counts lines from 0, and line 1 of the file is the fence.
        where = f" in line {mark.line + 2}" if mark else ""
        raise InputError(
            f"the front matter is not valid YAML{where}: {error.problem}; correct it, or put the "
            "value in quotation marks"
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise InputError("the front matter is not valid YAML; correct it") from None
    if found in (None, ""):
        return {}
    return found if isinstance(found, dict) else None


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(f"\n{text}")  # So that line 1 in errors is the fence.
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"the front matter is not valid TOML: {str(error)[:100]}; correct it"
        ) from None


def _json(text: str) -> tuple[dict[str, Any], str]:
    start = len(text) - len(text.lstrip())
    try:
        found, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return {}, text  # The text begins with a brace and has no front matter.
    return found, text[end:]


def _deep_line(text: str) -> int:
    """Return the number of the line where brackets are nested too deeply, or 0.

    Line 1 is the fence.
    """
    depth = 0
    for found in re.finditer(r"[\[{}\]]", text):
        depth = depth + 1 if found[0] in "[{" else max(0, depth - 1)
        if depth > MAX_DEPTH:
            return text.count("\n", 0, found.start()) + 2
    return 0


def _texts(value: Any) -> Iterator[str]:
    """Yield the text of a value, or of each value in a list.

    The text of an object, for example of an author, is its name or title.
    """
    for one in value if isinstance(value, list) else [value]:
        named = (one.get("name") or one.get("title")) if isinstance(one, dict) else one
        if isinstance(named, str) and named.strip():
            yield named.strip()
        elif isinstance(named, date | datetime):
            yield named.isoformat()
        elif isinstance(named, int | float) and not isinstance(named, bool):
            yield str(named)
