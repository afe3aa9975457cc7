"""Remove invalid characters and addresses from the fields of an article.

Content management systems and exports leave NUL bytes, other control characters and
halves of surrogate pairs in texts. An article is not rejected for them: they are
removed, and the article is flagged. So is an address that is not a web address, such
as `javascript:alert(1)`, which a page that shows it would run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from nutgraf.index.article import ADDRESSES
from nutgraf.index.fields.values import MAX_DEPTH, has_other_scheme
from nutgraf.index.schema import OPTIONAL_FIELDS

__all__ = ["clean_fields"]

INVALID: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
"""Control characters, line ends and tabs aside, and halves of surrogate pairs."""

LINE_END: Final = re.compile("\r(?!\n)|[\x0b\x0c\x85\u2028\u2029]")
"""Line ends that are not \\n or \\r\\n. Each becomes \\n."""

MAX_NAMES: Final = 5
"""Largest number of fields that a warning names."""


def clean_fields(fields: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """Return the fields without invalid parts, and a warning or None.

    Values of other types than text, lists and objects are returned unchanged. An optional
    field without any other character becomes None. The id is returned unchanged: with
    another id, it would be another article.
    """
    cleaned: dict[str, Any] = {}
    changed: list[str] = []
    warnings: list[str] = []
    for key, value in fields.items():
        name = _clean(key)
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
                if name in OPTIONAL_FIELDS and isinstance(text, str) and not text.strip():
                    text = None
            if name in ADDRESSES and isinstance(text, str) and has_other_scheme(text):
                warnings.append(
                    f"'{name}' was removed: {text[:40]!r} does not begin with http or https"
                )
                text = None
            cleaned[name] = text
    if changed:
        more = f" and {len(changed) - MAX_NAMES} more" if len(changed) > MAX_NAMES else ""
        warnings.append(
            f"invalid characters were removed from {', '.join(changed[:MAX_NAMES])}{more}: control "
            "characters, or halves of characters"
        )
    return cleaned, "; ".join(warnings) or None


def _clean(value: Any, depth: int = 0) -> Any:
    """Return a value without invalid characters, the same object if it has none."""
    if isinstance(value, str):
        # Most texts are printable. This test takes a tenth of the time of the patterns.
        if value.isprintable() or not (INVALID.search(value) or LINE_END.search(value)):
            return value
        return LINE_END.sub("\n", INVALID.sub("", value))
    if depth > MAX_DEPTH:  # `extra` cannot be as deep.
        return value
    if isinstance(value, list | tuple):
        items = [_clean(item, depth + 1) for item in value]
        return value if _same(value, items) else items
    if isinstance(value, dict):
        keys, items = [_clean(key) for key in value], [_clean(i, depth + 1) for i in value.values()]
        same = _same(value, keys) and _same(value.values(), items)
        return value if same else dict(zip(keys, items, strict=True))
    return value


def _same(before: Iterable[Any], after: Iterable[Any]) -> bool:
    return all(old is new for old, new in zip(before, after, strict=True))


def _changed(name: str, before: Any, after: Any) -> Iterator[str]:
    for at, (old, new) in enumerate(zip(before, after, strict=True)):
        if old is not new:
            yield f"'{name}[{at}]'"
