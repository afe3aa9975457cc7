"""The nodes that query trees are made of: `whoosh.query`, imported without its warnings."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["query", "quiet_imports"]


@contextmanager
def quiet_imports() -> Iterator[None]:
    """Hold back SyntaxWarning and DeprecationWarning while a module is imported.

    whoosh 2.7.4 has escapes that newer Pythons call invalid.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


with quiet_imports():
    from whoosh import query
