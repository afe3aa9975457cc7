"""Query trees: the nodes of `whoosh.query` and the limits on patterns.

search/ builds the trees, and the keyword engines run them.
index/keywords/reduce.py defines the meaning of each node.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["MAX_PATTERN", "MAX_WILDCARDS", "query", "quiet_imports"]


@contextmanager
def quiet_imports() -> Iterator[None]:
    """Suppress the warnings about invalid escapes while whoosh 2.7.4 is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


with quiet_imports():
    from whoosh import query

MAX_PATTERN: Final = 128
"""The longest prefix or wildcard pattern, in characters.

It is twice as long as the longest term (`MAX_TERM`).
"""

MAX_WILDCARDS: Final = 8
"""The highest number of stars and question marks in a pattern.

tantivy converts a pattern to an automaton with at most 1,000 states. Each star
or question mark takes 20 states.
"""
