"""Declarations of options: each field of a request has its help and bounds in its annotation.

    limit: Annotated[int, Option("Hits on the page.", ge=1, le=100)] = 10

A field is one option, or a group of options that is a dataclass of its own.
`declared` reads the declarations. Validation, HTTP parameters, the JSON body,
OpenAPI and the flags of the command line follow from what it returns, so a new
option is declared in one place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence as AnySequence
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from functools import cache
from types import UnionType
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints as read_annotations,
)

from nutgraf.search.errors import RequestError

__all__ = [
    "Declared",
    "DeclaredGroup",
    "Option",
    "arguments",
    "declared",
    "flat_options",
    "from_flat",
    "from_nested",
]

T = TypeVar("T")

UNDECLARED: Final = "OPTION"
"""The class attribute with the Option of the fields that have none in their annotation."""


@dataclass(frozen=True, slots=True)
class Option:
    """What a field of a request says of itself: help for all faces, and its bounds.

    `ge` and `le` bound a number; `max_length` the characters of a text, `max_items` the values of
    a list. A text has to match `pattern`; `form` shows how to write it. `metavar` and `flags`
    (such as -n) are for the command line. `flat` leaves the group's name out where its options
    stand among others: source, and not filters_source.
    """

    help: str
    ge: float | None = None
    le: float | None = None
    max_length: int | None = None
    max_items: int | None = None
    pattern: re.Pattern[str] | None = None
    form: str = ""
    examples: tuple[str, ...] = ()
    metavar: str | None = None
    flags: tuple[str, ...] = ()
    flat: bool = False


@dataclass(frozen=True, slots=True)
class Declared:
    """One option. `kind` is the type of its value, or of one value where it takes `many`.

    `choices` are all the texts that it may be, () for any. With `optional` it may be None.
    `default` is MISSING where a value has to be given. `flat` is its name where options of groups
    stand among others, as in recency_half_life. `group_default` is its value where its group is
    asked for without it.
    """

    name: str
    flat: str
    kind: type
    choices: tuple[str, ...]
    many: bool
    optional: bool
    default: Any
    option: Option
    group_default: Any = None


@dataclass(frozen=True, slots=True)
class DeclaredGroup:
    """Options that are one field of a request: a dataclass, `kind`.

    Such a field may be None (`optional`), or a bool (`switch`): true for the group's defaults.
    """

    name: str
    kind: type
    optional: bool
    switch: bool
    default: Any
    options: tuple[Declared, ...]
    option: Option


def declared(kind: type) -> tuple[Declared | DeclaredGroup, ...]:
    """Return what the fields of a dataclass declare, in their order."""
    found: tuple[Declared | DeclaredGroup, ...] = _declared(kind)
    return found


@cache
def _declared(kind: Any) -> tuple[Declared | DeclaredGroup, ...]:
    annotations = read_annotations(kind, include_extras=True)
    return tuple(
        _read(each.name, annotations[each.name], _default(each), getattr(kind, UNDECLARED, None))
        for each in fields(kind)
    )


def flat_options(kind: type, only: Iterable[str] = ()) -> Iterator[Declared]:
    """Yield all options, those of groups among the others, of the fields named, or of all.

    An option of a group that may be left out has no default of its own: given, it asks for the
    group. A switch is an option, too, and None by itself.
    """
    wanted = set(only)
    for each in declared(kind):
        if wanted and each.name not in wanted:
            continue
        if isinstance(each, Declared):
            yield each
            continue
        if each.switch:
            yield Declared(
                name=each.name,
                flat=each.name,
                kind=bool,
                choices=(),
                many=False,
                optional=True,
                default=None,
                option=each.option,
            )
        for option in each.options:
            if not (each.optional or each.switch):
                yield option
                continue
            own = None if option.default is MISSING else option.default
            yield replace(option, optional=True, default=None, group_default=own)


def from_flat(kind: type[T], given: Mapping[str, Any]) -> T:
    """Make a request, or its group, of options that were given by their flat names.

    None stands for an option that was not given. Raises RequestError.
    """
    return kind(**arguments(kind, given))


def arguments(kind: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that options by their flat names stand for. Raises RequestError."""
    found: dict[str, Any] = {}
    given = {name: value for name, value in given.items() if value is not None}
    for each in declared(kind):
        if isinstance(each, Declared):
            if each.flat in given:
                found[each.name] = given[each.flat]
            continue
        parts = {one.name: given[one.flat] for one in each.options if one.flat in given}
        if parts and each.switch and given.get(each.name) is False:
            names = " and ".join(one.flat for one in each.options if one.name in parts)
            raise RequestError(each.name, f"is false, though {names} is given")
        if parts:
            found[each.name] = _group(each, parts)
        elif each.switch and each.name in given:
            found[each.name] = given[each.name]
    return found


def from_nested(kind: type[T], given: Mapping[str, Any]) -> T:
    """Make a request of its fields as JSON has them: a group is an object. Raises RequestError."""
    groups = {each.name: each for each in declared(kind) if isinstance(each, DeclaredGroup)}
    return kind(
        **{
            name: _group(groups[name], value) if isinstance(value, Mapping) else value
            for name, value in given.items()
        }
    )


def _group(group: DeclaredGroup, parts: Mapping[str, Any]) -> Any:
    for each in group.options:
        if each.default is MISSING and each.name not in parts:
            names = " and ".join(one.flat for one in group.options if one.name in parts)
            raise RequestError(f"{group.name}.{each.name}", f"is missing, though {names} is given")
    return group.kind(**parts)


def _read(
    name: str, annotation: Any, default: Any, undeclared: Option | None
) -> Declared | DeclaredGroup:
    option = undeclared
    if get_origin(annotation) is Annotated:
        annotation, *notes = get_args(annotation)
        option = next((note for note in notes if isinstance(note, Option)), option)
    if option is None:
        raise TypeError(f"{name} has no Option in its annotation")
    parts = _alternatives(annotation)
    optional = type(None) in parts
    kinds = [part for part in parts if part not in (type(None), bool)]
    # One text may stand for a list of one.
    kind: Any = next((part for part in kinds if _is_list(part)), kinds[0] if kinds else bool)
    if isinstance(kind, type) and is_dataclass(kind):
        prefix = "" if option.flat else f"{name}_"
        options = tuple(
            replace(each, flat=prefix + each.name)
            for each in declared(kind)
            if isinstance(each, Declared)
        )
        return DeclaredGroup(
            name=name,
            kind=kind,
            optional=optional,
            switch=bool in parts,
            default=default,
            options=options,
            option=option,
        )
    many = _is_list(kind)
    if many:
        kind = get_args(kind)[0]
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    return Declared(
        name=name,
        flat=name,
        kind=str if choices else kind,
        choices=choices,
        many=many,
        optional=optional,
        default=default,
        option=option,
    )


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) in (tuple, AnySequence)


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, UnionType):
        return get_args(annotation)
    return (annotation,)


def _default(field: Any) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()
