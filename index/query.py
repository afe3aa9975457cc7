"""Query trees: the nodes of `whoosh.query`, imported without its warnings, and their bounds.

search/ builds the trees, the keyword engines run them (index/keywords/reduce.py says what each
node means).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["MAX_PATTERN", "MAX_WILDCARDS", "query", "quiet_imports"]


@contextmanager
def quiet_imports() -> Iterator[None]:
    """Hold back the warnings of whoosh 2.7.4 about invalid escapes while it is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


with quiet_imports():
    from whoosh import query

MAX_PATTERN: Final = 128
"""Characters of a prefix or wildcard; terms have at most half as many."""

MAX_WILDCARDS: Final = 8
"""Stars and question marks in a pattern; tantivy's automata have 1000 states, and each takes 20."""
