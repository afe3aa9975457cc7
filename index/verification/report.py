"""The result of a verification: findings and counts, and its progress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from nutgraf.index.errors import NutgrafError

__all__ = [
    "EXAMPLES",
    "Finding",
    "FindingCollector",
    "OnPart",
    "OnRows",
    "VerificationReport",
    "without_advice",
]

OnRows = Callable[[int], None]
"""A function that is called with the number of rows that are done."""

OnPart = Callable[[str, int, int], None]
"""A function that is called with a part, its rows that are done, and all its rows.

The catalog and the suggestions, which take longest, report their rows. The other parts report only
their start.
"""

EXAMPLES: Final = 3
"""Number of examples listed in each finding."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault: the damaged part of the index, a description, and a remedy."""

    part: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.part}: {self.what}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """The counts of an index and the faults found in it.

    `articles` and `paragraphs` are the numbers of articles and paragraphs as of commit
    `sequence`. `rows` counts all rows up to that commit, including rows of replaced and
    deleted articles. `encoded` counts the paragraphs that were encoded again, to compare
    the results with the stored embeddings. `leftovers` are unused files, which are not a
    fault.
    """

    sequence: int
    articles: int
    paragraphs: int
    rows: int
    encoded: int
    findings: tuple[Finding, ...] = ()
    leftovers: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether there are no findings."""
        return not self.findings


@dataclass(slots=True)
class _Tally:
    count: int = 0
    examples: list[str] = field(default_factory=list)


class FindingCollector:
    """A collector of faults: the same fault in many rows becomes one finding."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str, str], _Tally] = {}

    def add(
        self, part: str, what: str, remedy: str, example: str | None = None, count: int = 1
    ) -> None:
        """Add `count` occurrences of a fault in a part; `example` names one occurrence."""
        tally = self._tallies.setdefault((part, what, remedy), _Tally())
        tally.count += count
        if example is not None and len(tally.examples) < EXAMPLES:
            tally.examples.append(example)

    def __len__(self) -> int:
        return len(self._tallies)

    def all(self) -> tuple[Finding, ...]:
        """Return the findings in the order in which they were first added."""
        return tuple(
            Finding(part, _summary(what, tally), remedy)
            for (part, what, remedy), tally in self._tallies.items()
        )


def without_advice(error: NutgrafError) -> str:
    """Return the message of an error without its advice: a finding has its own remedy."""
    return str(error).rpartition("; ")[0] or str(error)


def _summary(what: str, tally: _Tally) -> str:
    if not tally.examples:
        return what
    others = tally.count - len(tally.examples)
    more = f" and {others:,} more" if others else ""
    return f"{what}: {', '.join(tally.examples)}{more}"
