"""Checks of the values of lists, of `extra` and of addresses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from nutgraf.index.errors import InputError

__all__ = [
    "MAX_DEPTH",
    "MAX_EXTRA",
    "MAX_LIST_VALUE",
    "MAX_VALUES",
    "author_line",
    "check_nesting",
    "checked_extra",
    "has_other_scheme",
    "json_size",
    "unique_texts",
]

MAX_LIST_VALUE: Final = 512
"""The longest value of a list, such as a tag, in characters."""

MAX_VALUES: Final = 100
"""The highest number of values in a list."""

MAX_EXTRA: Final = 16 * 1024
"""The largest `extra`, in bytes of compact JSON in UTF-8."""

MAX_DEPTH: Final = 32
"""The deepest nesting of objects and lists in `extra`."""

SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)

IGNORED: Final = re.compile(r"[\x00-\x20\x7f]")
"""Characters that browsers ignore in or before the scheme of an address."""

WEB: Final = ("http:", "https:")


def unique_texts(name: str, values: Any) -> tuple[str, ...]:
    """Return the values of a list in order, each once and without empty ones.

    A text is a list of one value. Raises InputError if a value is not a text.
    """
    if values is None:
        return ()
    if isinstance(values, str):
        values = (values,)
    if not isinstance(values, Iterable) or isinstance(values, Mapping | bytes):
        raise InputError(f"'{name}' must be a list of texts, got {type(values).__name__}")
    values = tuple(values)
    for at, value in enumerate(values):
        if not isinstance(value, str):
            raise InputError(f"'{name}[{at}]' must be text, got {type(value).__name__}")
    return tuple(dict.fromkeys(value for value in values if value.strip()))


def author_line(byline: Iterable[str], longest: int) -> str:
    """Return the names of authors with commas between them, as many as fit."""
    line = ""
    for name in byline:
        longer = f"{line}, {name}" if line else name
        if len(longer) > longest:
            break
        line = longer
    return line


def checked_extra(value: Any) -> dict[str, Any] | None:
    """Return a copy of `extra` as JSON stores it, None if it is empty.

    Raises InputError if it is not an object of JSON, or is too large or too deep.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InputError(f"'extra' must be an object, got {type(value).__name__}")
    check_nesting("extra", value)
    size = json_size("extra", value)
    if size > MAX_EXTRA:
        sizes = {key: json_size(str(key), one) for key, one in value.items()}
        largest = max(sizes, key=lambda key: sizes[key])
        raise InputError(
            f"'extra' is {size:,} bytes long as JSON; at most {MAX_EXTRA:,} are allowed, and "
            f"{str(largest)[:80]!r} alone has {sizes[largest]:,}"
        )
    found: dict[str, Any] = json.loads(json.dumps(value))
    return found or None


def json_size(name: str, value: Any) -> int:
    """Return the size of a value as compact JSON in UTF-8, in bytes.

    Raises InputError, with the name of the field, for a value that JSON cannot have.
    """
    try:
        packed = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return len(packed.encode())
    except UnicodeEncodeError:
        raise InputError(f"'{name}' contains half a surrogate pair; remove it") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"'{name}' is not valid JSON: {error}; correct it, or omit it") from None


def has_other_scheme(address: str) -> bool:
    """Tell whether an address has a scheme other than http and https.

    A browser runs the code in an address such as `javascript:alert(1)`.
    """
    found = SCHEME.match(IGNORED.sub("", address))
    return found is not None and found[0].lower() not in WEB


def check_nesting(name: str, value: Any) -> None:
    """Raise InputError for a value that is nested too deeply, or has too many parts.

    The time for this check is limited, also for lists that contain one another.
    """
    level, depth, count = [value], 0, 0
    while level := [one for one in level if isinstance(one, Mapping | list | tuple)]:
        depth += 1
        parts: list[Any] = []
        for one in level:
            parts += one.values() if isinstance(one, Mapping) else one
            if count + len(parts) > MAX_EXTRA:
                raise InputError(
                    f"'{name}' has more than {MAX_EXTRA:,} parts, and 'extra' has {MAX_EXTRA:,} "
                    "bytes for all; shorten it"
                )
        if depth > MAX_DEPTH:
            raise InputError(f"'{name}' is nested more than {MAX_DEPTH} levels deep; flatten it")
        count += len(parts)
        level = parts
