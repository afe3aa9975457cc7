"""Lazy exports: public names of a package that are imported on their first use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["lazy_exports"]


def lazy_exports(
    package: str, modules: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the `__getattr__` and the `__dir__` of a package (PEP 562).

    `modules` maps each public name to the module of the package that defines it.
    A module is imported when one of its names is first used, so that commands such
    as --help start fast.
    """

    def __getattr__(name: str) -> Any:  # noqa: N807 - Python requires this name
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{modules[name]}"), name)

    def __dir__() -> list[str]:  # noqa: N807
        return sorted(modules)

    return __getattr__, __dir__
