"""What a verification of an index comes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

__all__ = ["Finding", "FindingCollector", "VerificationReport"]

EXAMPLES: Final = 3
"""Of a thing that is wrong many times, so many are named: enough to look at."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong: in which part of the index, what it is, and what mends it."""

    part: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.part}: {self.what}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """What was counted in an index, and what was found to be wrong with it.

    Articles and paragraphs are those alive at commit `sequence`, `rows` all
    that were given out until then; `encoded` is how many embeddings were made
    again, to be compared. `leftovers` are files that nothing needs: no damage.
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
        """Whether nothing is wrong."""
        return not self.findings


@dataclass(slots=True)
class _Tally:
    count: int = 0
    examples: list[str] = field(default_factory=list)


class FindingCollector:
    """Collects what is wrong: the same thing in many places makes one finding."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str, str], _Tally] = {}

    def add(
        self, part: str, what: str, remedy: str, example: str | None = None, count: int = 1
    ) -> None:
        """Note that `what` is wrong with `part`, `count` times more; `example` is one of them."""
        tally = self._tallies.setdefault((part, what, remedy), _Tally())
        tally.count += count
        if example is not None and len(tally.examples) < EXAMPLES:
            tally.examples.append(example)

    def __len__(self) -> int:
        return len(self._tallies)

    def all(self) -> tuple[Finding, ...]:
        """Return them in the order in which they were first noted."""
        return tuple(
            Finding(part, _summary(what, tally), remedy)
            for (part, what, remedy), tally in self._tallies.items()
        )


def _summary(what: str, tally: _Tally) -> str:
    if not tally.examples:
        return what
    others = tally.count - len(tally.examples)
    more = f" and {others:,} more" if others else ""
    return f"{what}: {', '.join(tally.examples)}{more}"
