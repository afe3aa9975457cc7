"""Remove invalid characters from the fields of an article.

Content management systems and exports leave NUL bytes, other control characters and
halves of surrogate pairs in texts. An article is not rejected for them: they are
removed, and the article is flagged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from nutgraf.index.schema import OPTIONAL_FIELDS

__all__ = ["clean_fields"]

INVALID: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
"""Control characters, line ends and tabs aside, and halves of surrogate pairs."""

LINE_END: Final = re.compile("\r(?!\n)|[\x0b\x0c\x85\u2028\u2029]")
"""Line ends that are not \\n or \\r\\n. Each becomes \\n."""

MAX_NAMES: Final = 5
"""Largest number of fields that a warning names."""


def clean_fields(fields: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """Return the fields without invalid characters, and a warning or None.

    Values of other types than text and lists are returned unchanged. An optional field
    without any other character becomes None. The id is returned unchanged: with another
    id, it would be another article.
    """
    cleaned: dict[str, Any] = {}
    changed: list[str] = []
    for name, value in fields.items():
        if name == "id":
            cleaned[name] = value
        elif isinstance(value, list | tuple):
            texts = [_clean(text) for text in value]
            changed += _changed(name, value, texts)
            cleaned[name] = texts
        else:
            text = _clean(value)
            if text is not value:
                changed.append(f"'{name}'")
                if name in OPTIONAL_FIELDS and not text.strip():
                    text = None
            cleaned[name] = text
    if not changed:
        return cleaned, None
    more = f" and {len(changed) - MAX_NAMES} more" if len(changed) > MAX_NAMES else ""
    return cleaned, (
        f"invalid characters were removed from {', '.join(changed[:MAX_NAMES])}{more}: control "
        "characters, or halves of characters"
    )


def _clean(value: Any) -> Any:
    """Return a text without invalid characters, the same object if it has none."""
    if not isinstance(value, str) or not (INVALID.search(value) or LINE_END.search(value)):
        return value
    return LINE_END.sub("\n", INVALID.sub("", value))


def _changed(name: str, before: Any, after: Any) -> Iterator[str]:
    for at, (old, new) in enumerate(zip(before, after, strict=True)):
        if old is not new:
            yield f"'{name}[{at}]'"
