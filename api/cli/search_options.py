"""Flags of search commands, made from the options that SearchRequest declares."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import MISSING
from inspect import Parameter
from typing import Annotated, Any, Final, Literal

import typer

from nutgraf.search.request.declaration import Declared, Option, flat_options
from nutgraf.search.request.search_request import SearchRequest

__all__ = ["bounds", "with_search_options"]

METAVARS: Final[dict[type, str]] = {int: "NUMBER", float: "NUMBER", str: "TEXT"}

AFTER: Final = "index"
"""The parameter of a command after which the search options are inserted."""


def with_search_options(
    command: Callable[..., None], only: Iterable[str] = (), **defaults: str
) -> Callable[..., None]:
    """Add the flags of search options to a command of typer.

    The command gets the values as `**options`, with names such as recency_half_life.
    `only` names the fields of SearchRequest that have flags. If `only` is empty, all
    fields that have a default have flags. `defaults` maps the name of an option to the default
    that --help shows.
    """
    parameters: list[Parameter] = []
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        if parameter.kind is not Parameter.VAR_KEYWORD:
            parameters.append(parameter)
        if parameter.name == AFTER:
            parameters += (
                _parameter(each, defaults.get(each.flat))
                for each in flat_options(SearchRequest, only)
                if each.default is not MISSING and each.name != "q"
            )
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command


def _parameter(each: Declared, shown_default: str | None) -> Parameter:
    default = None if shown_default is not None or each.many else each.default
    if each.group_default is not None:
        shown_default = str(each.group_default)
    flag = f"--{each.flat.replace('_', '-')}"
    if each.kind is bool and default is not False:
        flag = f"{flag}/--no-{flag.removeprefix('--')}"
    option = typer.Option(
        *each.option.flags,
        flag,
        metavar=None if each.choices and not each.many else _metavar(each),
        help=_help(each),
        show_default=True if shown_default is None else shown_default,
    )
    return Parameter(
        each.flat,
        Parameter.POSITIONAL_OR_KEYWORD,
        default=default,
        annotation=Annotated[_type(each), option],
    )


def _type(each: Declared) -> Any:
    if each.many:
        return list[str] | None  # typer does not support a list of choices.
    known: Any = Literal[each.choices] if each.choices else each.kind
    return known | None


def _metavar(each: Declared) -> str | None:
    return each.option.metavar or METAVARS.get(each.kind)


def _help(each: Declared) -> str:
    notes = [bounds(each.option)]
    if each.many:
        notes += [", ".join(each.choices), "repeatable"]
    limits = "; ".join(note for note in notes if note)
    return f"{each.option.help.removesuffix('.')} ({limits})." if limits else each.option.help


def bounds(option: Option) -> str:
    """Return the accepted values of an option, in words, or "" if all are accepted."""
    if option.form:
        return option.form
    if option.ge is not None and option.le is not None:
        return f"{option.ge} to {option.le:,}"
    if option.ge is not None:
        return f"at least {option.ge}"
    return "" if option.le is None else f"at most {option.le:,}"
