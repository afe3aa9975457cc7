"""Runs: the characters between white space, and a cache of their analysis.

No word contains white space, so the words of a text are those of its runs. Most runs repeat, so
their analysis is remembered, and only the runs that matter need a place in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from itertools import accumulate, compress
from typing import Final, TypeVar

__all__ = ["MAX_LENGTH", "RunCache", "SplitText", "single_spaced"]

V = TypeVar("V")

MAX_LENGTH: Final = 64
"""Most characters of a cached run.

Longer runs, such as encoded data and sentences in Chinese, can have any size and rarely repeat.
"""

_RUN: Final = re.compile(r"\S+")


def single_spaced(text: str) -> str:
    """Return the runs of a text, joined by single spaces."""
    if "  " not in text and text.isprintable():
        return text.strip()  # Of all white space, only the space is printable.
    return " ".join(text.split())


class RunCache(dict[str, V]):
    """A mapping from a run or a word to `make(run)`, cleared when it is full.

    Threads may share a cache: at worst, a result is computed twice.
    """

    def __init__(self, make: Callable[[str], V], size: int) -> None:
        super().__init__()
        self._make = make
        self._size = size

    def __missing__(self, run: str) -> V:
        found = self._make(run)
        if len(run) > MAX_LENGTH:
            return found
        if len(self) >= self._size:
            self.clear()
        self[run] = found
        return found


class SplitText:
    """A text and its runs in their order."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.runs = text.split()
        self._before: list[int] | None = None

    def places(self, wanted: Container[str]) -> list[tuple[int, int]]:
        """Return the position in `runs`, and the start in the text, of each wanted run."""
        if self._before is None:
            self._before = self._shifts()
        shifts = self._before
        found = compress(range(len(self.runs)), map(wanted.__contains__, self.runs))
        return [(at, at + shifts[at]) for at in found]

    def _shifts(self) -> list[int]:
        """Return the start of each run in the text, less its position in `runs`."""
        ends = list(accumulate(map(len, self.runs), initial=0))
        if ends[-1] + max(len(self.runs) - 1, 0) == len(self.text):
            return ends  # All white space is single characters between runs.
        return [match.start() - at for at, match in enumerate(_RUN.finditer(self.text))]
