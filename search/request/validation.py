"""Checks of requests by their declarations.

Each function raises RequestError if a value is not valid. The error names the field.
"""

from __future__ import annotations

from typing import Any

from nutgraf.search.errors import RequestError
from nutgraf.search.request.declaration import Declared, DeclaredGroup, Option, declared

__all__ = ["check_fields", "check_kind", "check_range", "check_text"]


def check_fields(request: Any, prefix: str = "") -> None:
    """Check each field of a request, or of a group of its options, by its declaration.

    A list, or one text that was given in place of a list, is replaced by a tuple. In errors,
    `prefix` is put before the name of a field: "recency." for recency.half_life.
    """
    for each in declared(type(request)):
        name, value = prefix + each.name, getattr(request, each.name)
        if value is None and each.optional:
            continue
        if isinstance(each, DeclaredGroup):
            _check_group(name, value, each)
        elif each.many:
            object.__setattr__(request, each.name, _check_values(name, value, each))
        else:
            _check_value(name, value, each)


def check_kind(name: str, value: object, kind: type) -> None:
    """Check the type of a value; a bool is not accepted as an int."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise RequestError(name, f"must be of type {kind.__name__}, got {type(value).__name__}")


def check_range(
    name: str, value: float, lowest: float | None = None, highest: float | None = None
) -> None:
    """Check that a number lies within inclusive bounds; None means no bound."""
    above = lowest is None or value >= lowest  # False for NaN
    if above and (highest is None or value <= highest):
        return
    if lowest is None or highest is None:
        bounds = f"at most {highest}" if lowest is None else f"at least {lowest}"
    else:
        bounds = f"between {lowest} and {highest}"
    raise RequestError(name, f"must be {bounds}, got {value}")


def check_text(name: str, value: str, max_length: int | None = None) -> None:
    """Check that a text has no NUL byte, can be encoded as UTF-8, and is not too long."""
    if max_length is not None and len(value) > max_length:
        raise RequestError(
            name, f"is {len(value):,} characters long; at most {max_length:,} are allowed"
        )
    if "\x00" in value:
        raise RequestError(
            name, f"contains a NUL byte at character {value.index(chr(0))}; remove it"
        )
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise RequestError(
            name, f"contains half a surrogate pair at character {error.start}; remove it"
        ) from None


def _check_group(name: str, value: object, group: DeclaredGroup) -> None:
    if not group.switch:
        check_kind(name, value, group.kind)
    elif not isinstance(value, bool | group.kind):
        kind = type(value).__name__
        raise RequestError(name, f"must be of type bool or {group.kind.__name__}, got {kind}")


def _check_value(name: str, value: Any, each: Declared) -> None:
    option = each.option
    if each.kind is float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RequestError(name, f"must be a number, got {type(value).__name__}")
    elif option.pattern is None:
        check_kind(name, value, each.kind)
    if each.kind in (int, float):
        check_range(name, value, option.ge, option.le)
    if each.choices:
        _check_choice(name, value, each.choices)
    elif each.kind is str:
        _check_pattern(name, value, option)
        check_text(name, value, option.max_length)


def _check_values(name: str, given: object, each: Declared) -> tuple[str, ...]:
    """Check that a value is a text or a list of texts; return it as a tuple."""
    values = (given,) if isinstance(given, str) else given
    if not isinstance(values, tuple | list) or not all(isinstance(one, str) for one in values):
        raise RequestError(name, "must be a text or a list of texts")
    most = each.option.max_items
    if most is not None and len(values) > most:
        raise RequestError(name, f"has {len(values)} values; at most {most} are allowed")
    for value in values:
        if each.choices:
            _check_choice(name, value, each.choices)
            if values.count(value) > 1:
                raise RequestError(
                    name, f"contains {value!r} {values.count(value)} times; give it once"
                )
        elif not value:
            raise RequestError(name, "is empty; give a value, or omit the filter")
        else:
            _check_pattern(name, value, each.option)
            check_text(name, value)
            if each.option.commas and values.count(value) > 1:
                raise RequestError(
                    name, f"contains {value!r} {values.count(value)} times; give it once"
                )
    return tuple(values)


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise RequestError(name, f"is {str(value)[:40]!r}; choose one of {', '.join(choices)}")


def _check_pattern(name: str, value: object, option: Option) -> None:
    if option.pattern is None:
        return
    if not isinstance(value, str) or option.pattern.fullmatch(value) is None:
        raise RequestError(name, f"is {str(value)[:40]!r}; write it as {option.form}")
