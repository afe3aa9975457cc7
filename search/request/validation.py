"""What the fields of a request are checked by; each check raises RequestError naming the field."""

from __future__ import annotations

from nutgraf.search.errors import RequestError

__all__ = ["check_choice", "check_kind", "check_range", "check_share", "check_text", "check_texts"]


def check_kind(name: str, value: object, kind: type) -> None:
    """Make sure that a value is of a type; a bool is no int."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise RequestError(name, f"is a {type(value).__name__}; it must be a {kind.__name__}")


def check_share(name: str, share: object) -> None:
    """Make sure that a value is a number from 0 to 1."""
    if isinstance(share, bool) or not isinstance(share, int | float):
        raise RequestError(name, f"is a {type(share).__name__}; it must be a number")
    if not 0 <= share <= 1:  # NaN is not, either
        raise RequestError(name, f"is {share}; take 0 to 1")


def check_text(name: str, value: str) -> None:
    """Make sure that a value can be stored and searched as text."""
    if "\x00" in value:
        raise RequestError(name, f"holds a NUL byte at character {value.index(chr(0))}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise RequestError(
            name, f"holds half a surrogate pair at character {error.start}, which is no text"
        ) from None


def check_texts(name: str, given: object) -> tuple[str, ...]:
    """Make sure that a value is a text or a list of texts; return the tuple that it stands for."""
    values = (given,) if isinstance(given, str) else given
    if not isinstance(values, tuple | list) or not all(isinstance(each, str) for each in values):
        raise RequestError(name, "must be a text or a list of texts")
    return tuple(values)


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Make sure that a value is one of those that there are."""
    if value not in choices:
        raise RequestError(name, f"is {str(value)[:40]!r}; choose one of {', '.join(choices)}")


def check_range(name: str, value: int, lowest: int, highest: int) -> None:
    """Make sure that a number lies within bounds, both of which are allowed."""
    if not lowest <= value <= highest:
        raise RequestError(name, f"is {value}; take {lowest} to {highest}")
