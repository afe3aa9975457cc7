"""Importing whoosh 2.7.4 without its warnings about invalid escapes on newer Pythons."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["quiet_imports"]


@contextmanager
def quiet_imports() -> Iterator[None]:
    """Hold back SyntaxWarning and DeprecationWarning while a module is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
