"""Search requests over HTTP: models of query parameters and of JSON bodies.

The models are generated from the declaration of a request, and the page /docs shows them.
pydantic converts the types and refuses unknown fields. The models describe the limits of
values, but do not check them. The request checks them, so that HTTP, Python and the command
line have the same limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING
from functools import partial
from inspect import cleandoc
from typing import Annotated, Any, Final, Literal, TypeVar

from fastapi import Body, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from nutgraf.api.http.direct import BodyReader, QueryReader
from nutgraf.search.request.declaration import (
    Declared,
    DeclaredGroup,
    arguments,
    declared,
    flat_options,
    from_flat,
    from_nested,
    split_choices,
)

__all__ = ["arguments_from_query", "body_model", "from_body", "from_query", "query_model"]

T = TypeVar("T")

STRICT: Final = ConfigDict(extra="forbid")


def from_query(kind: type[T]) -> QueryReader[T]:
    """Return a FastAPI dependency that reads a `kind` object from query parameters."""
    return _query_reader(kind, (), partial(from_flat, kind))


def arguments_from_query(kind: type, only: Iterable[str]) -> QueryReader[dict[str, Any]]:
    """Return a FastAPI dependency that reads some fields of `kind` from the query.

    The dependency returns a dict of the fields that are named in `only`.
    """
    return _query_reader(kind, tuple(only), partial(arguments, kind))


def from_body(kind: type[T]) -> BodyReader[T]:
    """Return a FastAPI dependency that reads a `kind` object from a JSON body."""
    model = body_model(kind)
    return BodyReader(model, Annotated[model, Body()], partial(from_nested, kind))


def _query_reader(
    kind: type, only: tuple[str, ...], make: Callable[[Mapping[str, Any]], T]
) -> QueryReader[T]:
    model = query_model(kind, only)
    lists = frozenset(each.flat for each in flat_options(kind, only) if each.many)
    return QueryReader(model, Annotated[model, Query()], make, lists)


def query_model(kind: type, only: Iterable[str] = ()) -> type[BaseModel]:
    """Return a model of query parameters. Each option of a group is a parameter."""
    named = {each.flat: (_parameter_type(each), _field(each)) for each in flat_options(kind, only)}
    return _model(f"{kind.__name__}Parameters", kind, named)


def body_model(kind: type) -> type[BaseModel]:
    """Return a model of a JSON body. Each group of options is an object."""
    named: dict[str, Any] = {
        each.name: (
            (_group_type(each), _group_field(each))
            if isinstance(each, DeclaredGroup)
            else (_type(each, or_one=not each.choices), _field(each))
        )
        for each in declared(kind)
    }
    return _model(kind.__name__, kind, named)


def _model(name: str, kind: type, named: dict[str, Any]) -> type[BaseModel]:
    summary = cleandoc(kind.__doc__ or "").partition("\n\n")[0]
    model: type[BaseModel] = create_model(name, __config__=STRICT, __doc__=summary, **named)
    return model


def _parameter_type(each: Declared) -> Any:
    """Return the type of a query parameter. Commas may separate several values."""
    known = _type(each)
    return Annotated[known, BeforeValidator(split_choices)] if each.option.commas else known


def _type(each: Declared, *, or_one: bool = False) -> Any:
    """Return the type of an option, with its limits.

    With `or_one`, a single value is accepted instead of a list.
    """
    option = each.option
    one = _described(
        Literal[each.choices] if each.choices else each.kind,
        minimum=option.ge,
        maximum=option.le,
        maxLength=option.max_length,
        pattern=None if option.pattern is None else f"^(?:{option.pattern.pattern})$",
    )
    if each.many:
        many = _described(list[one], maxItems=option.max_items)  # type: ignore[valid-type]
        return one | many if or_one else many
    return one | None if each.optional else one


def _described(known: Any, **bounds: Any) -> Any:
    extra = {name: bound for name, bound in bounds.items() if bound is not None}
    return Annotated[known, Field(json_schema_extra=extra)] if extra else known


def _field(each: Declared) -> Any:
    default = list(each.default) if each.many and each.default is not MISSING else each.default
    return Field(
        default=... if each.default is MISSING else default,
        description=each.option.help,
        examples=list(each.option.examples) or None,
    )


def _group_type(each: DeclaredGroup) -> Any:
    known: Any = body_model(each.kind)
    if each.switch:
        known = bool | known
    return known | None if each.optional else known


def _group_field(each: DeclaredGroup) -> Any:
    if isinstance(each.default, each.kind):
        return Field(default_factory=body_model(each.kind), description=each.option.help)
    return Field(default=each.default, description=each.option.help)
