"""Declarations of options.

The annotation of a field of a request contains the help and the bounds of the field:

    limit: Annotated[int, Option("Number of hits on the page.", ge=1, le=100)] = 10

A field is one option, or a group of options in a dataclass. `declared` returns the declarations.
Validation, HTTP parameters, the JSON body, OpenAPI and the flags of the command line use these
declarations, so a new option is declared in only one place.

In query parameters and flags, an option has a flat name. The flat name of an option in a group
begins with the name of the group: recency_half_life is `half_life` in the group `recency`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence as AnySequence
from contextlib import contextmanager
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
    "split_choices",
]

T = TypeVar("T")

UNDECLARED: Final = "OPTION"
"""Name of the class attribute with the Option for fields that declare none."""


@dataclass(frozen=True, slots=True)
class Option:
    """The help and bounds of a field, for Python, HTTP and the command line.

    `ge` is the lowest allowed number, `le` the highest. `max_length` is the maximum number of
    characters in a text, `max_items` the maximum number of values in a list. A text must match
    `pattern`; error messages and help show `form`, an example of such a text. `metavar` and `flags`
    (such as -n) are for the command line. If `flat` is True, the flat names of the options in a
    group do not begin with the name of the group: source, not filters_source. If `commas` is True,
    no value contains a comma, so that a query parameter or a flag may list several: "a,b".
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
    commas: bool = False


@dataclass(frozen=True, slots=True)
class Declared:
    """One option.

    `flat` is the flat name of the option. `kind` is the type of the value. If `many` is True, the
    value is a list, and `kind` is the type of each value in the list. `choices` are the allowed
    texts; an empty tuple means that any text is allowed. If `optional` is True, the value may be
    None. `default` is MISSING if a value is required. `group_default` is the value if the option is
    not given, but other options of the group are.
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
    """A field of a request that contains a group of options: the dataclass `kind`.

    If `optional` is True, the field may be None. If `switch` is True, the field may also be a bool:
    true turns the group on with its default values, and false turns the group off.
    """

    name: str
    kind: type
    optional: bool
    switch: bool
    default: Any
    options: tuple[Declared, ...]
    option: Option


def declared(kind: type) -> tuple[Declared | DeclaredGroup, ...]:
    """Return the declarations of a dataclass's fields, in their order."""
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
    """Yield all options by flat names: of all fields, or of the fields in `only`.

    The options in groups are included. If a group may be omitted, its options have the default
    None, and a value of any of them turns the group on. If a group can be a bool, its
    name is also the name of an option, which is a bool with the default None.
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
    """Make a request, or a group, from options by their flat names.

    The value None means that an option is not given. Raises RequestError if an option is not valid.
    The error contains the flat name of the option.
    """
    with _flat_errors(kind):
        return kind(**_arguments(kind, given))


def arguments(kind: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments for a call of `kind`, from options by their flat names.

    Raises RequestError if the options of a group are not valid. The error contains the flat name.
    """
    with _flat_errors(kind):
        return _arguments(kind, given)


def split_choices(values: Any) -> Any:
    """Return the texts between the commas of a text, or of each text of a list."""
    if isinstance(values, str):
        values = [values]
    if not isinstance(values, list | tuple):
        return values
    split = (each.split(",") if isinstance(each, str) else [each] for each in values)
    return [part.strip() if isinstance(part, str) else part for parts in split for part in parts]


@contextmanager
def _flat_errors(kind: type) -> Iterator[None]:
    """Replace names of options in errors by the flat names that the caller used."""
    try:
        yield
    except RequestError as error:
        field, reason = error.field, error.reason
        for group in declared(kind):
            for one in group.options if isinstance(group, DeclaredGroup) else ():
                nested = f"{group.name}.{one.name}"
                field = one.flat if field == nested else field
                reason = reason.replace(nested, one.flat)
        raise RequestError(field, reason) from None


def _arguments(kind: type, given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    given = {name: value for name, value in given.items() if value is not None}
    for each in declared(kind):
        if isinstance(each, Declared):
            if each.flat in given:
                value = given[each.flat]
                found[each.name] = split_choices(value) if each.option.commas else value
            continue
        parts = {one.name: given[one.flat] for one in each.options if one.flat in given}
        if parts and each.switch and given.get(each.name) is False:
            names = " and ".join(f"{each.name}.{name}" for name in parts)
            raise RequestError(each.name, f"is false, but {names} is given; omit one of them")
        if parts:
            found[each.name] = _group(each, parts)
        elif each.switch and each.name in given:
            found[each.name] = given[each.name]
    return found


def from_nested(kind: type[T], given: Mapping[str, Any]) -> T:
    """Make a request from the fields of a JSON object, in which a group is an object.

    Raises RequestError if a field is not valid, or if a required one is missing in a group.
    """
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
            names = " and ".join(f"{group.name}.{name}" for name in parts)
            raise RequestError(f"{group.name}.{each.name}", f"is missing; {names} requires it")
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
    # `str | Sequence[str]` is a list. One text is accepted in place of a list with one value.
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
